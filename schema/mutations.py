"""The mutations: each passes its input to a command and builds the payload of its result."""

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

import strawberry

from domain.refusal import Refusal
from resolvers.caller import PermissionKey
from resolvers.commands import closures, enrollments, groups, selected_sessions, series, sessions
from resolvers.ids import PATIENT_IDS
from schema import closure_inputs, inputs, payloads, selection_inputs
from schema.permissions import Info, requires
from schema.selected_names import selected_names

Payload = TypeVar("Payload")
Input = TypeVar("Input")


def _mutation(
    key: PermissionKey, description: str
) -> Callable[[Callable[[Any, Info, Input], Awaitable[Payload]]], Any]:
    """Declare a mutation that needs a permission. A refusal becomes a payload with only its user errors.

    If the payload has an impact and the request selects it, the command measures it. Otherwise it costs nothing.
    """

    def declare(resolve: Callable[[Any, Info, Input], Awaitable[Payload]]) -> Any:
        payload = inspect.get_annotations(resolve)["return"]
        has_impact = "impact" in inspect.get_annotations(payload)

        @wraps(resolve)
        async def refusable(self: Any, info: Info, input: Input) -> Payload:
            context = info.context
            context.root_field, context.impact = str(info.path.key), None
            context.measures_impact = has_impact and "impact" in selected_names(info)
            try:
                resolved = await resolve(self, info, input)
            except Refusal as refusal:
                refused: Payload = payload(user_errors=refusal.faults)
                return refused
            if has_impact:
                resolved.impact = context.impact  # type: ignore[attr-defined]  # `has_impact` means that it has one
            return resolved

        return strawberry.mutation(
            resolver=refusable, graphql_type=payload | None, description=description, extensions=[requires(key)]
        )

    return declare


def _input(description: str) -> object:
    return strawberry.argument(description=description)


@strawberry.type(
    description="Every change. What a person can correct is returned as userErrors, not as a failed request."
)
class Mutation:
    @_mutation(PermissionKey.GROUP_DEFINITIONS_CREATE, "Creates a group.")
    async def create_group_definition(
        self, info: Info, input: Annotated[inputs.CreateGroupDefinitionInput, _input("The new group.")]
    ) -> payloads.CreateGroupDefinitionPayload:
        group = await groups.create_group(info.context, input.draft())
        return payloads.CreateGroupDefinitionPayload(group_definition=group)

    @_mutation(
        PermissionKey.GROUP_DEFINITIONS_EDIT,
        "Edits a group. A higher capacity seats waiting patients; a lower one disenrolls nobody.",
    )
    async def update_group_definition(
        self, info: Info, input: Annotated[inputs.UpdateGroupDefinitionInput, _input("The changes.")]
    ) -> payloads.UpdateGroupDefinitionPayload:
        edited = await groups.update_group_definition(info.context, input.id, input.edits(), input.expected_version)
        return payloads.UpdateGroupDefinitionPayload(
            group_definition=edited.group, promoted=edited.promoted, changed_enrollments=edited.changed
        )

    @_mutation(
        PermissionKey.GROUP_DEFINITIONS_DELETE,
        "Deletes a group softly: it leaves the lists and takes no new sessions or enrollments, and nobody is seated"
        " from its waitlist. With cancelSessions, it also needs pm.group_schedule.delete.",
    )
    async def delete_group_definition(
        self, info: Info, input: Annotated[inputs.DeleteGroupDefinitionInput, _input("The group.")]
    ) -> payloads.DeleteGroupDefinitionPayload:
        if input.cancel_sessions:
            info.context.require(PermissionKey.GROUP_SCHEDULE_DELETE)
        deleted = await groups.delete_group(
            info.context,
            input.id,
            input.expected_version,
            cancel_sessions=bool(input.cancel_sessions),
            cancellation_reason=input.cancellation_reason,
        )
        return payloads.DeleteGroupDefinitionPayload(
            group_definition=deleted.group, cancelled_count=deleted.cancelled_sessions
        )

    @_mutation(
        PermissionKey.GROUP_DEFINITIONS_DELETE,
        "Restores a deleted group, and gives its free seats to waiting patients.",
    )
    async def restore_group_definition(
        self, info: Info, input: Annotated[inputs.RestoreGroupDefinitionInput, _input("The group.")]
    ) -> payloads.RestoreGroupDefinitionPayload:
        restored = await groups.restore_group(info.context, input.id, input.expected_version)
        return payloads.RestoreGroupDefinitionPayload(
            group_definition=restored.group, promoted=restored.promoted, changed_enrollments=restored.changed
        )

    @_mutation(PermissionKey.GROUP_SCHEDULE_CREATE, "Schedules one session of a group.")
    async def create_occurrence(
        self, info: Info, input: Annotated[inputs.CreateOccurrenceInput, _input("The session.")]
    ) -> payloads.CreateOccurrencePayload:
        session = await sessions.create_occurrence(
            info.context,
            input.group_definition_id,
            input.session_date,
            input.start_time,
            input.end_time,
            input.staff_and_place(),
            dry_run=bool(input.dry_run),
        )
        return payloads.CreateOccurrencePayload(occurrence=session)

    @_mutation(
        PermissionKey.GROUP_SCHEDULE_CREATE,
        "Schedules the missing sessions of a group's recurrence, all of them or none.",
    )
    async def generate_occurrences(
        self, info: Info, input: Annotated[inputs.GenerateOccurrencesInput, _input("The group and the days.")]
    ) -> payloads.GenerateOccurrencesPayload:
        generated = await series.generate_occurrences(
            info.context, input.group_definition_id, input.from_, input.through, dry_run=bool(input.dry_run)
        )
        return payloads.GenerateOccurrencesPayload(
            occurrences=generated.sessions,
            created_count=len(generated.sessions),
            skipped_count=generated.skipped,
            closed_dates=generated.closed_dates,
        )

    @_mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Brings the future sessions of a group to its definition, all of them or none. Creating sessions also needs"
        " pm.group_schedule.create, and cancelling pm.group_schedule.delete.",
    )
    async def reconcile_occurrences(
        self, info: Info, input: Annotated[inputs.ReconcileOccurrencesInput, _input("The group and the days.")]
    ) -> payloads.OccurrencesPayload:
        changes = await series.reconcile_occurrences(
            info.context,
            input.group_definition_id,
            input.from_,
            input.through,
            input.cancellation_reason,
            include_edited=bool(input.include_edited),
            dry_run=bool(input.dry_run),
        )
        return payloads.OccurrencesPayload.of(changes)

    @_mutation(PermissionKey.GROUP_SCHEDULE_EDIT, "Edits or moves a session that has not been cancelled.")
    async def update_occurrence(
        self, info: Info, input: Annotated[inputs.UpdateOccurrenceInput, _input("The changes.")]
    ) -> payloads.UpdateOccurrencePayload:
        session = await sessions.update_occurrence(
            info.context, input.id, input.edits(), input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.UpdateOccurrencePayload(occurrence=session)

    @_mutation(PermissionKey.GROUP_SCHEDULE_DELETE, "Cancels a session, once, with a reason.")
    async def cancel_occurrence(
        self, info: Info, input: Annotated[inputs.CancelOccurrenceInput, _input("The session and the reason.")]
    ) -> payloads.CancelOccurrencePayload:
        session = await sessions.cancel_occurrence(
            info.context, input.id, input.reason, input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.CancelOccurrencePayload(occurrence=session)

    @_mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Edits or moves the selected sessions, all of them or none. They count as edited by hand.",
    )
    async def update_occurrences(
        self,
        info: Info,
        input: Annotated[selection_inputs.UpdateOccurrencesInput, _input("The sessions and the changes.")],
    ) -> payloads.OccurrencesPayload:
        changes = await selected_sessions.update_occurrences(
            info.context, input.selection.selection(), input.edit(), dry_run=bool(input.dry_run)
        )
        return payloads.OccurrencesPayload.of(changes)

    @_mutation(
        PermissionKey.GROUP_SCHEDULE_DELETE,
        "Cancels the selected sessions, all of them or none, with a reason.",
    )
    async def cancel_occurrences(
        self,
        info: Info,
        input: Annotated[selection_inputs.CancelOccurrencesInput, _input("The sessions and the reason.")],
    ) -> payloads.OccurrencesPayload:
        changes = await selected_sessions.cancel_occurrences(
            info.context, input.selection.selection(), input.reason, dry_run=bool(input.dry_run)
        )
        return payloads.OccurrencesPayload.of(changes)

    @_mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Schedules a cancelled or completed session again, if no other session has taken its slot.",
    )
    async def reopen_occurrence(
        self, info: Info, input: Annotated[inputs.ReopenOccurrenceInput, _input("The session.")]
    ) -> payloads.ReopenOccurrencePayload:
        session = await sessions.reopen_occurrence(
            info.context, input.id, input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.ReopenOccurrencePayload(occurrence=session)

    @_mutation(
        PermissionKey.GROUP_SCHEDULE_CREATE,
        "Closes the organization or a location on some days. It cancels no session: affected lists those on the days.",
    )
    async def create_closure(
        self, info: Info, input: Annotated[closure_inputs.CreateClosureInput, _input("The new closure.")]
    ) -> payloads.CreateClosurePayload:
        changed = await closures.create_closure(info.context, input.draft(), dry_run=bool(input.dry_run))
        return payloads.CreateClosurePayload(
            closure=changed.closure, affected=changed.affected, affected_count=changed.affected_count
        )

    @_mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Edits a closure. It cancels no session: affected lists those on its days after the edit.",
    )
    async def update_closure(
        self, info: Info, input: Annotated[closure_inputs.UpdateClosureInput, _input("The changes.")]
    ) -> payloads.UpdateClosurePayload:
        changed = await closures.update_closure(
            info.context, input.id, input.edits(), input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.UpdateClosurePayload(
            closure=changed.closure, affected=changed.affected, affected_count=changed.affected_count
        )

    @_mutation(PermissionKey.GROUP_SCHEDULE_DELETE, "Deletes a closure. It schedules no session.")
    async def delete_closure(
        self, info: Info, input: Annotated[closure_inputs.DeleteClosureInput, _input("The closure.")]
    ) -> payloads.DeleteClosurePayload:
        closure = await closures.delete_closure(
            info.context, input.id, input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.DeleteClosurePayload(deleted_id=strawberry.ID(str(closure.id)))

    @_mutation(
        PermissionKey.GROUP_ENROLLMENTS_CREATE,
        "Seats a patient in a group, or puts them on its waitlist if the group is full.",
    )
    async def enroll_patient(
        self, info: Info, input: Annotated[inputs.EnrollPatientInput, _input("The group and the patient.")]
    ) -> payloads.EnrollPatientPayload:
        patient_id = PATIENT_IDS.registry_id(input.patient_id)
        roster = await enrollments.enroll_patient(info.context, input.group_definition_id, patient_id)
        return payloads.EnrollPatientPayload(
            enrollment=roster.enrollment,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @_mutation(
        PermissionKey.GROUP_ENROLLMENTS_EDIT,
        "Ends an enrollment and seats the first in the waitlist if the group is below its maximum.",
    )
    async def disenroll_patient(
        self, info: Info, input: Annotated[inputs.DisenrollPatientInput, _input("The enrollment.")]
    ) -> payloads.DisenrollPatientPayload:
        roster = await enrollments.disenroll_patient(
            info.context, input.enrollment_id, input.reason, input.expected_version
        )
        return payloads.DisenrollPatientPayload(
            enrollment=roster.enrollment,
            promoted=roster.promoted,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @_mutation(PermissionKey.GROUP_ENROLLMENTS_EDIT, "Seats a waiting patient ahead of the queue.")
    async def promote_enrollment(
        self, info: Info, input: Annotated[inputs.PromoteEnrollmentInput, _input("The enrollment.")]
    ) -> payloads.PromoteEnrollmentPayload:
        roster = await enrollments.promote_enrollment(
            info.context, input.enrollment_id, allow_over_capacity=bool(input.allow_over_capacity)
        )
        return payloads.PromoteEnrollmentPayload(
            enrollment=roster.enrollment,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @_mutation(PermissionKey.GROUP_ENROLLMENTS_EDIT, "Moves a waiting patient to another position of the waitlist.")
    async def move_waitlisted_enrollment(
        self, info: Info, input: Annotated[inputs.MoveWaitlistedEnrollmentInput, _input("The enrollment and position.")]
    ) -> payloads.MoveWaitlistedEnrollmentPayload:
        roster = await enrollments.move_waitlisted_enrollment(info.context, input.enrollment_id, input.position)
        return payloads.MoveWaitlistedEnrollmentPayload(
            enrollment=roster.enrollment,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )

    @_mutation(
        PermissionKey.GROUP_ENROLLMENTS_DELETE,
        "Hides an enrollment made in error, and gives its seat to the first in the waitlist.",
    )
    async def remove_enrollment(
        self, info: Info, input: Annotated[inputs.RemoveEnrollmentInput, _input("The enrollment.")]
    ) -> payloads.RemoveEnrollmentPayload:
        roster = await enrollments.remove_enrollment(info.context, input.enrollment_id)
        return payloads.RemoveEnrollmentPayload(
            enrollment=roster.enrollment,
            promoted=roster.promoted,
            group_definition=roster.group,
            changed_enrollments=roster.changed,
        )
