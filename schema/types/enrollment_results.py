"""What a change of many enrollments does to each, as clients see it."""

from collections.abc import Sequence
from typing import Final

import strawberry

from domain import conflicts as calendar_conflicts
from domain import records
from domain.refusal import Fault
from schema.admission.cost_directives import ListSize
from schema.types.conflicts import Conflict
from schema.types.enrollments import Enrollment
from schema.types.user_errors import UserError

_ERRORS: Final = ListSize(assumed_size=3)
"""The cost of the errors of one enrollment. Few things can be wrong with it at once."""
_CONFLICTS: Final = ListSize(assumed_size=10)
"""The cost of the conflicts of one enrollment: mostly those of a weekly session."""


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
    conflicts: tuple[calendar_conflicts.Conflict, ...] = strawberry.field(
        default=(),
        graphql_type=list[Conflict],
        description="The sessions of the group during sessions of the patient's other groups, in 62 days from the"
        " start, or from now. For a patient who waits, as with a seat. Empty for callers who may not view schedules and"
        " enrollments. They are found only if selected.",
        directives=[_CONFLICTS],
    )
    user_errors: tuple[Fault, ...] = strawberry.field(
        default=(),
        graphql_type=list[UserError],
        description="What is wrong with this enrollment. Their fields are paths in the input.",
        directives=[_ERRORS],
    )

    @classmethod
    def of(
        cls, id: str, enrollment: records.Enrollment, conflicts: Sequence[calendar_conflicts.Conflict]
    ) -> "EnrollmentResult":
        """Return the result of an enrollment that was made."""
        return cls(id=strawberry.ID(id), enrollment=enrollment, decision=enrollment, conflicts=tuple(conflicts))
