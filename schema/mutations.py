"""The mutations: each passes its input to a command and builds the payload of its result."""

from typing import Annotated

import strawberry

from resolvers.caller import PermissionKey
from resolvers.commands import closures, groups, selected_sessions, series, sessions
from schema import closure_inputs, inputs, payloads, selection_inputs
from schema.calendar_feed_mutations import CalendarFeedMutations
from schema.enrollment_mutations import EnrollmentMutations
from schema.mutation_fields import described, mutation
from schema.permissions import Info


@strawberry.type(
    description="Every change. What a person can correct is returned as userErrors, not as a failed request."
)
class Mutation(EnrollmentMutations, CalendarFeedMutations):
    @mutation(PermissionKey.GROUP_DEFINITIONS_CREATE, "Creates a group.")
    async def create_group_definition(
        self, info: Info, input: Annotated[inputs.CreateGroupDefinitionInput, described("The new group.")]
    ) -> payloads.CreateGroupDefinitionPayload:
        group = await groups.create_group(info.context, input.draft())
        return payloads.CreateGroupDefinitionPayload(group_definition=group)

    @mutation(
        PermissionKey.GROUP_DEFINITIONS_EDIT,
        "Edits a group. A higher capacity seats waiting patients; a lower one disenrolls nobody.",
    )
    async def update_group_definition(
        self, info: Info, input: Annotated[inputs.UpdateGroupDefinitionInput, described("The changes.")]
    ) -> payloads.UpdateGroupDefinitionPayload:
        edited = await groups.update_group_definition(info.context, input.id, input.edits(), input.expected_version)
        return payloads.UpdateGroupDefinitionPayload(
            group_definition=edited.group, promoted=edited.promoted, changed_enrollments=edited.changed
        )

    @mutation(
        PermissionKey.GROUP_DEFINITIONS_DELETE,
        "Deletes a group softly: it leaves the lists and takes no new sessions or enrollments, and nobody is seated"
        " from its waitlist. With cancelSessions, it also needs pm.group_schedule.delete.",
    )
    async def delete_group_definition(
        self, info: Info, input: Annotated[inputs.DeleteGroupDefinitionInput, described("The group.")]
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

    @mutation(
        PermissionKey.GROUP_DEFINITIONS_DELETE,
        "Restores a deleted group, and gives its free seats to waiting patients.",
    )
    async def restore_group_definition(
        self, info: Info, input: Annotated[inputs.RestoreGroupDefinitionInput, described("The group.")]
    ) -> payloads.RestoreGroupDefinitionPayload:
        restored = await groups.restore_group(info.context, input.id, input.expected_version)
        return payloads.RestoreGroupDefinitionPayload(
            group_definition=restored.group, promoted=restored.promoted, changed_enrollments=restored.changed
        )

    @mutation(PermissionKey.GROUP_SCHEDULE_CREATE, "Schedules one session of a group.")
    async def create_occurrence(
        self, info: Info, input: Annotated[inputs.CreateOccurrenceInput, described("The session.")]
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

    @mutation(
        PermissionKey.GROUP_SCHEDULE_CREATE,
        "Schedules the missing sessions of a group's recurrence, all of them or none.",
    )
    async def generate_occurrences(
        self, info: Info, input: Annotated[inputs.GenerateOccurrencesInput, described("The group and the days.")]
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

    @mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Brings the future sessions of a group to its definition, all of them or none. Creating sessions also needs"
        " pm.group_schedule.create, and cancelling pm.group_schedule.delete.",
    )
    async def reconcile_occurrences(
        self, info: Info, input: Annotated[inputs.ReconcileOccurrencesInput, described("The group and the days.")]
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

    @mutation(PermissionKey.GROUP_SCHEDULE_EDIT, "Edits or moves a session that has not been cancelled.")
    async def update_occurrence(
        self, info: Info, input: Annotated[inputs.UpdateOccurrenceInput, described("The changes.")]
    ) -> payloads.UpdateOccurrencePayload:
        session = await sessions.update_occurrence(
            info.context, input.id, input.edits(), input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.UpdateOccurrencePayload(occurrence=session)

    @mutation(PermissionKey.GROUP_SCHEDULE_DELETE, "Cancels a session, once, with a reason.")
    async def cancel_occurrence(
        self, info: Info, input: Annotated[inputs.CancelOccurrenceInput, described("The session and the reason.")]
    ) -> payloads.CancelOccurrencePayload:
        session = await sessions.cancel_occurrence(
            info.context, input.id, input.reason, input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.CancelOccurrencePayload(occurrence=session)

    @mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Edits or moves the selected sessions, all of them or none. They count as edited by hand.",
    )
    async def update_occurrences(
        self,
        info: Info,
        input: Annotated[selection_inputs.UpdateOccurrencesInput, described("The sessions and the changes.")],
    ) -> payloads.OccurrencesPayload:
        changes = await selected_sessions.update_occurrences(
            info.context, input.selection.selection(), input.edit(), dry_run=bool(input.dry_run)
        )
        return payloads.OccurrencesPayload.of(changes)

    @mutation(
        PermissionKey.GROUP_SCHEDULE_DELETE,
        "Cancels the selected sessions, all of them or none, with a reason.",
    )
    async def cancel_occurrences(
        self,
        info: Info,
        input: Annotated[selection_inputs.CancelOccurrencesInput, described("The sessions and the reason.")],
    ) -> payloads.OccurrencesPayload:
        changes = await selected_sessions.cancel_occurrences(
            info.context, input.selection.selection(), input.reason, dry_run=bool(input.dry_run)
        )
        return payloads.OccurrencesPayload.of(changes)

    @mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Schedules a cancelled or completed session again, if no other session has taken its slot.",
    )
    async def reopen_occurrence(
        self, info: Info, input: Annotated[inputs.ReopenOccurrenceInput, described("The session.")]
    ) -> payloads.ReopenOccurrencePayload:
        session = await sessions.reopen_occurrence(
            info.context, input.id, input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.ReopenOccurrencePayload(occurrence=session)

    @mutation(
        PermissionKey.GROUP_SCHEDULE_CREATE,
        "Closes the organization or a location on some days. It cancels no session: affected lists those on the days.",
    )
    async def create_closure(
        self, info: Info, input: Annotated[closure_inputs.CreateClosureInput, described("The new closure.")]
    ) -> payloads.CreateClosurePayload:
        changed = await closures.create_closure(info.context, input.draft(), dry_run=bool(input.dry_run))
        return payloads.CreateClosurePayload(
            closure=changed.closure, affected=changed.affected, affected_count=changed.affected_count
        )

    @mutation(
        PermissionKey.GROUP_SCHEDULE_EDIT,
        "Edits a closure. It cancels no session: affected lists those on its days after the edit.",
    )
    async def update_closure(
        self, info: Info, input: Annotated[closure_inputs.UpdateClosureInput, described("The changes.")]
    ) -> payloads.UpdateClosurePayload:
        changed = await closures.update_closure(
            info.context, input.id, input.edits(), input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.UpdateClosurePayload(
            closure=changed.closure, affected=changed.affected, affected_count=changed.affected_count
        )

    @mutation(PermissionKey.GROUP_SCHEDULE_DELETE, "Deletes a closure. It schedules no session.")
    async def delete_closure(
        self, info: Info, input: Annotated[closure_inputs.DeleteClosureInput, described("The closure.")]
    ) -> payloads.DeleteClosurePayload:
        closure = await closures.delete_closure(
            info.context, input.id, input.expected_version, dry_run=bool(input.dry_run)
        )
        return payloads.DeleteClosurePayload(deleted_id=strawberry.ID(str(closure.id)))
