"""The check finds slots that two sessions fill, sessions that left their slot, and an `edited` without a cause."""

from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from db.connections.engine import Database
from db.tables import audit_log, occurrences
from domain.recurrence_input import RecurrenceDraft
from resolvers.commands.groups import update_group_definition
from resolvers.commands.series import generate_occurrences, reconcile_occurrences
from resolvers.commands.sessions import cancel_occurrence, create_occurrence, reopen_occurrence, update_occurrence
from tests.support.clinic import context, make_group, seed
from tests.support.invariants import assert_invariants, changed, history_line, violation_line, violations
from tests.support.lively_clinic import break_by_hand

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 1)


async def sessions_of_a_recurrence(engine: Database) -> tuple[str, list[UUID]]:
    """Return a group that meets daily, and its sessions from 1 to 3 December."""
    await seed(engine)
    group = str((await make_group(engine, recurrence=RecurrenceDraft("FREQ=DAILY", DAY, time(9), ()))).id)
    generated = await generate_occurrences(context(engine), group, DAY, date(2026, 12, 3))
    return group, [session.id for session in generated.sessions]


async def change_with_history(
    engine: Database, session: UUID, action: str, field: str, after: Any, *texts: str | None
) -> None:
    """Change a field of a session with an entry in its history that has the two texts, before and after."""
    at, version = occurrences.c.updated_at, occurrences.c.version
    async with engine.connect() as connection:
        row = (await connection.execute(select(at, version).where(occurrences.c.id == session))).one()
        query = select(audit_log).where(audit_log.c.entity_id == session).limit(1)
        entry = dict((await connection.execute(query)).mappings().one())
    changes = [{"field": field, "before": texts[0], "after": texts[1]}]
    await break_by_hand(
        engine,
        changed(occurrences, session, **{field: after, "version": row.version + 1}),
        insert(audit_log).values({**entry, "id": uuid4(), "action": action, "at": row.updated_at, "changes": changes}),
    )


async def test_a_session_that_left_its_slot_is_found(engine: Database) -> None:
    _, [first, *_] = await sessions_of_a_recurrence(engine)
    day = date(2026, 12, 9)
    await change_with_history(engine, first, "completed", "recurrence_date", day, str(DAY), str(day))
    assert await violations(engine) == {
        violation_line("recurrence_date_never_changes", "recurrence_date", session=first)
    }


async def test_a_session_that_got_a_slot_later_is_found(engine: Database) -> None:
    group, _ = await sessions_of_a_recurrence(engine)
    by_hand = (await create_occurrence(context(engine), group, date(2026, 12, 9), time(9))).id
    await change_with_history(engine, by_hand, "completed", "recurrence_date", date(2026, 12, 9), None, "2026-12-09")
    assert await violations(engine) == {
        violation_line("recurrence_date_never_changes", "recurrence_date", session=by_hand)
    }


async def test_edited_that_no_person_set_is_found(engine: Database) -> None:
    _, [first, *_] = await sessions_of_a_recurrence(engine)
    await change_with_history(engine, first, "completed", "edited", True, None, "true")
    assert await violations(engine) == {violation_line("edited_is_explained", "edited", session=first)}


async def test_edited_that_was_cleared_without_a_slot_is_found(engine: Database) -> None:
    group, _ = await sessions_of_a_recurrence(engine)
    by_hand = (await create_occurrence(context(engine), group, date(2026, 12, 9), time(9))).id
    await update_occurrence(context(engine), str(by_hand), {"location_id": "denver"})
    await change_with_history(engine, by_hand, "updated", "edited", False, "true", None)
    assert violation_line("edited_is_explained", "edited", session=by_hand) in await violations(engine)


async def test_a_reopened_session_that_was_not_edited_is_found(engine: Database) -> None:
    _, [first, *_] = await sessions_of_a_recurrence(engine)
    await change_with_history(engine, first, "reopened", "cancellation_reason", None, None, None)
    assert violation_line("edited_is_explained", "edited", session=first) in await violations(engine)


async def test_edited_is_explained_after_reopening_and_reconciling(engine: Database) -> None:
    ours = context(engine)
    group, [first, second, third] = await sessions_of_a_recurrence(engine)
    await cancel_occurrence(ours, str(first), "snow")
    await reopen_occurrence(ours, str(first))
    await update_occurrence(ours, str(second), {"start_time": time(11)})
    await update_group_definition(
        ours, group, {"recurrence": RecurrenceDraft("FREQ=DAILY", DAY, time(13), (date(2026, 12, 3),))}
    )
    window = (DAY, date(2026, 12, 3))
    reconciled = await reconcile_occurrences(ours, group, *window, "no session on the 3rd", include_edited=True)
    assert {change.occurrence.id for change in reconciled.changes if change.occurrence} == {first, second, third}
    assert not any(change.occurrence and change.occurrence.edited for change in reconciled.changes)
    await assert_invariants(engine)


async def test_a_slot_that_two_live_sessions_fill_is_found(engine: Database) -> None:
    group, [_, second, third] = await sessions_of_a_recurrence(engine)
    await cancel_occurrence(context(engine), str(third), "snow")
    await assert_invariants(engine)
    await break_by_hand(
        engine,
        changed(occurrences, second, recurrence_date=DAY),
        changed(occurrences, third, recurrence_date=DAY),
    )
    assert await violations(engine) == {
        violation_line("slot_filled_once_per_group", "recurrence_date", group=group),
        history_line(occurrences, second, "recurrence_date"),
        history_line(occurrences, third, "recurrence_date"),
    }
