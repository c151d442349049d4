"""The mutations: each unpacks its input, lets a resolver decide, and tells a refusal as user errors."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import strawberry

from domain.refusal import Refusal
from resolvers.caller import PermissionKey
from resolvers.commands import enrollments, groups, sessions
from resolvers.context import Context
from schema import inputs, payloads
from schema.answered import answering
from schema.permissions import requires
from schema.user_errors import user_errors

Info = strawberry.Info[Context, None]
Decided = TypeVar("Decided")
Payload = TypeVar("Payload")


async def _answer(
    info: Info, decision: Awaitable[Decided], accepted: Callable[[Decided], Payload], payload: Callable[..., Payload]
) -> Payload:
    info.context.answering = answering(info, accepted)
    try:
        return accepted(await decision)
    except Refusal as refusal:
        return payload(user_errors=user_errors(refusal))


def _input(description: str) -> object:
    return strawberry.argument(description=description)


@strawberry.type(
    description="Every change. What a person can mend comes back as userErrors, never as a failed request."
)
class Mutation:
    @strawberry.mutation(
        description="Defines a new group.", extensions=[requires(PermissionKey.GROUP_DEFINITIONS_CREATE)]
    )
    async def create_group_definition(
        self, info: Info, input: Annotated[inputs.CreateGroupDefinitionInput, _input("The new group.")]
    ) -> payloads.CreateGroupDefinitionPayload:
        return await _answer(
            info,
            groups.create_group(info.context, input.draft()),
            lambda group: payloads.CreateGroupDefinitionPayload(group_definition=group),
            payloads.CreateGroupDefinitionPayload,
        )

    @strawberry.mutation(
        description="Edits a group. A higher capacity seats those who wait; a lower one disenrolls nobody.",
        extensions=[requires(PermissionKey.GROUP_DEFINITIONS_EDIT)],
    )
    async def update_group_definition(
        self, info: Info, input: Annotated[inputs.UpdateGroupDefinitionInput, _input("The changes.")]
    ) -> payloads.UpdateGroupDefinitionPayload:
        return await _answer(
            info,
            groups.update_group_definition(info.context, input.id, input.edits(), input.expected_version),
            lambda edited: payloads.UpdateGroupDefinitionPayload(
                group_definition=edited.group, promoted=edited.promoted
            ),
            payloads.UpdateGroupDefinitionPayload,
        )

    @strawberry.mutation(
        description="Deletes a group softly: it leaves the lists and takes no new sessions or enrollments.",
        extensions=[requires(PermissionKey.GROUP_DEFINITIONS_DELETE)],
    )
    async def delete_group_definition(
        self, info: Info, input: Annotated[inputs.DeleteGroupDefinitionInput, _input("The group.")]
    ) -> payloads.DeleteGroupDefinitionPayload:
        return await _answer(
            info,
            groups.delete_group(info.context, input.id, input.expected_version),
            lambda group: payloads.DeleteGroupDefinitionPayload(group_definition=group),
            payloads.DeleteGroupDefinitionPayload,
        )

    @strawberry.mutation(
        description="Schedules one session of a group.", extensions=[requires(PermissionKey.GROUP_SCHEDULE_CREATE)]
    )
    async def create_occurrence(
        self, info: Info, input: Annotated[inputs.CreateOccurrenceInput, _input("The session.")]
    ) -> payloads.CreateOccurrencePayload:
        return await _answer(
            info,
            sessions.create_occurrence(
                info.context,
                input.group_definition_id,
                input.session_date,
                input.start_time,
                input.end_time,
                inputs.given(input, "facilitator_id", "co_facilitator_id", "location_id"),
            ),
            lambda session: payloads.CreateOccurrencePayload(occurrence=session),
            payloads.CreateOccurrencePayload,
        )

    @strawberry.mutation(
        description="Schedules what is missing of a group's recurrence, all of it or nothing.",
        extensions=[requires(PermissionKey.GROUP_SCHEDULE_CREATE)],
    )
    async def generate_occurrences(
        self, info: Info, input: Annotated[inputs.GenerateOccurrencesInput, _input("The group and the days.")]
    ) -> payloads.GenerateOccurrencesPayload:
        return await _answer(
            info,
            sessions.generate_occurrences(info.context, input.group_definition_id, input.from_, input.through),
            lambda generated: payloads.GenerateOccurrencesPayload(
                occurrences=generated.sessions,
                created_count=len(generated.sessions),
                skipped_count=generated.skipped,
            ),
            payloads.GenerateOccurrencesPayload,
        )

    @strawberry.mutation(
        description="Edits or moves a session that has not been cancelled.",
        extensions=[requires(PermissionKey.GROUP_SCHEDULE_EDIT)],
    )
    async def update_occurrence(
        self, info: Info, input: Annotated[inputs.UpdateOccurrenceInput, _input("The changes.")]
    ) -> payloads.UpdateOccurrencePayload:
        return await _answer(
            info,
            sessions.update_occurrence(info.context, input.id, input.edits(), input.expected_version),
            lambda session: payloads.UpdateOccurrencePayload(occurrence=session),
            payloads.UpdateOccurrencePayload,
        )

    @strawberry.mutation(
        description="Cancels a session, for a reason, once.",
        extensions=[requires(PermissionKey.GROUP_SCHEDULE_DELETE)],
    )
    async def cancel_occurrence(
        self, info: Info, input: Annotated[inputs.CancelOccurrenceInput, _input("The session and the reason.")]
    ) -> payloads.CancelOccurrencePayload:
        return await _answer(
            info,
            sessions.cancel_occurrence(info.context, input.id, input.reason, input.expected_version),
            lambda session: payloads.CancelOccurrencePayload(occurrence=session),
            payloads.CancelOccurrencePayload,
        )

    @strawberry.mutation(
        description="Seats a patient in a group, or puts them on its waitlist where it is full.",
        extensions=[requires(PermissionKey.GROUP_ENROLLMENTS_CREATE)],
    )
    async def enroll_patient(
        self, info: Info, input: Annotated[inputs.EnrollPatientInput, _input("The group and the patient.")]
    ) -> payloads.EnrollPatientPayload:
        return await _answer(
            info,
            enrollments.enroll_patient(info.context, input.group_definition_id, input.patient_id),
            lambda enrollment: payloads.EnrollPatientPayload(enrollment=enrollment),
            payloads.EnrollPatientPayload,
        )

    @strawberry.mutation(
        description="Ends an enrollment and seats the first in the waitlist where the group is below its maximum.",
        extensions=[requires(PermissionKey.GROUP_ENROLLMENTS_EDIT)],
    )
    async def disenroll_patient(
        self, info: Info, input: Annotated[inputs.DisenrollPatientInput, _input("The enrollment.")]
    ) -> payloads.DisenrollPatientPayload:
        return await _answer(
            info,
            enrollments.disenroll_patient(info.context, input.enrollment_id, input.reason, input.expected_version),
            lambda ended: payloads.DisenrollPatientPayload(enrollment=ended.enrollment, promoted=ended.promoted),
            payloads.DisenrollPatientPayload,
        )

    @strawberry.mutation(
        description="Seats a waiting patient out of turn.", extensions=[requires(PermissionKey.GROUP_ENROLLMENTS_EDIT)]
    )
    async def promote_enrollment(
        self, info: Info, input: Annotated[inputs.PromoteEnrollmentInput, _input("The enrollment.")]
    ) -> payloads.PromoteEnrollmentPayload:
        return await _answer(
            info,
            enrollments.promote_enrollment(
                info.context, input.enrollment_id, allow_over_capacity=bool(input.allow_over_capacity)
            ),
            lambda enrollment: payloads.PromoteEnrollmentPayload(enrollment=enrollment),
            payloads.PromoteEnrollmentPayload,
        )

    @strawberry.mutation(
        description="Puts a waiting patient at another place in the queue.",
        extensions=[requires(PermissionKey.GROUP_ENROLLMENTS_EDIT)],
    )
    async def move_waitlisted_enrollment(
        self, info: Info, input: Annotated[inputs.MoveWaitlistedEnrollmentInput, _input("The enrollment and place.")]
    ) -> payloads.MoveWaitlistedEnrollmentPayload:
        return await _answer(
            info,
            enrollments.move_waitlisted_enrollment(info.context, input.enrollment_id, input.position),
            lambda enrollment: payloads.MoveWaitlistedEnrollmentPayload(enrollment=enrollment),
            payloads.MoveWaitlistedEnrollmentPayload,
        )

    @strawberry.mutation(
        description="Hides an enrollment made in error, and gives its seat to the first in the waitlist.",
        extensions=[requires(PermissionKey.GROUP_ENROLLMENTS_DELETE)],
    )
    async def remove_enrollment(
        self, info: Info, input: Annotated[inputs.RemoveEnrollmentInput, _input("The enrollment.")]
    ) -> payloads.RemoveEnrollmentPayload:
        return await _answer(
            info,
            enrollments.remove_enrollment(info.context, input.enrollment_id),
            lambda ended: payloads.RemoveEnrollmentPayload(enrollment=ended.enrollment, promoted=ended.promoted),
            payloads.RemoveEnrollmentPayload,
        )
