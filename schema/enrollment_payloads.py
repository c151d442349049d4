"""The payloads of mutations of enrollments."""

from collections.abc import Sequence
from typing import Final

import strawberry

from domain import conflicts as calendar_conflicts
from domain import records
from domain.intake import MAX_PATIENTS
from domain.refusal import Fault, FieldPath
from domain.transfers import MAX_TRANSFERRED, path_of
from resolvers.commands.intake import EnrolledPatients
from resolvers.commands.transfers import Transferred
from resolvers.ids import PATIENT_IDS
from schema.admission.cost_directives import ListSize
from schema.payload_fields import (
    changed_enrollments_field,
    enrollment_field,
    promoted_field,
    roster_group_field,
    user_errors_field,
)
from schema.types.conflicts import Conflict
from schema.types.enrollment_results import EnrollmentDecision, EnrollmentResult

_MANY: Final = ListSize(assumed_size=MAX_TRANSFERRED)


def _id_of_patient(text: str) -> str:
    """Return the id of the type Patient for an id in the input, which may lack the prefix or be of another type."""
    registry_id = PATIENT_IDS.registry_id(text)
    return f"{PATIENT_IDS.prefix}{registry_id}" if registry_id else text


@strawberry.type(description="The payload of enrollPatient.")
class EnrollPatientPayload:
    enrollment: records.Enrollment | None = enrollment_field(
        "The enrollment, seated or waiting; null if it was refused."
    )
    group_definition: records.GroupDefinition | None = roster_group_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    decision: records.Enrollment | None = strawberry.field(
        default=None,
        graphql_type=EnrollmentDecision | None,
        description="Whether the patient gets a seat; null if it was refused.",
    )
    conflicts: tuple[calendar_conflicts.Conflict, ...] = strawberry.field(
        default=(),
        graphql_type=list[Conflict],
        directives=[ListSize(assumed_size=50)],
        description="The sessions of the group during sessions of the patient's other groups, in 62 days from the"
        " start, or from now. For a patient who waits, as with a seat. Empty for callers who may not view schedules and"
        " enrollments. They are found only if selected.",
    )
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of enrollPatients.")
class EnrollPatientsPayload:
    results: tuple[EnrollmentResult, ...] = strawberry.field(
        default=(),
        graphql_type=list[EnrollmentResult],
        directives=[ListSize(assumed_size=MAX_PATIENTS)],
        description="What happens to each patient, in the order of the input. Empty if all was refused.",
    )
    user_errors: tuple[Fault, ...] = user_errors_field()

    @classmethod
    def of(cls, ids: Sequence[str], enrolled: EnrolledPatients) -> "EnrollPatientsPayload":
        """Return the payload of enrolled patients. `ids` are their ids in the input."""
        return cls(
            results=tuple(
                EnrollmentResult(
                    id=strawberry.ID(_id_of_patient(id_)),
                    enrollment=result.enrollment,
                    decision=result.enrollment,
                    conflicts=result.conflicts,
                    user_errors=result.faults,
                )
                for id_, result in zip(ids, enrolled.results, strict=True)
            )
        )


@strawberry.type(description="The payload of updateEnrollment.")
class UpdateEnrollmentPayload:
    enrollment: records.Enrollment | None = enrollment_field("The edited enrollment; null if the edit was refused.")
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
        results = tuple(
            EnrollmentResult.of(id_, enrollment, transferred.conflicts.get(enrollment.patient_id, ()))
            for id_, enrollment in zip(ids, transferred.entered, strict=True)
        )
        return cls(results=results, promoted=transferred.promoted)

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
