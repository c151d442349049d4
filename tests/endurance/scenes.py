"""For each mutation, a place where it is accepted and where much follows from it."""

from collections.abc import Awaitable, Callable
from datetime import date, time
from uuid import uuid4

from db.connections.engine import Database
from domain.groups import RecurrenceDraft
from resolvers.commands.enrollments import enroll_patient
from resolvers.commands.sessions import create_occurrence
from tests.endurance import mutations
from tests.endurance.mutations import Kind, Mutation, mutation
from tests.support.clinic import context, make_group


async def scene(engine: Database, kind: Kind, organization: str) -> Mutation:
    """Makes what a mutation of this kind needs, in an organization that is seeded, and gives the mutation."""
    return await _SCENES[kind](engine, kind, organization)


async def _group(engine: Database, organization: str) -> str:
    recurrence = RecurrenceDraft("FREQ=DAILY", date(2026, 12, 1), time(9), ())
    return str((await make_group(engine, organization, max_capacity=1, recurrence=recurrence)).id)


async def _session(engine: Database, organization: str) -> str:
    group_id = await _group(engine, organization)
    session = await create_occurrence(context(engine, organization), group_id, date(2026, 12, 1), time(9))
    return str(session.id)


async def _queue(engine: Database, organization: str) -> tuple[str, list[str]]:
    """A group of one seat: patient-1 has it, patient-2 and patient-3 wait."""
    group_id = await _group(engine, organization)
    ours = context(engine, organization)
    return group_id, [str((await enroll_patient(ours, group_id, f"patient-{n}")).id) for n in (1, 2, 3)]


async def _create_group(_engine: Database, kind: Kind, _organization: str) -> Mutation:
    return mutation(
        kind,
        name=f"Group {uuid4().hex}",
        groupType="SKILLS_TRAINING",
        facilitatorId="staff-1",
        maxCapacity=3,
        durationMinutes=60,
    )


async def _update_group(engine: Database, kind: Kind, organization: str) -> Mutation:
    group_id, _ = await _queue(engine, organization)
    return mutation(kind, id=group_id, name="A larger group", maxCapacity=2)


async def _delete_group(engine: Database, kind: Kind, organization: str) -> Mutation:
    return mutation(kind, id=await _group(engine, organization))


async def _create_session(engine: Database, kind: Kind, organization: str) -> Mutation:
    group_id = await _group(engine, organization)
    return mutation(kind, groupDefinitionId=group_id, sessionDate="2026-12-02", startTime="10:00:00")


async def _generate(engine: Database, kind: Kind, organization: str) -> Mutation:
    group_id = await _group(engine, organization)
    return mutation(kind, groupDefinitionId=group_id, **{"from": "2026-12-01", "through": "2026-12-05"})


async def _update_session(engine: Database, kind: Kind, organization: str) -> Mutation:
    return mutation(kind, id=await _session(engine, organization), startTime="13:00:00")


async def _cancel_session(engine: Database, kind: Kind, organization: str) -> Mutation:
    return mutation(kind, id=await _session(engine, organization), reason="snow")


async def _enroll(engine: Database, kind: Kind, organization: str) -> Mutation:
    group_id, _ = await _queue(engine, organization)
    return mutation(kind, groupDefinitionId=group_id, patientId="patient-4")


async def _leave(engine: Database, kind: Kind, organization: str) -> Mutation:
    _, placed = await _queue(engine, organization)
    return mutation(kind, enrollmentId=placed[0])


async def _promote(engine: Database, kind: Kind, organization: str) -> Mutation:
    _, placed = await _queue(engine, organization)
    return mutation(kind, enrollmentId=placed[1], allowOverCapacity=True)


async def _move(engine: Database, kind: Kind, organization: str) -> Mutation:
    _, placed = await _queue(engine, organization)
    return mutation(kind, enrollmentId=placed[2], position=1)


_SCENES: dict[Kind, Callable[[Database, Kind, str], Awaitable[Mutation]]] = {
    mutations.CREATE_GROUP: _create_group,
    mutations.UPDATE_GROUP: _update_group,
    mutations.DELETE_GROUP: _delete_group,
    mutations.CREATE_SESSION: _create_session,
    mutations.GENERATE: _generate,
    mutations.UPDATE_SESSION: _update_session,
    mutations.CANCEL_SESSION: _cancel_session,
    mutations.ENROLL: _enroll,
    mutations.DISENROLL: _leave,
    mutations.PROMOTE: _promote,
    mutations.MOVE: _move,
    mutations.REMOVE: _leave,
}
