"""Migrating rebuilds the search columns of an earlier release, which had other rules."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.queries.pages import read_page
from db.queries.references import PATIENTS, PatientFilter
from db.sql.listings import Window
from db.tables import group_definitions, locations, patients, staff_members
from db.transactions.all_organizations import reading_all
from db.transactions.snapshots import snapshot
from domain.search_text import search_text
from tests.support.clinic import NOW, OURS, THEIRS
from tests.support.old_schema import migrate_to

pytestmark = pytest.mark.anyio

PEOPLE = 2_345
OWN: dict[str, Any] = {"organization_id": OURS}


async def test_search_columns_of_an_earlier_release_are_rebuilt(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    await migrate_to(engine, "0008")
    await _fill(engine)
    await migrate(engine)
    for text, expected in (
        ("2344 oneil", [f"{OURS}-2344"]),
        ("1987-03-14", [f"{OURS}-1"]),
        ("johns, abbey", ["abbey"]),
    ):
        async with snapshot(engine, OURS) as reading:
            page = await read_page(reading, PATIENTS, PatientFilter(text), Window(10))
            assert [patient.id for patient in page.records] == expected
    async with reading_all(engine, Role.OPERATOR) as connection:
        stored = select(patients.c.search_text, patients.c.display_name, patients.c.medical_record_number)
        rows = (await connection.execute(stored)).all()
        assert len(rows) == 2 * PEOPLE + 1
        assert all(row[0] == search_text(row[1], row[2]) for row in rows)
        for table in (staff_members, locations, group_definitions):
            assert await connection.scalar(select(table.c.search_text)) == "jean luc jeanluc"
    await engine.dispose()


async def _fill(engine: Database) -> None:
    """Insert rows of an earlier release, whose search texts kept apostrophes and hyphens."""
    abbey = _patient(OURS, "abbey", "Abbey Felecia Johns", "abbey felecia johns mr")
    people = [
        _patient(owner, f"{owner}-{number}", f"Shaun O'Neil {number}", f"shaun o'neil {number} mr")
        for owner in (OURS, THEIRS)
        for number in range(PEOPLE)
    ]
    people[1]["birth_date"] = date(1987, 3, 14)
    old = {"search_text": "jean-luc"}
    group = {
        "id": uuid7(),
        "name": "Jean-Luc",
        "group_type": "THERAPY",
        "facilitator_id": "staff",
        "time_zone": "America/Phoenix",
        "max_capacity": 2,
        "duration_minutes": 60,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    async with engine.begin() as connection:
        await connection.execute(insert(patients), [abbey, *people])
        await connection.execute(
            insert(staff_members), OWN | old | {"id": "staff", "display_name": "Jean-Luc", "active": True}
        )
        await connection.execute(
            insert(locations), OWN | old | {"id": "place", "site": "Jean-Luc", "time_zone": "America/Phoenix"}
        )
        await connection.execute(insert(group_definitions), OWN | old | group)


def _patient(owner: str, id: str, name: str, text: str) -> dict[str, Any]:
    return {
        "organization_id": owner,
        "id": id,
        "display_name": name,
        "medical_record_number": "mr",
        "birth_date": None,
        "active": True,
        "search_text": text,
    }
