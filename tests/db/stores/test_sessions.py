"""Sessions are stored, however many, by one statement each for the new ones, the changed ones, and the journal."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.connections.statement_count import start_counting
from db.stores.groups import lock_group
from db.stores.sessions import find_session, save_sessions
from db.transactions.unit_of_work import Actor, UnitOfWork, unit_of_work
from domain.plan import plan_sessions
from domain.reconciliation import additions, carry_out
from domain.records import GroupDefinition, Occurrence
from domain.recurrence import Recurrence
from domain.session_changes import update_change
from domain.sessions import cancel
from tests.support.clinic import OURS, clinic, make_group, seed

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 1)


def work_on(engine: Database) -> AbstractAsyncContextManager[UnitOfWork]:
    return unit_of_work(engine, Actor("user-1", OURS, "request-1"), clinic(engine).clock, uuid7)


async def save_new(engine: Database, group: GroupDefinition, count: int) -> tuple[list[Occurrence], int]:
    """Schedule a number of sessions. Return them, and how many statements stored them."""
    async with work_on(engine) as work:
        assert await lock_group(work, group.id)
        daily = replace(group, recurrence=Recurrence("FREQ=DAILY", DAY, time(9)))
        plan = plan_sessions(daily, (), DAY, DAY + timedelta(days=count - 1))
        decided = carry_out(additions(plan, ()), group.id, work.new_id, None, work.now)
        changes = [change for change in decided if change is not None]
        counted = start_counting()
        await save_sessions(work, changes)
    return [change.after for change in changes], counted.statements


async def cancel_all(engine: Database, group: GroupDefinition, ids: list[UUID]) -> tuple[list[Occurrence], int]:
    """Cancel sessions. Return them, and how many statements stored the change."""
    async with work_on(engine) as work:
        assert await lock_group(work, group.id)
        sessions = [session for id_ in ids if (session := await find_session(work, id_)) is not None]
        changes = [cancel(session, "The site is closed.", work.now) for session in sessions]
        counted = start_counting()
        await save_sessions(work, changes)
    return [change.after for change in changes], counted.statements


async def stored(engine: Database, sessions: list[Occurrence]) -> list[Occurrence | None]:
    async with work_on(engine) as work:
        return [await find_session(work, session.id) for session in sessions]


@pytest.mark.parametrize("count", [1, 2, 300])
async def test_saved_sessions_are_read_as_they_were_decided(engine: Database, count: int) -> None:
    await seed(engine)
    group = await make_group(engine)
    sessions, _ = await save_new(engine, group, count)
    assert await stored(engine, sessions) == sessions
    cancelled, _ = await cancel_all(engine, group, [session.id for session in sessions])
    assert len(cancelled) == count
    assert await stored(engine, cancelled) == cancelled


async def test_the_number_of_sessions_does_not_change_the_statements(engine: Database) -> None:
    await seed(engine)
    few, many = await make_group(engine, name="Few"), await make_group(engine, name="Many")
    (of_few, few_new), (of_many, many_new) = await save_new(engine, few, 2), await save_new(engine, many, 40)
    assert few_new == many_new
    _, few_changed = await cancel_all(engine, few, [session.id for session in of_few])
    _, many_changed = await cancel_all(engine, many, [session.id for session in of_many])
    assert few_changed == many_changed


@pytest.mark.parametrize("shift", [1, -1, 3])
async def test_sessions_may_exchange_their_places(engine: Database, shift: int) -> None:
    await seed(engine)
    group = await make_group(engine)
    sessions, _ = await save_new(engine, group, 20)
    cancelled, moving = sessions[0], sessions[1:]
    moved = [
        replace(session, session_date=place.session_date, version=2)
        for session, place in zip(moving, [*moving[shift:], *moving[:shift]], strict=True)
    ]
    # One of them takes the place of a session that is cancelled in the same change.
    moved[-1] = replace(moved[-1], session_date=cancelled.session_date)
    async with work_on(engine) as work:
        assert await lock_group(work, group.id)
        changes = [update_change(before, after) for before, after in zip(moving, moved, strict=True)]
        changes.append(cancel(cancelled, "The site is closed.", work.now))
        counted = start_counting()
        await save_sessions(work, changes)
        assert counted.statements == 2
    assert await stored(engine, moved) == moved
