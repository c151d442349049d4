"""The payloads of mutations of enrollments."""

from collections.abc import Sequence
from typing import Final

import strawberry

from domain import records
from domain.refusal import Fault, FieldPath
from domain.transfers import MAX_TRANSFERRED, path_of
from resolvers.commands.transfers import Transferred
from schema.admission.cost_directives import ListSize
from schema.payload_fields import (
    changed_enrollments_field,
    enrollment_field,
    promoted_field,
    roster_group_field,
    user_errors_field,
)
from schema.types.enrollment_results import EnrollmentResult

_MANY: Final = ListSize(assumed_size=MAX_TRANSFERRED)


@strawberry.type(description="The payload of enrollPatient.")
class EnrollPatientPayload:
    enrollment: records.Enrollment | None = enrollment_field(
        "The enrollment, seated or waiting; null if it was refused."
    )
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of disenrollPatient.")
class DisenrollPatientPayload:
    enrollment: records.Enrollment | None = enrollment_field("The ended enrollment; null if the change was refused.")
    promoted: tuple[records.Enrollment, ...] = promoted_field()
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of promoteEnrollment.")
class PromoteEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field(
        "The enrollment, now seated; null if the change was refused."
    )
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of moveWaitlistedEnrollment.")
class MoveWaitlistedEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field(
        "The enrollment at its new position; null if the change was refused."
    )
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of removeEnrollment.")
class RemoveEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field("The removed enrollment; null if the change was refused.")
    promoted: tuple[records.Enrollment, ...] = promoted_field()
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of reinstateEnrollment.")
class ReinstateEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field("The enrollment; null if the change was refused.")
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of transferEnrollments. All enrollments are transferred, or none.")
class TransferEnrollmentsPayload:
    results: tuple[EnrollmentResult, ...] = strawberry.field(
        default=(),
        graphql_type=list[EnrollmentResult],
        directives=[_MANY],
        description="What happens to each enrollment of the input, in its order. If the transfer was refused, none has"
        " changed, and those that stand in its way have errors.",
    )
    promoted: tuple[records.Enrollment, ...] = promoted_field(MAX_TRANSFERRED)
    user_errors: tuple[Fault, ...] = user_errors_field(_MANY)

    @classmethod
    def of(cls, ids: Sequence[str], transferred: Transferred) -> "TransferEnrollmentsPayload":
        """Return the payload of a transfer. `ids` are the enrollments that ended."""
        results = map(EnrollmentResult.of, ids, transferred.entered)
        return cls(results=tuple(results), promoted=transferred.promoted)

    @classmethod
    def refused(cls, ids: Sequence[str], faults: Sequence[Fault]) -> "TransferEnrollmentsPayload":
        """Return the payload of a refused transfer, with the faults of each enrollment at its result."""
        if len(ids) > MAX_TRANSFERRED:
            return cls(user_errors=tuple(faults))
        by_path: dict[FieldPath | None, list[Fault]] = {}
        for fault in faults:
            by_path.setdefault(fault.field, []).append(fault)
        results = (
            EnrollmentResult(id=strawberry.ID(text), user_errors=tuple(by_path.get(path_of(index), ())))
            for index, text in enumerate(ids)
        )
        return cls(results=tuple(results), user_errors=tuple(faults))
