"""The check of the invariants finds whatever is broken by hand, names it, and is silent about what the API does."""

import io
import re
from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, update

from db.connections.engine import Database, create_engine
from db.migrations.schema_version import current_revision
from db.tables import (
    audit_log,
    enrollments,
    group_definitions,
    locations,
    occurrences,
    outbox,
    patients,
    staff_members,
)
from domain.changes import EntityType
from server.cli.check import check_database
from server.runtime.command_error import CommandError
from tests.support.clinic import NOW, OURS, THEIRS
from tests.support.databases import operator_of
from tests.support.invariants import assert_invariants, changed, told, violations
from tests.support.lively_clinic import LONG_AGO, break_by_hand, lively_clinic

pytestmark = pytest.mark.anyio


def history_of(table: Any, record: UUID, fields: str) -> str:
    names = {group_definitions: "group", occurrences: "session", enrollments: "enrollment"}
    return told("history_explains_records", fields, OURS, **{names[table]: record})


async def test_nothing_that_the_api_does_breaks_an_invariant(engine: Database) -> None:
    await lively_clinic(engine)
    checked = await assert_invariants(engine)
    assert checked.organizations == 2
    assert checked.records == {
        EntityType.GROUP_DEFINITION: 4,
        EntityType.OCCURRENCE: 4,
        EntityType.ENROLLMENT: 14,
    }
    async with engine.connect() as connection:
        entries = len((await connection.execute(select(audit_log.c.id))).all())
        events = len((await connection.execute(select(outbox.c.id))).all())
    assert (checked.history, checked.events) == (entries, events)


async def test_a_check_may_be_narrowed_to_an_organization(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, duration_minutes=9))
    assert await violations(engine, OURS) == {history_of(group_definitions, clinic.full, "duration_minutes")}
    assert await violations(engine, THEIRS) == set()


async def test_a_free_seat_while_someone_waits_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, max_capacity=3))
    assert await violations(engine) == {
        told("nobody_waits_for_a_free_seat", group=clinic.full),
        history_of(group_definitions, clinic.full, "max_capacity"),
    }


async def test_a_free_seat_in_a_deleted_group_is_found_too(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, max_capacity=9, deleted_at=LONG_AGO))
    assert told("nobody_waits_for_a_free_seat", group=clinic.full) in await violations(engine)


@pytest.mark.parametrize(
    ("places", "wrong"),
    [
        ({0: 4}, {0}),  # 4, 2, 3
        ({2: 2}, {2}),  # 1, 2, 2
        ({2: 5}, {2}),  # 1, 2, 5
        ({0: 2, 1: 3, 2: 4}, {0, 1, 2}),
    ],
)
async def test_a_queue_that_is_not_1_to_n_is_found(engine: Database, places: dict[int, int], wrong: set[int]) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine, *(changed(enrollments, clinic.waiting[n], waitlist_position=place) for n, place in places.items())
    )
    assert await violations(engine) == {
        told("positions_are_1_to_n", group=clinic.full),
        *(history_of(enrollments, clinic.waiting[n], "waitlist_position") for n in wrong),
    }


async def test_a_patient_who_is_twice_in_a_group_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(enrollments, clinic.waiting[0], patient_id="patient-1"))
    assert await violations(engine) == {
        told("active_once_per_patient_and_group", group=clinic.full, patient="patient-1"),
        history_of(enrollments, clinic.waiting[0], "patient_id"),
    }


async def test_a_group_over_its_maximum_without_a_reason_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, max_capacity=1))
    assert await violations(engine) == {
        told("over_capacity_is_explained", group=clinic.full),
        history_of(group_definitions, clinic.full, "max_capacity"),
    }


async def test_a_group_further_over_than_its_reasons_reach_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    # Three in one seat are explained: one seat was taken away, and one patient seated over.
    await break_by_hand(
        engine,
        update(enrollments)
        .where(enrollments.c.group_definition_id == clinic.over, enrollments.c.status == "WAITLISTED")
        .values(status="ENROLLED", waitlist_position=None, enrolled_at=LONG_AGO),
    )
    assert told("over_capacity_is_explained", group=clinic.over) in await violations(engine)


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": "Other", "search_text": "other", "recurrence_excluded_dates": []}, "name,recurrence_excluded_dates"),
        ({"created_at": LONG_AGO, "updated_at": LONG_AGO}, "created_at,updated_at"),
        ({"deleted_at": NOW, "version": 1}, "version,deleted_at"),
        ({"version": 3}, "version"),
    ],
)
async def test_a_group_that_changed_without_history_is_found(
    engine: Database, values: dict[str, Any], fields: str
) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.over, **values))
    assert await violations(engine) == {history_of(group_definitions, clinic.over, fields)}


async def test_a_session_and_an_enrollment_that_changed_without_history_are_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine,
        changed(occurrences, clinic.session, end_time=time(18), version=5),
        changed(enrollments, clinic.seated[0], disenrollment_reason="none", version=2),
    )
    assert await violations(engine) == {
        history_of(occurrences, clinic.session, "version,end_time"),
        history_of(enrollments, clinic.seated[0], "version,disenrollment_reason"),
    }


async def test_an_entry_that_is_lost_or_rewritten_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    of = audit_log.c.entity_id
    await break_by_hand(
        engine,
        delete(audit_log).where(of == clinic.over, audit_log.c.action == "updated"),
        delete(audit_log).where(of == clinic.seated[0]),
        update(audit_log)
        .where(of == clinic.session, audit_log.c.action == "scheduled")
        .values(changes=[{"field": "facilitator_id", "before": None, "after": "staff-9"}]),
    )
    found = await violations(engine)
    assert told("over_capacity_is_explained", group=clinic.over) in found
    assert history_of(group_definitions, clinic.over, "updated_at,version,max_capacity,name") not in found
    assert history_of(group_definitions, clinic.over, "version,max_capacity,name") in found
    assert any(
        re.fullmatch(
            rf"history_explains_records .*enrollment={clinic.seated[0]} fields=created_at,updated_at,version.*", line
        )
        for line in found
    )
    assert told("events_follow_history", "pm_group_patient_enrolled", enrollment=clinic.seated[0]) in found
    assert any(f"session={clinic.session} fields=" in line and "facilitator_id" in line for line in found)


@pytest.mark.parametrize("table", [group_definitions, occurrences, enrollments])
async def test_history_of_a_record_that_is_gone_is_found(engine: Database, table: Any) -> None:
    clinic = await lively_clinic(engine)
    gone = {group_definitions: clinic.over, occurrences: clinic.session, enrollments: clinic.waiting[2]}[table]
    await break_by_hand(engine, delete(table).where(table.c.id == gone))
    assert history_of(table, gone, "record") in await violations(engine)


async def test_a_time_zone_that_does_not_exist_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine,
        update(locations).where(locations.c.id == "denver", locations.c.organization_id == OURS).values(time_zone="MT"),
        changed(group_definitions, clinic.full, time_zone="Mars/Olympus"),
        changed(occurrences, clinic.session, time_zone="Mars/Olympus"),
    )
    assert {line for line in await violations(engine) if line.startswith("time_zones")} == {
        told("time_zones_exist", "time_zone", location="denver"),
        told("time_zones_exist", "time_zone", group=clinic.full),
        told("time_zones_exist", "time_zone", session=clinic.session),
    }


async def test_inactive_patients_on_rosters_are_a_notice_and_no_violation(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    gone = ("patient-2", "patient-4")  # one has a seat in the full group and in the other, one waits for both
    async with engine.begin() as connection:
        await connection.execute(update(patients).where(patients.c.id.in_(gone)).values(active=False))
    out = io.StringIO()
    await check_database(operator_of(engine), out, organization_id=OURS)
    lines = [line for line in out.getvalue().splitlines() if "indexes_not_checked" not in line]
    expected = {
        told("notice inactive_patient_is_seated", group=clinic.full, enrollment=clinic.seated[1], patient="patient-2"),
        told("notice inactive_patient_waits", group=clinic.full, enrollment=clinic.waiting[1], patient="patient-4"),
    }
    assert expected < set(lines)
    *notices, holds, counted = lines
    assert len(notices) == 4
    assert all(" patient=patient-2" in line or " patient=patient-4" in line for line in notices)
    assert holds.startswith("All invariants hold.")
    assert counted == "Inactive patients with a seat or a waitlist place, which they keep: 4."


async def test_times_that_run_backwards_are_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    later = NOW + timedelta(days=1)
    await break_by_hand(
        engine,
        changed(enrollments, clinic.seated[0], created_at=later),
        changed(enrollments, clinic.waiting[0], waitlisted_at=later),
        changed(occurrences, clinic.cancelled, cancelled_at=LONG_AGO),
        changed(group_definitions, clinic.over, created_at=later),
    )
    assert {line for line in await violations(engine) if line.startswith("times_run_forward")} == {
        told("times_run_forward", "created_at,enrolled_at", enrollment=clinic.seated[0]),
        told("times_run_forward", "created_at,updated_at", enrollment=clinic.seated[0]),
        told("times_run_forward", "waitlisted_at,updated_at", enrollment=clinic.waiting[0]),
        told("times_run_forward", "created_at,cancelled_at", session=clinic.cancelled),
        told("times_run_forward", "created_at,updated_at", group=clinic.over),
    }


async def test_a_change_after_its_groups_last_one_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, changed_at=LONG_AGO))
    found = {line for line in await violations(engine) if line.startswith("times_run_forward")}
    assert told("times_run_forward", "updated_at,changed_at", group=clinic.full) in found


async def test_events_of_a_group_that_run_backwards_are_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    async with engine.connect() as connection:
        of_group = select(outbox.c.id).where(outbox.c.group_definition_id == clinic.full).order_by(outbox.c.sequence)
        first, second, *_ = (await connection.scalars(of_group)).all()
    await break_by_hand(engine, changed(outbox, first, created_at=NOW + timedelta(days=1)))
    assert told("times_run_forward", "created_at", event=second) in await violations(engine)


async def test_an_event_that_is_lost_doubled_or_invented_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    async with engine.connect() as connection:
        row = dict((await connection.execute(select(outbox).where(_told_of(clinic.session)))).mappings().all()[0])
    del row["sequence"]
    invented = {**row, "id": uuid4(), "event": "pm_group_moved"}
    doubled = {**row, "id": uuid4()}
    doubled["envelope"] = {**row["envelope"], "id": str(doubled["id"])}
    await break_by_hand(
        engine,
        delete(outbox).where(_told_of(clinic.cancelled), outbox.c.event == "pm_group_session_cancelled"),
        insert(outbox).values(doubled),
        insert(outbox).values(invented),
    )
    assert await violations(engine) == {
        told("events_follow_history", "pm_group_session_cancelled", session=clinic.cancelled),
        told("events_follow_history", "pm_group_session_scheduled", session=clinic.session),
        told("events_follow_history", event=invented["id"]),
    }


async def test_an_envelope_that_is_not_its_rows_is_found(engine: Database) -> None:
    await lively_clinic(engine)
    scheduled = outbox.c.event == "pm_group_session_scheduled"
    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox).where(scheduled).order_by(outbox.c.sequence))).all()
    altered: list[dict[str, Any]] = [
        {"id": "another"},
        {"event": "pm_group_session_cancelled"},
        {"metadata": {**rows[2].envelope["metadata"], "organization_id": THEIRS}},
        {"payload": {**rows[3].envelope["payload"], "group_definition_id": str(uuid4())}},
    ]
    await break_by_hand(
        engine,
        *(changed(outbox, row.id, envelope={**row.envelope, **part}) for row, part in zip(rows, altered, strict=True)),
    )
    assert await violations(engine) == {
        told("events_follow_history", "envelope", session=row.envelope["payload"]["schedule_id"]) for row in rows
    }


async def test_a_reference_into_another_organization_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    theirs = {"organization_id": THEIRS, "id": "theirs", "search_text": "theirs"}
    async with engine.connect() as connection:
        their_group = await connection.scalar(
            select(group_definitions.c.id).where(group_definitions.c.organization_id == THEIRS)
        )
        event = await connection.scalar(select(outbox.c.id).where(_told_of(clinic.cancelled)).limit(1))
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
    )
    assert {line for line in await violations(engine) if line.startswith("within")} == {
        *(told("within_one_organization", column, group=clinic.full) for column in staff_and_place),
        *(told("within_one_organization", column, session=clinic.session) for column in staff_and_place | in_group),
        told("within_one_organization", "patient_id", enrollment=clinic.seated[0]),
        told("within_one_organization", "group_definition_id", event=event),
        told("within_one_organization", "group_definition_id", enrollment=clinic.seated[0]),
    }


async def test_a_record_in_another_organization_than_its_history_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(occurrences, clinic.session, organization_id=THEIRS))
    found = await violations(engine)
    assert history_of(occurrences, clinic.session, "record") in found
    assert told("within_one_organization", "group_definition_id", THEIRS, session=clinic.session) in found


async def test_the_command_tells_what_it_looked_at_where_all_holds(engine: Database) -> None:
    await lively_clinic(engine)
    out = io.StringIO()
    await check_database(operator_of(engine), out, organization_id=OURS)
    lines = [line for line in out.getvalue().splitlines(keepends=True) if "indexes_not_checked" not in line]
    assert "".join(lines) == (
        "All invariants hold. Organizations: 1, groups: 3, sessions: 4, enrollments: 14, history: 38, events: 25.\n"
    )


async def test_the_command_fails_with_a_line_of_ids_for_each_violation(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine,
        changed(group_definitions, clinic.full, max_capacity=3, name="A secret name", search_text="a secret name"),
        changed(enrollments, clinic.seated[0], disenrollment_reason="a secret reason"),
    )
    out = io.StringIO()
    with pytest.raises(CommandError, match="violations found: "):
        await check_database(operator_of(engine), out, organization_id=None)
    # Breaking by hand takes triggers away too, which is seen as well.
    others = ("catalog_is_whole", "notice ")
    assert {line for line in out.getvalue().splitlines() if not line.startswith(others)} == {
        told("nobody_waits_for_a_free_seat", group=clinic.full),
        history_of(group_definitions, clinic.full, "max_capacity,name"),
        history_of(enrollments, clinic.seated[0], "disenrollment_reason"),
    }


async def test_the_command_refuses_an_old_schema_and_changes_nothing(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with pytest.raises(CommandError, match="group-sessions migrate"):
        await check_database(operator_of(engine), io.StringIO(), organization_id=None)
    assert await current_revision(engine) is None
    await engine.dispose()


def _told_of(session: UUID) -> Any:
    return outbox.c.envelope["payload"]["schedule_id"].as_string() == str(session)
