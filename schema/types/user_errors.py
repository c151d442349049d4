"""Errors that a person can correct, as data in the payload."""

from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from db.queries.enrollments import ENROLLMENTS
from domain.refusal import FaultCode
from resolvers.caller import PermissionKey
from schema import enums  # noqa: F401  # declares FaultCode to GraphQL
from schema.admission.cost_directives import ListSize
from schema.relations import reference

if TYPE_CHECKING:
    from schema.types.enrollments import Enrollment

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

    # A caller who may only enroll learns from the code that there is an enrollment, but not which one.
    enrollment = reference(
        Annotated["Enrollment", strawberry.lazy("schema.types.enrollments")] | None,
        ENROLLMENTS,
        by="enrollment_id",
        description="ALREADY_ENROLLED: the enrollment that the patient has in the group. Null for other codes.",
        permission=PermissionKey.GROUP_ENROLLMENTS_VIEW,
    )
