"""Migrating keeps the staff, locations and patients of an earlier release."""

from datetime import date

import pytest
from sqlalchemy import select, text

from db.connections.engine import create_engine
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.registry.records import refresh_staff_activity
from db.tables import locations, patients, staff_members
from db.transactions.all_organizations import writing_all
from tests.support.old_schema import migrate_to

pytestmark = pytest.mark.anyio

STAFF = """
INSERT INTO pm_group_staff_members (organization_id, id, display_name, active, search_text)
VALUES ('org', 'gone', 'A', false, 'a'), ('org', 'here', 'B', true, 'b')
"""
LOCATIONS = """
INSERT INTO pm_group_locations (organization_id, id, site, room, time_zone, search_text)
VALUES ('org', 'room', 'North', 'Room', 'America/Denver', 'north room')
"""
PATIENTS = """
INSERT INTO pm_group_patients (organization_id, id, display_name, medical_record_number, active, search_text)
VALUES ('org', 'p', 'Ada', 'MR-1', false, 'ada mr 1 mr1')
"""


async def test_records_of_an_earlier_release_are_unchanged(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    await migrate_to(engine, "0010")
    async with engine.begin() as connection:
        for statement in (STAFF, LOCATIONS, PATIENTS):
            await connection.execute(text(statement))
    await migrate(engine)
    async with writing_all(engine, Role.OPERATOR) as connection:
        await refresh_staff_activity(connection, "org", ["gone", "here"], date(2026, 6, 1))
        staff = await connection.execute(select(staff_members).order_by(staff_members.c.id))
        assert [(row.id, row.active, row.registry_active) for row in staff] == [
            ("gone", False, False),
            ("here", True, True),
        ]
        place = (await connection.execute(select(locations))).one()
        assert (place.site, place.room, place.time_zone, place.active) == ("North", "Room", "America/Denver", True)
        person = (await connection.execute(select(patients))).one()
        assert (person.active, person.replaced_by, person.registry_updated_at) == (False, None, None)
    await engine.dispose()
