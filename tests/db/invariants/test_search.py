"""The check finds search texts and endings that do not match the current names."""

import pytest
from sqlalchemy import delete, insert, update

from db.connections.engine import Database
from db.tables import group_definitions, locations, patient_endings, patients, staff_members
from tests.support.clinic import OURS, THEIRS
from tests.support.invariants import changed, violation_line, violations
from tests.support.lively_clinic import break_by_hand, lively_clinic

pytestmark = pytest.mark.anyio


async def test_an_outdated_search_text_is_found(engine: Database) -> None:
    clinic = await lively_clinic(engine)
    await break_by_hand(
        engine,
        *(
            update(table).where(table.c.id == record, table.c.organization_id == OURS).values(search_text="other")
            for table, record in ((staff_members, "staff-1"), (locations, "denver"), (patients, "patient-2"))
        ),
        changed(group_definitions, clinic.over, search_text="smaller "),
    )
    lines = {line for line in await violations(engine) if line.startswith("search_matches_names")}
    assert lines - {violation_line("search_matches_names", "endings", patient="patient-2")} == {
        violation_line("search_matches_names", "search_text", staff="staff-1"),
        violation_line("search_matches_names", "search_text", location="denver"),
        violation_line("search_matches_names", "search_text", patient="patient-2"),
        violation_line("search_matches_names", "search_text", group=clinic.over),
    }


async def test_missing_and_surplus_endings_are_found(engine: Database) -> None:
    await lively_clinic(engine)
    stored = {"organization_id": OURS, "ending": "zzz"}
    await break_by_hand(
        engine,
        delete(patient_endings).where(patient_endings.c.patient_id == "patient-1", patient_endings.c.ending == "mr1"),
        insert(patient_endings).values(**stored, patient_id="patient-2"),
        insert(patient_endings).values(**stored, patient_id="nobody"),
    )
    assert await violations(engine) == {
        violation_line("search_matches_names", "endings", patient="patient-1"),
        violation_line("search_matches_names", "endings", patient="patient-1", organization=THEIRS),
        violation_line("search_matches_names", "endings", patient="patient-2"),
        violation_line("search_matches_names", "endings", patient="nobody"),
    }
