"""What a change of many enrollments does to each, as clients see it."""

from typing import Final

import strawberry

from domain import records
from domain.refusal import Fault
from schema.admission.cost_directives import ListSize
from schema.types.enrollments import Enrollment
from schema.types.user_errors import UserError

_ERRORS: Final = ListSize(assumed_size=3)
"""The cost of the errors of one enrollment. Few things can be wrong with it at once."""


@strawberry.type(description="Whether a patient gets a seat.")
class EnrollmentDecision:
    status: records.EnrollmentStatus = strawberry.field(
        description="ENROLLED if the patient gets a seat, WAITLISTED if not."
    )
    waitlist_position: int | None = strawberry.field(
        description="The position in the waitlist; null if the patient gets a seat."
    )


@strawberry.type(description="What a change of many enrollments does to one of them.")
class EnrollmentResult:
    id: strawberry.ID = strawberry.field(
        description="The id in the input: the patient's, or in a transfer that of the enrollment that ends."
    )
    enrollment: records.Enrollment | None = strawberry.field(
        default=None,
        graphql_type=Enrollment | None,
        description="The patient's new enrollment; null if there is none. The id that it has in a dry run belongs to no"
        " record.",
    )
    decision: records.Enrollment | None = strawberry.field(
        default=None,
        graphql_type=EnrollmentDecision | None,
        description="Whether the patient gets a seat; null if the patient is not enrolled.",
    )
    user_errors: tuple[Fault, ...] = strawberry.field(
        default=(),
        graphql_type=list[UserError],
        description="What is wrong with this enrollment. Their fields are paths in the input.",
        directives=[_ERRORS],
    )

    @classmethod
    def of(cls, id: str, enrollment: records.Enrollment) -> "EnrollmentResult":
        """Return the result of an enrollment that was made."""
        return cls(id=strawberry.ID(id), enrollment=enrollment, decision=enrollment)
