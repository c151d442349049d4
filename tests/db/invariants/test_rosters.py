"""The check finds violations in rosters and in references."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from db.connections.engine import Database
from db.tables import (
    closures,
    enrollments,
    group_definitions,
    locations,
    occurrences,
    outbox,
    patients,
    staff_members,
)
from tests.support.clinic import NOW, THEIRS
from tests.support.invariants import changed, history_line, violation_line, violations
from tests.support.lively_clinic import LONG_AGO, break_by_hand, lively_clinic

pytestmark = pytest.mark.anyio


async def test_a_free_seat_while_a_patient_waits_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, max_capacity=3))
    assert await violations(engine) == {
        violation_line("nobody_waits_for_a_free_seat", group=clinic.full),
        history_line(group_definitions, clinic.full, "max_capacity"),
    }


@pytest.mark.parametrize(
    ("active", "found"), [([], []), (["patient-5"], ["nobody_waits_for_a_free_seat"])], ids=["nobody", "the last"]
)
async def test_only_inactive_patients_may_wait_while_a_seat_is_free(
    engine: Database, active: list[str], found: list[str]
) -> None:
    clinic = await lively_clinic(engine)
    others = patients.c.id.in_({"patient-3", "patient-4", "patient-5"} - {*active})
    await break_by_hand(
        engine,
        changed(group_definitions, clinic.full, max_capacity=3),
        update(patients).where(others).values(active=False),
    )
    assert await violations(engine) == {
        *(violation_line(invariant, group=clinic.full) for invariant in found),
        history_line(group_definitions, clinic.full, "max_capacity"),
    }


async def test_patients_of_a_deleted_group_may_wait_while_a_seat_is_free(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, max_capacity=9, deleted_at=NOW))
    assert await violations(engine) == {history_line(group_definitions, clinic.full, "deleted_at,max_capacity")}


async def test_a_restored_group_whose_waitlist_is_not_settled_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.deleted, deleted_at=None))
    assert await violations(engine) == {
        violation_line("nobody_waits_for_a_free_seat", group=clinic.deleted),
        history_line(group_definitions, clinic.deleted, "deleted_at"),
    }


@pytest.mark.parametrize(
    ("places", "wrong"),
    [
        ({0: 4}, {0}),  # 4, 2, 3
        ({2: 2}, {2}),  # 1, 2, 2
        ({2: 5}, {2}),  # 1, 2, 5
        ({0: 2, 1: 3, 2: 4}, {0, 1, 2}),
    ],
)
async def test_waitlist_positions_that_are_not_1_to_n_are_found(
    engine: Database, places: dict[int, int], wrong: set[int]
) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine, *(changed(enrollments, clinic.waiting[n], waitlist_position=place) for n, place in places.items())
    )
    assert await violations(engine) == {
        violation_line("positions_are_1_to_n", group=clinic.full),
        *(history_line(enrollments, clinic.waiting[n], "waitlist_position") for n in wrong),
    }


async def test_a_patient_who_is_twice_in_a_group_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(enrollments, clinic.waiting[0], patient_id="patient-1"))
    assert await violations(engine) == {
        violation_line("active_once_per_patient_and_group", group=clinic.full, patient="patient-1"),
        history_line(enrollments, clinic.waiting[0], "patient_id"),
    }


async def test_a_group_over_capacity_without_a_reason_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, max_capacity=1))
    assert await violations(engine) == {
        violation_line("over_capacity_is_explained", group=clinic.full),
        history_line(group_definitions, clinic.full, "max_capacity"),
    }


async def test_a_group_over_capacity_beyond_its_reasons_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    # Three patients in one seat are explained: one seat was removed, and one patient was promoted over capacity.
    await break_by_hand(
        engine,
        update(enrollments)
        .where(enrollments.c.group_definition_id == clinic.over, enrollments.c.status == "WAITLISTED")
        .values(status="ENROLLED", waitlist_position=None, enrolled_at=LONG_AGO),
    )
    assert violation_line("over_capacity_is_explained", group=clinic.over) in await violations(engine)


async def test_a_reference_into_another_organization_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    theirs = {"organization_id": THEIRS, "id": "theirs", "search_text": "theirs"}
    async with engine.connect() as connection:
        their_group = await connection.scalar(
            select(group_definitions.c.id).where(group_definitions.c.organization_id == THEIRS)
        )
        event = await connection.scalar(select(outbox.c.id).where(_events_of(clinic.cancelled)).limit(1))
    assert event is not None
    staff_and_place = {"facilitator_id": "theirs", "co_facilitator_id": "theirs", "location_id": "theirs"}
    in_group = {"group_definition_id": their_group}
    await break_by_hand(
        engine,
        insert(staff_members).values(**theirs, display_name="Theirs", active=True),
        insert(locations).values(**theirs, site="Theirs", time_zone="America/Denver"),
        insert(patients).values(**theirs, display_name="Theirs", medical_record_number="1", active=True),
        changed(group_definitions, clinic.full, **staff_and_place),
        changed(occurrences, clinic.session, **staff_and_place, **in_group),
        changed(enrollments, clinic.seated[0], patient_id="theirs", **in_group),
        changed(outbox, event, **in_group),
        changed(closures, clinic.closure, location_id="theirs"),
    )
    assert {line for line in await violations(engine) if line.startswith("within")} == {
        *(violation_line("within_one_organization", column, group=clinic.full) for column in staff_and_place),
        *(
            violation_line("within_one_organization", column, session=clinic.session)
            for column in staff_and_place | in_group
        ),
        violation_line("within_one_organization", "patient_id", enrollment=clinic.seated[0]),
        violation_line("within_one_organization", "group_definition_id", event=event),
        violation_line("within_one_organization", "location_id", closure=clinic.closure),
        violation_line("within_one_organization", "group_definition_id", enrollment=clinic.seated[0]),
    }


def _events_of(session: UUID) -> Any:
    return outbox.c.envelope["payload"]["schedule_id"].as_string() == str(session)
