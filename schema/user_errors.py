"""Errors that a person can correct, as data in the payload."""

from typing import Final

import strawberry

from domain.refusal import FaultCode, Refusal
from schema import enums  # noqa: F401  # declares FaultCode to GraphQL
from schema.admission.cost_directives import ListSize

USER_ERRORS: Final = ListSize(assumed_size=10)
"""The cost of a list of errors: about as many fields of an input can be wrong at once."""


@strawberry.type(description="One thing wrong with an input, in words for the person who typed it.")
class UserError:
    code: FaultCode = strawberry.field(description="The kind of error, for programs.")
    message: str = strawberry.field(description="What is wrong and what would be right, for people.")
    field: list[str] | None = strawberry.field(
        description='The path to the input field that is wrong, for example ["input", "maxCapacity"].',
        directives=[ListSize(assumed_size=3)],
    )


def user_errors(refusal: Refusal) -> list[UserError]:
    """Return the faults of a refusal, in order."""
    return [
        UserError(code=fault.code, message=fault.message, field=list(fault.field) if fault.field is not None else None)
        for fault in refusal.faults
    ]
