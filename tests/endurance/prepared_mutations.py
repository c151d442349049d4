"""Prepares, for each mutation, data in which it is accepted and has many consequences."""

from collections.abc import Awaitable, Callable
from datetime import date, time
from uuid import uuid4

from db.connections.engine import Database
from domain.closures import ClosureDraft
from domain.recurrence_input import RecurrenceDraft
from resolvers.commands.closures import create_closure
from resolvers.commands.enrollments import disenroll_patient, enroll_patient
from resolvers.commands.groups import delete_group, update_group_definition
from resolvers.commands.series import generate_occurrences
from resolvers.commands.sessions import cancel_occurrence, create_occurrence
from tests.endurance import mutations
from tests.endurance.mutations import MutationType, SentMutation, mutation
from tests.support.clinic import context, make_group


async def prepare_mutation(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    """Create the records that a mutation needs in a seeded organization, and return the mutation."""
    return await _PREPARE[type_](engine, type_, organization)


async def _group(engine: Database, organization: str) -> str:
    recurrence = RecurrenceDraft("FREQ=DAILY", date(2026, 12, 1), time(9), ())
    return str((await make_group(engine, organization, max_capacity=1, recurrence=recurrence)).id)


async def _session(engine: Database, organization: str) -> str:
    group_id = await _group(engine, organization)
    session = await create_occurrence(context(engine, organization), group_id, date(2026, 12, 1), time(9))
    return str(session.id)


async def _full_group(engine: Database, organization: str) -> tuple[str, list[str]]:
    """Return a group with one seat. patient-1 is enrolled, patient-2 and patient-3 wait."""
    group_id = await _group(engine, organization)
    caller_context = context(engine, organization)
    return group_id, [
        str((await enroll_patient(caller_context, group_id, f"patient-{n}")).enrollment.id) for n in (1, 2, 3)
    ]


async def _create_group(_engine: Database, type_: MutationType, _organization: str) -> SentMutation:
    return mutation(
        type_,
        name=f"Group {uuid4().hex}",
        groupType="SKILLS_TRAINING",
        facilitatorId="staff-1",
        maxCapacity=3,
        durationMinutes=60,
    )


async def _update_group(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    group_id, _ = await _full_group(engine, organization)
    return mutation(type_, id=group_id, name="A larger group", maxCapacity=2)


async def _delete_group(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    group_id = await _group(engine, organization)
    for day in (1, 2, 3):
        await create_occurrence(context(engine, organization), group_id, date(2099, 12, day), time(9))
    return mutation(type_, id=group_id, cancelSessions=True, cancellationReason="the group has ended")


async def _restore_group(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    group_id, enrollments = await _full_group(engine, organization)
    caller_context = context(engine, organization)
    await delete_group(caller_context, group_id)
    await disenroll_patient(caller_context, enrollments[0])
    return mutation(type_, id=group_id)


async def _create_session(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    group_id = await _group(engine, organization)
    return mutation(type_, groupDefinitionId=group_id, sessionDate="2026-12-02", startTime="10:00:00")


async def _generate(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    group_id = await _group(engine, organization)
    return mutation(type_, groupDefinitionId=group_id, **{"from": "2026-12-01", "through": "2026-12-05"})


async def _update_session(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    return mutation(type_, id=await _session(engine, organization), startTime="13:00:00")


async def _cancel_session(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    return mutation(type_, id=await _session(engine, organization), reason="snow")


async def _reopen_session(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    session = await _session(engine, organization)
    await cancel_occurrence(context(engine, organization), session, "snow")
    return mutation(type_, id=session)


async def _reconcile(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    """Prepare a group of which one session is to be created, one to be cancelled, and three to be moved."""
    group_id, caller_context = await _group(engine, organization), context(engine, organization)
    await generate_occurrences(caller_context, group_id, date(2099, 12, 1), date(2099, 12, 4))
    later = RecurrenceDraft("FREQ=DAILY", date(2026, 12, 1), time(13), (date(2099, 12, 2),))
    await update_group_definition(caller_context, group_id, {"recurrence": later})
    window = {"from": "2099-12-01", "through": "2099-12-05"}
    return mutation(type_, groupDefinitionId=group_id, cancellationReason="a holiday", **window)


async def _two_sessions(engine: Database, organization: str) -> list[str]:
    """Return sessions of two groups."""
    return [await _session(engine, organization) for _ in range(2)]


async def _update_sessions(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    ids = await _two_sessions(engine, organization)
    return mutation(type_, selection={"ids": ids}, shiftDays=1, startTime="13:00:00")


async def _cancel_sessions(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    return mutation(type_, selection={"ids": await _two_sessions(engine, organization)}, reason="flood")


async def _closure(engine: Database, organization: str) -> str:
    draft = ClosureDraft("Holiday", date(2026, 12, 1), date(2026, 12, 1), None)
    return str((await create_closure(context(engine, organization), draft)).closure.id)


async def _create_closure(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    await _session(engine, organization)
    return mutation(type_, name="Flood", locationId="denver", **{"from": "2026-12-01", "through": "2026-12-05"})


async def _update_closure(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    return mutation(type_, id=await _closure(engine, organization), through="2026-12-05")


async def _delete_closure(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    return mutation(type_, id=await _closure(engine, organization))


async def _enroll(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    group_id, _ = await _full_group(engine, organization)
    return mutation(type_, groupDefinitionId=group_id, patientId="patient-4")


async def _leave(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    _, enrollments = await _full_group(engine, organization)
    return mutation(type_, enrollmentId=enrollments[0])


async def _promote(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    _, enrollments = await _full_group(engine, organization)
    return mutation(type_, enrollmentId=enrollments[1], allowOverCapacity=True)


async def _move(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    _, enrollments = await _full_group(engine, organization)
    return mutation(type_, enrollmentId=enrollments[2], position=1)


async def _enroll_many(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    group_id, _ = await _full_group(engine, organization)
    return mutation(type_, groupDefinitionId=group_id, patientIds=["patient-4", "patient-5"])


async def _edit_stay(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    _, enrollments = await _full_group(engine, organization)
    return mutation(type_, enrollmentId=enrollments[0], endDate="2099-12-01")


async def _transfer(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    """Prepare a transfer of a seated and a waiting patient, of whom one gets a seat in the other group."""
    _, enrollments = await _full_group(engine, organization)
    return mutation(type_, enrollmentIds=enrollments[:2], toGroupDefinitionId=await _group(engine, organization))


async def _reinstate(engine: Database, type_: MutationType, organization: str) -> SentMutation:
    """Prepare an enrollment whose seat another patient has got since."""
    _, enrollments = await _full_group(engine, organization)
    await disenroll_patient(context(engine, organization), enrollments[0])
    return mutation(type_, enrollmentId=enrollments[0])


_PREPARE: dict[MutationType, Callable[[Database, MutationType, str], Awaitable[SentMutation]]] = {
    mutations.CREATE_GROUP: _create_group,
    mutations.UPDATE_GROUP: _update_group,
    mutations.DELETE_GROUP: _delete_group,
    mutations.RESTORE_GROUP: _restore_group,
    mutations.CREATE_SESSION: _create_session,
    mutations.GENERATE: _generate,
    mutations.UPDATE_SESSION: _update_session,
    mutations.CANCEL_SESSION: _cancel_session,
    mutations.REOPEN_SESSION: _reopen_session,
    mutations.RECONCILE: _reconcile,
    mutations.UPDATE_SESSIONS: _update_sessions,
    mutations.CANCEL_SESSIONS: _cancel_sessions,
    mutations.CREATE_CLOSURE: _create_closure,
    mutations.UPDATE_CLOSURE: _update_closure,
    mutations.DELETE_CLOSURE: _delete_closure,
    mutations.ENROLL: _enroll,
    mutations.DISENROLL: _leave,
    mutations.PROMOTE: _promote,
    mutations.MOVE: _move,
    mutations.REMOVE: _leave,
    mutations.ENROLL_MANY: _enroll_many,
    mutations.EDIT_STAY: _edit_stay,
    mutations.TRANSFER: _transfer,
    mutations.REINSTATE: _reinstate,
}
