"""The check finds records whose history or events do not explain them."""

import re
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, update

from db.connections.engine import Database
from db.tables import (
    audit_log,
    closures,
    enrollments,
    group_definitions,
    occurrences,
    outbox,
)
from tests.support.clinic import NOW, THEIRS
from tests.support.invariants import changed, history_line, violation_line, violations
from tests.support.lively_clinic import LONG_AGO, break_by_hand, lively_clinic

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": "Other", "search_text": "other", "recurrence_excluded_dates": []}, "name,recurrence_excluded_dates"),
        ({"created_at": LONG_AGO, "updated_at": LONG_AGO}, "created_at,updated_at"),
        ({"deleted_at": NOW, "version": 1}, "version,deleted_at"),
        ({"version": 3}, "version"),
    ],
)
async def test_a_group_changed_without_history_is_found(engine: Database, values: dict[str, Any], fields: str) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.over, **values))
    assert await violations(engine) == {history_line(group_definitions, clinic.over, fields)}


async def test_other_records_changed_without_history_are_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine,
        changed(occurrences, clinic.session, end_time=time(18), version=5),
        changed(enrollments, clinic.seated[0], disenrollment_reason="none", version=2),
        changed(closures, clinic.closure, through_date=date(2026, 12, 9), version=3),
    )
    assert await violations(engine) == {
        history_line(occurrences, clinic.session, "version,end_time"),
        history_line(enrollments, clinic.seated[0], "version,disenrollment_reason"),
        history_line(closures, clinic.closure, "version,through_date"),
    }


async def test_a_lost_or_rewritten_history_entry_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    entity_id = audit_log.c.entity_id
    await break_by_hand(
        engine,
        delete(audit_log).where(entity_id == clinic.over, audit_log.c.action == "updated"),
        delete(audit_log).where(entity_id == clinic.seated[0]),
        update(audit_log)
        .where(entity_id == clinic.session, audit_log.c.action == "scheduled")
        .values(changes=[{"field": "facilitator_id", "before": None, "after": "staff-9"}]),
    )
    lines = await violations(engine)
    assert violation_line("over_capacity_is_explained", group=clinic.over) in lines
    assert history_line(group_definitions, clinic.over, "updated_at,version,max_capacity,name") not in lines
    assert history_line(group_definitions, clinic.over, "version,max_capacity,name") in lines
    assert any(
        re.fullmatch(
            rf"history_explains_records .*enrollment={clinic.seated[0]} fields=created_at,updated_at,version.*", line
        )
        for line in lines
    )
    assert violation_line("events_follow_history", "pm_group_patient_enrolled", enrollment=clinic.seated[0]) in lines
    assert any(f"session={clinic.session} fields=" in line and "facilitator_id" in line for line in lines)


@pytest.mark.parametrize("table", [group_definitions, occurrences, enrollments, closures])
async def test_history_of_a_missing_record_is_found(engine: Database, table: Any) -> None:
    clinic = await lively_clinic(engine)
    gone = {
        group_definitions: clinic.over,
        occurrences: clinic.session,
        enrollments: clinic.waiting[2],
        closures: clinic.closure,
    }[table]
    await break_by_hand(engine, delete(table).where(table.c.id == gone))
    assert history_line(table, gone, "record") in await violations(engine)


async def test_a_lost_duplicated_or_invented_event_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    async with engine.connect() as connection:
        row = dict((await connection.execute(select(outbox).where(_events_of(clinic.session)))).mappings().all()[0])
    del row["sequence"]
    invented = {**row, "id": uuid4(), "event": "pm_group_moved"}
    doubled = {**row, "id": uuid4()}
    doubled["envelope"] = {**row["envelope"], "id": str(doubled["id"])}
    await break_by_hand(
        engine,
        delete(outbox).where(_events_of(clinic.cancelled), outbox.c.event == "pm_group_session_cancelled"),
        delete(outbox).where(outbox.c.event == "pm_group_session_updated"),
        insert(outbox).values(doubled),
        insert(outbox).values(invented),
    )
    assert await violations(engine) == {
        violation_line("events_follow_history", "pm_group_session_cancelled", session=clinic.cancelled),
        violation_line(
            "events_follow_history",
            "pm_group_session_scheduled,pm_group_session_updated",
            session=clinic.session,
        ),
        violation_line("events_follow_history", event=invented["id"]),
    }


async def test_an_envelope_that_differs_from_its_row_is_found(engine: Database) -> None:
    await lively_clinic(engine)
    scheduled = outbox.c.event == "pm_group_session_scheduled"
    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox).where(scheduled).order_by(outbox.c.sequence).limit(4))).all()
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
        violation_line("events_follow_history", "envelope", session=row.envelope["payload"]["schedule_id"])
        for row in rows
    }


async def test_a_record_in_another_organization_than_its_history_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(occurrences, clinic.session, organization_id=THEIRS))
    lines = await violations(engine)
    assert history_line(occurrences, clinic.session, "record") in lines
    assert violation_line("within_one_organization", "group_definition_id", THEIRS, session=clinic.session) in lines


def _events_of(session: UUID) -> Any:
    return outbox.c.envelope["payload"]["schedule_id"].as_string() == str(session)
