"""The check covers the whole database, reports ids only, and finds nothing in the data that the API writes."""

import io

import pytest
from sqlalchemy import select, update

from db.connections.engine import Database, create_engine
from db.migrations.schema_version import current_revision
from db.tables import (
    audit_log,
    enrollments,
    group_definitions,
    outbox,
    patients,
)
from domain.changes import EntityType
from server.cli.check import check_database
from server.runtime.command_error import CommandError
from tests.support.clinic import OURS, THEIRS
from tests.support.databases import operator_of
from tests.support.invariants import assert_invariants, changed, history_line, violation_line, violations
from tests.support.lively_clinic import break_by_hand, lively_clinic

pytestmark = pytest.mark.anyio


async def test_the_api_breaks_no_invariant(engine: Database) -> None:
    await lively_clinic(engine)
    summary = await assert_invariants(engine)
    assert summary.organizations == 2
    assert summary.records == {
        EntityType.GROUP_DEFINITION: 5,
        EntityType.OCCURRENCE: 7,
        EntityType.ENROLLMENT: 17,
        EntityType.CLOSURE: 2,
    }
    async with engine.connect() as connection:
        entries = len((await connection.execute(select(audit_log.c.id))).all())
        events = len((await connection.execute(select(outbox.c.id))).all())
    assert (summary.history, summary.events) == (entries, events)


async def test_a_check_can_be_limited_to_an_organization(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(engine, changed(group_definitions, clinic.full, duration_minutes=9))
    assert await violations(engine, OURS) == {history_line(group_definitions, clinic.full, "duration_minutes")}
    assert await violations(engine, THEIRS) == set()


async def test_inactive_patients_on_rosters_are_notices_not_violations(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    inactive = ("patient-2", "patient-4")  # one is enrolled in two groups, the other waits for both
    async with engine.begin() as connection:
        await connection.execute(update(patients).where(patients.c.id.in_(inactive)).values(active=False))
    out = io.StringIO()
    await check_database(operator_of(engine), out, organization_id=OURS)
    lines = [line for line in out.getvalue().splitlines() if "indexes_not_checked" not in line]
    expected = {
        violation_line(
            "notice inactive_patient_is_seated", group=clinic.full, enrollment=clinic.seated[1], patient="patient-2"
        ),
        violation_line(
            "notice inactive_patient_waits", group=clinic.full, enrollment=clinic.waiting[1], patient="patient-4"
        ),
    }
    assert expected < set(lines)
    *notices, result, count = lines
    assert len(notices) == 4
    assert all(" patient=patient-2" in line or " patient=patient-4" in line for line in notices)
    assert result.startswith("All invariants hold.")
    assert count == "Inactive patients with a seat or a waitlist place, which they keep: 4."


async def test_the_command_prints_a_summary_if_all_invariants_hold(engine: Database) -> None:
    await lively_clinic(engine)
    out = io.StringIO()
    await check_database(operator_of(engine), out, organization_id=OURS)
    lines = [line for line in out.getvalue().splitlines(keepends=True) if "indexes_not_checked" not in line]
    assert "".join(lines) == (
        "All invariants hold. Organizations: 1, groups: 4, sessions: 7, enrollments: 17, closures: 2, history: 54,"
        " events: 35.\n"
    )


async def test_the_command_prints_ids_for_each_violation_and_fails(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine,
        changed(group_definitions, clinic.full, max_capacity=3, name="A secret name", search_text="a secret name"),
        changed(enrollments, clinic.seated[0], disenrollment_reason="a secret reason"),
    )
    out = io.StringIO()
    with pytest.raises(CommandError, match="violations found: "):
        await check_database(operator_of(engine), out, organization_id=None)
    # `break_by_hand` also drops triggers, which the check reports.
    others = ("catalog_is_whole", "notice ")
    assert {line for line in out.getvalue().splitlines() if not line.startswith(others)} == {
        violation_line("nobody_waits_for_a_free_seat", group=clinic.full),
        history_line(group_definitions, clinic.full, "max_capacity,name"),
        history_line(enrollments, clinic.seated[0], "disenrollment_reason"),
    }


async def test_the_command_refuses_an_old_schema_without_migrating_it(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with pytest.raises(CommandError, match="group-sessions migrate"):
        await check_database(operator_of(engine), io.StringIO(), organization_id=None)
    assert await current_revision(engine) is None
    await engine.dispose()
