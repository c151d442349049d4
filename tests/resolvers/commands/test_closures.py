"""Closures as commands store them, and the sessions that they name."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from db.connections.engine import Database
from db.queries.closures import DayWindow, closures_of_windows
from db.stores import closures as store
from db.stores.closures import load_closures
from db.tables import closures, locations
from db.transactions.snapshots import snapshot
from db.transactions.unit_of_work import Actor, unit_of_work
from domain.closures import MAX_DAYS, ClosureDraft, closed_days
from domain.records import Location, OccurrenceStatus
from domain.refusal import Refusal
from resolvers.commands.closures import create_closure, delete_closure, update_closure
from tests.support.clinic import NOW, OURS, THEIRS, clinic, context, everything, seed
from tests.support.clinic_rows import add_group, add_sessions
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 24)
PHOENIX = Location("phoenix", "Phoenix", "Room 1", "America/Phoenix", True)
DENVER = Location("denver", "Denver", None, "America/Denver", True)


def draft(**values: Any) -> ClosureDraft:
    return replace(ClosureDraft("Holiday", DAY, DAY + timedelta(days=1), None), **values)


async def add_room(engine: Database, id_: str, site: str, organization: str = OURS) -> None:
    row = {"organization_id": organization, "id": id_, "site": site, "room": id_, "time_zone": "America/Denver"}
    async with engine.begin() as connection:
        await connection.execute(insert(locations).values(**row, search_text=""))


async def test_a_closure_is_stored_with_its_history_and_without_events(engine: Database) -> None:
    await seed(engine)
    ours = context(engine)
    created = (await create_closure(ours, draft(location_id="denver"))).closure
    edited = (await update_closure(ours, str(created.id), {"name": "Flood", "location_id": None}, 1)).closure
    same = (await update_closure(ours, str(created.id), {"name": "Flood"})).closure
    deleted = await delete_closure(ours, str(created.id), 2)
    assert edited == same == replace(created, name="Flood", location_id=None, version=2)
    assert deleted == replace(edited, version=3, deleted_at=NOW)
    async with engine.connect() as connection:
        [row] = (await connection.execute(select(closures))).mappings()
    assert dict(row) == {name: getattr(deleted, name) for name in row if name != "organization_id"} | {
        "organization_id": OURS
    }
    state = await everything(engine)
    assert (state.actions(), state.events) == (["created", "updated", "deleted"], [])
    await assert_invariants(engine)


async def test_a_deleted_or_foreign_closure_is_unknown(engine: Database) -> None:
    await seed(engine)
    deleted = await delete_closure(context(engine), str((await create_closure(context(engine), draft())).closure.id))
    theirs = (await create_closure(context(engine, THEIRS), draft())).closure
    for unknown in (str(deleted.id), str(theirs.id), "nonsense", ""):
        for attempt in (
            update_closure(context(engine), unknown, {"name": "x"}),
            delete_closure(context(engine), unknown),
        ):
            with pytest.raises(Refusal, match="NOT_FOUND"):
                await attempt


async def test_affected_are_the_scheduled_sessions_at_the_closed_places(engine: Database) -> None:
    await seed(engine)
    await seed(engine, THEIRS)
    await add_room(engine, "attic", "Denver")
    group = await add_group(engine, "Group")
    others = await add_group(engine, "Others", THEIRS)
    await add_sessions(engine, others, [DAY], THEIRS, location_id="denver")
    at: dict[str | None, Any] = {}
    for hour, place in enumerate(("phoenix", "denver", "attic", None), start=9):
        days = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
        at[place] = (await add_sessions(engine, group, days, location_id=place, start_time=time(hour)))[1:3]
        ended: dict[str, Any] = {"start_time": time(hour + 5), "location_id": place}
        await add_sessions(engine, group, [DAY], status="COMPLETED", **ended)
        ended |= {"status": "CANCELLED", "cancelled_at": NOW, "cancellation_reason": "snow"}
        await add_sessions(engine, group, [DAY], **ended)
    for place, expected in (
        (None, ["phoenix", "denver", "attic", None]),
        ("denver", ["denver", "attic"]),
        ("attic", ["attic"]),
        ("phoenix", ["phoenix"]),
    ):
        changed = await create_closure(context(engine), draft(location_id=place))
        in_order = [at[name][number] for number in (0, 1) for name in expected]
        assert [session.id for session in changed.affected] == in_order
        assert changed.affected_count == len(in_order)
        assert {session.status for session in changed.affected} == {OccurrenceStatus.SCHEDULED}


async def test_all_affected_sessions_are_counted(engine: Database) -> None:
    await seed(engine)
    group = await add_group(engine, "Group")
    days = [DAY + timedelta(days=number) for number in range(store.AFFECTED_LIMIT // 4 + 1)]
    for hour in (9, 10, 11, 12):
        await add_sessions(engine, group, days, location_id="phoenix", start_time=time(hour))
    for place in (None, "phoenix"):
        changed = await create_closure(context(engine), draft(through_date=days[-1], location_id=place))
        assert (len(changed.affected), changed.affected_count) == (store.AFFECTED_LIMIT, 4 * len(days))


async def test_the_closures_of_a_window_are_those_with_a_day_in_it(engine: Database) -> None:
    await seed(engine)
    ours = context(engine)
    await create_closure(context(engine, THEIRS), draft())
    await delete_closure(ours, str((await create_closure(ours, draft())).closure.id))
    before, inside, longest, place, after = [
        (await create_closure(ours, draft(from_date=first, through_date=last, location_id=location_id))).closure
        for first, last, location_id in (
            (DAY - timedelta(days=9), DAY - timedelta(days=1), None),
            (DAY + timedelta(days=1), DAY + timedelta(days=1), None),
            (DAY - timedelta(days=MAX_DAYS - 1), DAY, "denver"),
            (DAY + timedelta(days=2), DAY + timedelta(days=9), "phoenix"),
            (DAY + timedelta(days=3), DAY + timedelta(days=3), None),
        )
    ]
    last = DAY + timedelta(days=2)
    actor = Actor("user-1", OURS, "request-1")
    async with unit_of_work(engine, actor, lambda: NOW, clinic(engine).new_id) as work:
        loaded = await load_closures(work, DAY, last)
    assert [placed.closure for placed in loaded] == [longest, inside, place]
    assert [placed.location for placed in loaded] == [DENVER, None, PHOENIX]
    assert closed_days(loaded, PHOENIX, DAY, last) == {inside.from_date: [inside], last: [place]}
    windows = [DayWindow(DAY, last), DayWindow(before.from_date, before.through_date), DayWindow(last, after.from_date)]
    async with snapshot(engine, OURS) as reading:
        by_window = await closures_of_windows(reading, windows)
    assert [[placed.closure for placed in by_window[window]] for window in windows] == [
        [longest, inside, place],
        [longest, before],
        [place, after],
    ]
