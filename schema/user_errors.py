"""What a person can mend, as data."""

from typing import Final

import strawberry

from domain.refusal import FaultCode, Refusal
from schema import enums  # noqa: F401  # declares FaultCode to GraphQL
from schema.admission.cost_directives import ListSize

USER_ERRORS: Final = ListSize(assumed_size=10)
"""What a list of errors costs: an input has about so many fields that can be wrong at once."""


@strawberry.type(description="One thing wrong with an input, told so that the person who typed it can mend it.")
class UserError:
    code: FaultCode = strawberry.field(description="The kind of error, for programs.")
    message: str = strawberry.field(description="What is wrong and what would be right, for people.")
    field: list[str] | None = strawberry.field(
        description='The path into the input that it concerns, for example ["input", "maxCapacity"].',
        directives=[ListSize(assumed_size=3)],
    )


def user_errors(refusal: Refusal) -> list[UserError]:
    """Return a refusal's faults, in their order."""
    return [
        UserError(code=fault.code, message=fault.message, field=list(fault.field) if fault.field is not None else None)
        for fault in refusal.faults
    ]
