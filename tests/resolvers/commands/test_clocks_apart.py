"""Servers with different clocks: a later change never has an earlier time."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest

from db.connections.engine import Database
from resolvers.commands.enrollments import (
    disenroll_patient,
    enroll_patient,
    move_waitlisted_enrollment,
    remove_enrollment,
)
from resolvers.commands.groups import create_group, delete_group, restore_group, update_group_definition
from resolvers.commands.sessions import cancel_occurrence, complete_occurrence, create_occurrence, update_occurrence
from resolvers.context import Context
from tests.support.clinic import NOW, caller, clinic, draft, everything, seed
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

AHEAD = NOW + timedelta(minutes=10)


def server(engine: Database, now: datetime) -> Context:
    return Context(clinic(engine, now), caller(), "request-1")


async def assert_in_order(engine: Database) -> None:
    """Assert that the times of history and events never decrease in the order in which they are read."""
    state = await everything(engine)
    for rows, column in ((state.history, "at"), (state.events, "created_at")):
        times = [row[column] for row in rows]
        assert all(before <= after for before, after in pairwise(times)), times
    await assert_invariants(engine)


async def test_a_promotion_is_never_before_the_start_of_the_wait(engine: Database) -> None:
    await seed(engine)
    ahead, behind = server(engine, AHEAD), server(engine, NOW)
    group = str((await create_group(behind, draft(max_capacity=1))).id)
    seated, _ = [(await enroll_patient(ahead, group, f"patient-{n}")).enrollment for n in (1, 2)]
    ended = await disenroll_patient(behind, str(seated.id))
    [promoted] = ended.promoted
    assert promoted.waitlisted_at is not None
    assert promoted.promoted_at is not None
    assert promoted.waitlisted_at <= promoted.promoted_at
    assert ended.enrollment.disenrolled_at is not None
    assert ended.enrollment.disenrolled_at >= seated.created_at
    await assert_in_order(engine)


async def test_a_server_behind_writes_times_after_the_group_s_last_change(engine: Database) -> None:
    await seed(engine)
    ahead, behind = server(engine, AHEAD), server(engine, NOW)
    group = str((await create_group(ahead, draft(max_capacity=1))).id)
    await update_group_definition(behind, group, {"name": "Other"})
    enrolled = [
        (await enroll_patient(context, group, f"patient-{n}")).enrollment
        for n, context in enumerate([ahead, behind, ahead], start=1)
    ]
    session = await create_occurrence(behind, group, NOW.date(), time(9))
    # Neither a session's location nor a position in the waitlist is an event, but both change the group's last time.
    await update_occurrence(ahead, str(session.id), {"location_id": "denver"})
    await move_waitlisted_enrollment(behind, str(enrolled[2].id), 1)
    await complete_occurrence(ahead, str(session.id))
    second = await create_occurrence(behind, group, date(2026, 12, 2), time(9))
    await cancel_occurrence(behind, str(second.id), "snow")
    await remove_enrollment(behind, str(enrolled[0].id))
    deleted = (await delete_group(behind, group)).group
    assert deleted.deleted_at is not None
    assert deleted.deleted_at >= AHEAD
    restored = (await restore_group(behind, group)).group
    assert restored.updated_at >= AHEAD
    await assert_in_order(engine)


async def test_the_clock_is_read_again_once_the_group_is_locked(engine: Database) -> None:
    await seed(engine)
    group = str((await create_group(server(engine, NOW), draft())).id)
    times = iter([NOW, AHEAD])  # when the transaction begins, and when it has the lock
    waiting = Context(replace(clinic(engine), clock=lambda: next(times)), caller(), "request-1")
    assert (await enroll_patient(waiting, group, "patient-1")).enrollment.created_at == AHEAD


async def test_a_server_s_own_time_is_used_if_no_change_is_later(engine: Database) -> None:
    await seed(engine)
    group = str((await create_group(server(engine, NOW), draft())).id)
    assert (await enroll_patient(server(engine, AHEAD), group, "patient-1")).enrollment.created_at == AHEAD
    other = str((await create_group(server(engine, NOW), draft())).id)
    assert (await enroll_patient(server(engine, NOW), other, "patient-1")).enrollment.created_at == NOW
