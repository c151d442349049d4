"""Storing what other modules own: counted exactly, written only where it differs, and one organization's only."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from db.engine import WRITES, Database
from db.reference_import import StoredCounts, store_locations, store_patients, store_staff, stored_locations
from db.tables import locations, patients, staff_members
from domain.records import Location, Patient, StaffMember

pytestmark = pytest.mark.anyio

ADA = Patient("a", "Ada Núñez", "MR-1", date(1980, 2, 29), active=True)
BEN = Patient("b", "Ben Test", "MR-2", None, active=False)


async def stored(engine: Database, people: list[Patient], organization: str = "org") -> StoredCounts:
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True})
        async with connection.begin():
            return await store_patients(connection, organization, people)


async def kept(engine: Database, organization: str = "org") -> list[Patient]:
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(patients).where(patients.c.organization_id == organization).order_by(patients.c.id)
        )
        return [
            Patient(row.id, row.display_name, row.medical_record_number, row.birth_date, row.active) for row in rows
        ]


async def test_a_second_run_changes_nothing(engine: Database) -> None:
    assert await stored(engine, [ADA, BEN]) == StoredCounts(new=2)
    assert await stored(engine, [ADA, BEN]) == StoredCounts(unchanged=2)
    assert await kept(engine) == [ADA, BEN]


@pytest.mark.parametrize(
    "changed",
    [
        replace(ADA, display_name="Ada Other"),
        replace(ADA, medical_record_number="MR-9"),
        replace(ADA, birth_date=None),
        replace(ADA, active=False),
    ],
)
async def test_any_field_that_differs_is_a_change(engine: Database, changed: Patient) -> None:
    await stored(engine, [ADA, BEN])
    assert await stored(engine, [changed]) == StoredCounts(changed=1)
    assert await kept(engine) == [changed, BEN]


async def test_an_id_that_comes_twice_keeps_its_last_record_and_counts_each(engine: Database) -> None:
    other = replace(ADA, display_name="Ada Other")
    assert await stored(engine, [ADA, other, other]) == StoredCounts(new=1, changed=1, unchanged=1)
    assert await kept(engine) == [other]


async def test_organizations_do_not_share_records(engine: Database) -> None:
    other = replace(ADA, display_name="Ada Other")
    await stored(engine, [ADA])
    assert await stored(engine, [other], "org-2") == StoredCounts(new=1)
    assert await kept(engine) == [ADA]
    assert await kept(engine, "org-2") == [other]


async def test_names_are_searched_without_accents_and_by_record_number(engine: Database) -> None:
    await stored(engine, [ADA])
    async with engine.connect() as connection:
        assert await connection.scalar(select(patients.c.search_text)) == "ada nunez mr 1 mr1"


async def test_staff_and_locations_are_stored_and_counted(engine: Database) -> None:
    member = StaffMember("s", "Eva Test", None, active=True)
    room = Location("l", "North", "Room 1", "America/Phoenix")
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True})
        async with connection.begin():
            assert await store_staff(connection, "org", [member]) == StoredCounts(new=1)
            assert await store_staff(connection, "org", [replace(member, credentials="MD")]) == StoredCounts(changed=1)
            assert await store_locations(connection, "org", [room]) == StoredCounts(new=1)
            assert await store_locations(connection, "org", [replace(room, room=None)]) == StoredCounts(changed=1)
            assert await store_locations(connection, "org", []) == StoredCounts()
        assert await connection.scalar(select(staff_members.c.credentials)) == "MD"
        assert await connection.scalar(select(locations.c.search_text)) == "north"
        assert await stored_locations(connection, "org", ["l", "x"]) == {"l": replace(room, room=None)}
        assert await stored_locations(connection, "org-2", ["l"]) == {}
