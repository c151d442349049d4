"""The check finds sessions that fill one slot of a recurrence together."""

from datetime import date, time

import pytest

from db.connections.engine import Database
from db.tables import occurrences
from domain.recurrence_input import RecurrenceDraft
from resolvers.commands.series import generate_occurrences
from resolvers.commands.sessions import cancel_occurrence
from tests.support.clinic import context, make_group, seed
from tests.support.invariants import assert_invariants, changed, history_line, violation_line, violations
from tests.support.lively_clinic import break_by_hand

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 1)


async def test_a_slot_that_two_live_sessions_fill_is_found(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=RecurrenceDraft("FREQ=DAILY", DAY, time(9), ()))
    generated = await generate_occurrences(context(engine), str(group.id), DAY, date(2026, 12, 3))
    first, second, third = generated.sessions
    await cancel_occurrence(context(engine), str(third.id), "snow")
    await assert_invariants(engine)
    await break_by_hand(
        engine,
        changed(occurrences, second.id, recurrence_date=first.recurrence_date),
        changed(occurrences, third.id, recurrence_date=first.recurrence_date),
    )
    assert await violations(engine) == {
        violation_line("slot_filled_once_per_group", "recurrence_date", group=group.id),
        history_line(occurrences, second.id, "recurrence_date"),
        history_line(occurrences, third.id, "recurrence_date"),
    }
