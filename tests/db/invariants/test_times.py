"""The check finds times that run backwards, and unknown time zones."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from db.connections.engine import Database
from db.tables import (
    closures,
    enrollments,
    group_definitions,
    locations,
    occurrences,
    outbox,
)
from tests.support.clinic import NOW, OURS
from tests.support.invariants import changed, violation_line, violations
from tests.support.lively_clinic import LONG_AGO, break_by_hand, lively_clinic

pytestmark = pytest.mark.anyio


async def test_an_unknown_time_zone_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine,
        update(locations).where(locations.c.id == "denver", locations.c.organization_id == OURS).values(time_zone="MT"),
        changed(group_definitions, clinic.full, time_zone="Mars/Olympus"),
        changed(occurrences, clinic.session, time_zone="Mars/Olympus"),
    )
    assert {line for line in await violations(engine) if line.startswith("time_zones")} == {
        violation_line("time_zones_exist", "time_zone", location="denver"),
        violation_line("time_zones_exist", "time_zone", group=clinic.full),
        violation_line("time_zones_exist", "time_zone", session=clinic.session),
    }


async def test_times_that_run_backwards_are_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    later = NOW + timedelta(days=1)
    await break_by_hand(
        engine,
        changed(enrollments, clinic.seated[0], created_at=later),
        changed(enrollments, clinic.waiting[0], waitlisted_at=later),
        changed(occurrences, clinic.cancelled, cancelled_at=LONG_AGO),
        changed(group_definitions, clinic.over, created_at=later),
        changed(closures, clinic.closure, created_at=later),
    )
    assert {line for line in await violations(engine) if line.startswith("times_run_forward")} == {
        violation_line("times_run_forward", "created_at,updated_at", closure=clinic.closure),
        violation_line("times_run_forward", "created_at,enrolled_at", enrollment=clinic.seated[0]),
        violation_line("times_run_forward", "created_at,updated_at", enrollment=clinic.seated[0]),
        violation_line("times_run_forward", "waitlisted_at,updated_at", enrollment=clinic.waiting[0]),
        violation_line("times_run_forward", "created_at,cancelled_at", session=clinic.cancelled),
        violation_line("times_run_forward", "created_at,updated_at", group=clinic.over),
    }


async def test_a_change_later_than_changed_at_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, changed_at=LONG_AGO))
    lines = {line for line in await violations(engine) if line.startswith("times_run_forward")}
    assert violation_line("times_run_forward", "updated_at,changed_at", group=clinic.full) in lines


async def test_events_with_backward_times_are_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    async with engine.connect() as connection:
        of_group = select(outbox.c.id).where(outbox.c.group_definition_id == clinic.full).order_by(outbox.c.sequence)
        first, second, *_ = (await connection.scalars(of_group)).all()
    await break_by_hand(engine, changed(outbox, first, created_at=NOW + timedelta(days=1)))
    assert violation_line("times_run_forward", "created_at", event=second) in await violations(engine)
