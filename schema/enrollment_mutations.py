"""The mutations of enrollments: a part of the type Mutation."""

from typing import Annotated

import strawberry
from graphql import GraphQLError

from domain.refusal import Refusal
from domain.stays import Stay
from resolvers.caller import PermissionKey
from resolvers.commands import enrollments, intake, transfers
from resolvers.ids import PATIENT_IDS
from schema import enrollment_inputs as inputs
from schema import enrollment_payloads as payloads
from schema.mutation_fields import described, mutation
from schema.permissions import Info
from schema.selected_names import selected_names


def _selects_conflicts(info: Info, *path: str) -> bool:
    try:
        return "conflicts" in selected_names(info, *path)
    except GraphQLError:
        # A null condition of @skip or @include. It is reported when the payload is completed, and undoes no change.
        return False


@strawberry.type
class EnrollmentMutations:
    @mutation(
        PermissionKey.GROUP_ENROLLMENTS_CREATE,
        "Seats a patient in a group, or puts them on its waitlist if the group is full.",
    )
    async def enroll_patient(
        self, info: Info, input: Annotated[inputs.EnrollPatientInput, described("The group and the patient.")]
    ) -> payloads.EnrollPatientPayload:
        patient_id = PATIENT_IDS.registry_id(input.patient_id)
        roster = await enrollments.enroll_patient(
            info.context,
            input.group_definition_id,
            patient_id,
            Stay(input.start_date, input.end_date),
            dry_run=bool(input.dry_run),
            with_conflicts=_selects_conflicts(info),
        )
        return payloads.EnrollPatientPayload(
            enrollment=roster.enrollment,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
            decision=roster.enrollment,
            conflicts=roster.conflicts,
        )

    @mutation(
        PermissionKey.GROUP_ENROLLMENTS_CREATE,
        "Enrolls patients in a group, in order, each as if alone. The errors of one stop no other.",
    )
    async def enroll_patients(
        self, info: Info, input: Annotated[inputs.EnrollPatientsInput, described("The group and the patients.")]
    ) -> payloads.EnrollPatientsPayload:
        ids = [PATIENT_IDS.registry_id(id_) for id_ in input.patient_ids]
        enrolled = await intake.enroll_patients(
            info.context,
            input.group_definition_id,
            ids,
            Stay(input.start_date, input.end_date),
            dry_run=bool(input.dry_run),
            with_conflicts=_selects_conflicts(info, "results"),
        )
        return payloads.EnrollPatientsPayload.of(input.patient_ids, enrolled)

    @mutation(
        PermissionKey.GROUP_ENROLLMENTS_EDIT,
        "Edits the first and the last day on which a patient is expected. Nobody gains or loses a seat.",
    )
    async def update_enrollment(
        self, info: Info, input: Annotated[inputs.UpdateEnrollmentInput, described("The changes.")]
    ) -> payloads.UpdateEnrollmentPayload:
        roster = await enrollments.update_enrollment(
            info.context, input.enrollment_id, input.edits(), input.expected_version
        )
        return payloads.UpdateEnrollmentPayload(enrollment=roster.enrollment)

    @mutation(
        PermissionKey.GROUP_ENROLLMENTS_EDIT,
        "Ends an enrollment and seats the first in the waitlist if the group is below its maximum.",
    )
    async def disenroll_patient(
        self, info: Info, input: Annotated[inputs.DisenrollPatientInput, described("The enrollment.")]
    ) -> payloads.DisenrollPatientPayload:
        roster = await enrollments.disenroll_patient(
            info.context, input.enrollment_id, input.reason, input.expected_version, input.end_date
        )
        return payloads.DisenrollPatientPayload(
            enrollment=roster.enrollment,
            promoted=roster.promoted,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @mutation(PermissionKey.GROUP_ENROLLMENTS_EDIT, "Seats a waiting patient ahead of the queue.")
    async def promote_enrollment(
        self, info: Info, input: Annotated[inputs.PromoteEnrollmentInput, described("The enrollment.")]
    ) -> payloads.PromoteEnrollmentPayload:
        roster = await enrollments.promote_enrollment(
            info.context, input.enrollment_id, allow_over_capacity=bool(input.allow_over_capacity)
        )
        return payloads.PromoteEnrollmentPayload(
            enrollment=roster.enrollment,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @mutation(PermissionKey.GROUP_ENROLLMENTS_EDIT, "Moves a waiting patient to another position of the waitlist.")
    async def move_waitlisted_enrollment(
        self,
        info: Info,
        input: Annotated[inputs.MoveWaitlistedEnrollmentInput, described("The enrollment and position.")],
    ) -> payloads.MoveWaitlistedEnrollmentPayload:
        roster = await enrollments.move_waitlisted_enrollment(info.context, input.enrollment_id, input.position)
        return payloads.MoveWaitlistedEnrollmentPayload(
            enrollment=roster.enrollment,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @mutation(
        PermissionKey.GROUP_ENROLLMENTS_DELETE,
        "Hides an enrollment made in error, and gives its seat to the first in the waitlist.",
    )
    async def remove_enrollment(
        self, info: Info, input: Annotated[inputs.RemoveEnrollmentInput, described("The enrollment.")]
    ) -> payloads.RemoveEnrollmentPayload:
        roster = await enrollments.remove_enrollment(info.context, input.enrollment_id)
        return payloads.RemoveEnrollmentPayload(
            enrollment=roster.enrollment,
            promoted=roster.promoted,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @mutation(
        PermissionKey.GROUP_ENROLLMENTS_EDIT,
        "Transfers patients to another group, all of them or none, and gives their seats to the first in the waitlists."
        " It also needs pm.group_enrollments.create.",
    )
    async def transfer_enrollments(
        self, info: Info, input: Annotated[inputs.TransferEnrollmentsInput, described("The enrollments and the group.")]
    ) -> payloads.TransferEnrollmentsPayload:
        info.context.require(PermissionKey.GROUP_ENROLLMENTS_CREATE)
        try:
            transferred = await transfers.transfer_enrollments(
                info.context,
                input.enrollment_ids,
                input.to_group_definition_id,
                input.reason,
                input.start_date,
                dry_run=bool(input.dry_run),
                with_conflicts=_selects_conflicts(info, "results"),
            )
        except Refusal as refusal:
            return payloads.TransferEnrollmentsPayload.refused(input.enrollment_ids, refusal.faults)
        return payloads.TransferEnrollmentsPayload.of(input.enrollment_ids, transferred)

    @mutation(
        PermissionKey.GROUP_ENROLLMENTS_EDIT,
        "Undoes the disenrollment or the removal of an enrollment: the same record, with a free seat, or first in the"
        " waitlist. An enrollment that had ended before it was removed is ended again.",
    )
    async def reinstate_enrollment(
        self, info: Info, input: Annotated[inputs.ReinstateEnrollmentInput, described("The enrollment.")]
    ) -> payloads.ReinstateEnrollmentPayload:
        roster = await enrollments.reinstate_enrollment(
            info.context, input.enrollment_id, allow_over_capacity=bool(input.allow_over_capacity)
        )
        return payloads.ReinstateEnrollmentPayload(
            enrollment=roster.enrollment, group_definition=roster.group, changed_enrollments=roster.changed
        )
