"""Storing patients and staff: outcomes are exact, organizations are separate, and older updates are ignored."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from db.connections.engine import Database
from db.connections.roles import Role
from db.registry.deactivation import deactivate, find_absent
from db.registry.records import (
    PATIENTS,
    ROLES,
    STAFF,
    patient_update,
    refresh_staff_activity,
    staff_of_roles,
    staff_update,
    store_updates,
)
from db.tables import patients, staff_members, staff_roles
from db.transactions.all_organizations import writing_all
from domain.records import Patient, StaffMember
from domain.registry import Outcome, RegistryUpdate
from tests.support.databases import operator_of

pytestmark = pytest.mark.anyio

ADA = Patient("a", "Ada Núñez", "MR-1", date(1980, 2, 29), active=True)
BEN = Patient("b", "Ben Test", "MR-2", None, active=False)
EVA = StaffMember("s", "Eva Test", None, active=True)
TODAY = date(2026, 6, 1)
T = datetime(2026, 1, 5, tzinfo=UTC)
NEW, CHANGED, UNCHANGED = Outcome.NEW, Outcome.CHANGED, Outcome.UNCHANGED


async def store(engine: Database, *updates: RegistryUpdate, organization: str = "org") -> list[Outcome]:
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        return (await store_updates(connection, organization, PATIENTS, updates)).outcomes


async def store_patients(engine: Database, *people: Patient, organization: str = "org") -> list[Outcome]:
    return await store(engine, *map(patient_update, people), organization=organization)


async def stored_patients(engine: Database, organization: str = "org") -> list[Patient]:
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(patients).where(patients.c.organization_id == organization).order_by(patients.c.id)
        )
        return [
            Patient(
                row.id,
                row.display_name,
                row.medical_record_number,
                row.birth_date,
                row.active,
                None,
                row.preferred_name,
            )
            for row in rows
        ]


async def test_a_second_run_changes_nothing(engine: Database) -> None:
    assert await store_patients(engine, ADA, BEN) == [NEW, NEW]
    assert await store_patients(engine, ADA, BEN) == [UNCHANGED, UNCHANGED]
    assert await stored_patients(engine) == [ADA, BEN]


@pytest.mark.parametrize(
    "changed",
    [
        replace(ADA, display_name="Ada Other"),
        replace(ADA, medical_record_number="MR-9"),
        replace(ADA, birth_date=None),
        replace(ADA, preferred_name="Addie"),
        replace(ADA, active=False),
    ],
)
async def test_a_difference_in_any_field_is_a_change(engine: Database, changed: Patient) -> None:
    await store_patients(engine, ADA, BEN)
    assert await store_patients(engine, changed) == [CHANGED]
    assert await stored_patients(engine) == [changed, BEN]


async def test_the_last_of_two_updates_of_a_record_wins(engine: Database) -> None:
    other = replace(ADA, display_name="Ada Other")
    assert await store_patients(engine, ADA, other, other) == [NEW, CHANGED, UNCHANGED]
    assert await stored_patients(engine) == [other]


async def test_organizations_do_not_share_records(engine: Database) -> None:
    other = replace(ADA, display_name="Ada Other")
    await store_patients(engine, ADA)
    assert await store_patients(engine, other, organization="org-2") == [NEW]
    assert await stored_patients(engine) == [ADA]
    assert await stored_patients(engine, "org-2") == [other]


async def test_names_are_searched_without_accents_and_by_record_number(engine: Database) -> None:
    await store_patients(engine, ADA)
    async with engine.connect() as connection:
        assert await connection.scalar(select(patients.c.search_text)) == "ada nunez mr 1 mr1"
    await store_patients(engine, replace(ADA, preferred_name="Addie"))
    async with engine.connect() as connection:
        assert await connection.scalar(select(patients.c.search_text)) == "ada nunez addie mr 1 mr1"


async def test_a_text_that_repeats_itself_can_be_changed(engine: Database) -> None:
    """Both versions have the same 16 letters at several places, and each ending is stored once."""
    for name in ("A" * 40, "B" * 40, "B" * 41):
        await store_patients(engine, replace(ADA, display_name=name))
        assert [patient.display_name for patient in await stored_patients(engine)] == [name]


@pytest.mark.parametrize("together", [True, False])
async def test_an_older_update_never_wins(engine: Database, together: bool) -> None:
    newer = RegistryUpdate("a", {"display_name": "New", "birth_date": ADA.birth_date}, T)
    older = RegistryUpdate("a", {"display_name": "Old", "birth_date": None}, T - timedelta(seconds=1))
    if together:
        assert await store(engine, newer, older) == [NEW, Outcome.OLDER]
    else:
        assert await store(engine, newer) + await store(engine, older) == [NEW, Outcome.OLDER]
    assert [(patient.display_name, patient.birth_date) for patient in await stored_patients(engine)] == [
        ("New", ADA.birth_date)
    ]


async def test_an_unchanged_record_still_gets_the_later_time(engine: Database) -> None:
    fields = {"display_name": "Ada"}
    assert await store(engine, RegistryUpdate("a", fields, T)) == [NEW]
    assert await store(engine, RegistryUpdate("a", fields, T + timedelta(days=2))) == [UNCHANGED]
    assert await store(engine, RegistryUpdate("a", {"display_name": "Old"}, T + timedelta(days=1))) == [Outcome.OLDER]


async def is_active(engine: Database) -> bool | None:
    async with engine.connect() as connection:
        return await connection.scalar(select(staff_members.c.active))


async def store_staff(engine: Database, kind: str, *updates: RegistryUpdate) -> None:
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        await store_updates(connection, "org", {"staff": STAFF, "roles": ROLES}[kind], updates)
        await refresh_staff_activity(connection, "org", ["s"], TODAY)


def role(id: str, active: bool = True, ends_on: date | None = None, staff_id: str = "s") -> RegistryUpdate:
    return RegistryUpdate(id, {"staff_id": staff_id, "active": active, "ends_on": ends_on})


@pytest.mark.parametrize(
    ("roles", "active"),
    [
        ([], True),
        ([role("r")], True),
        ([role("r", active=False)], False),
        ([role("r", ends_on=date(2026, 5, 31))], False),
        ([role("r", ends_on=TODAY)], True),
        ([role("r", active=False), role("r2", ends_on=date(2027, 1, 1))], True),
        ([role("r", active=False, staff_id="another")], True),
    ],
)
async def test_staff_are_active_while_one_of_their_roles_is_current(
    engine: Database, roles: list[RegistryUpdate], active: bool
) -> None:
    await store_staff(engine, "roles", *roles)
    await store_staff(engine, "staff", staff_update(EVA))
    assert await is_active(engine) is active
    await store_staff(engine, "staff", staff_update(replace(EVA, credentials="MD")))
    assert await is_active(engine) is active


async def test_a_role_does_not_activate_staff_who_are_inactive(engine: Database) -> None:
    await store_staff(engine, "staff", staff_update(replace(EVA, active=False)))
    await store_staff(engine, "roles", role("r"))
    assert await is_active(engine) is False


async def test_the_staff_of_roles_are_found(engine: Database) -> None:
    await store_staff(engine, "roles", role("r"), role("r2", staff_id="another"))
    async with engine.connect() as connection:
        assert await staff_of_roles(connection, "org", ["r", "r2", "gone"]) == {"s", "another"}
        assert await staff_of_roles(connection, "org-2", ["r"]) == set()


async def test_records_missing_from_an_export_are_deactivated(engine: Database) -> None:
    await store_patients(engine, ADA, BEN, replace(ADA, id="c"))
    await store_patients(engine, replace(ADA, id="d"), organization="org-2")
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        assert await find_absent(connection, "org", patients.c.active, {"a"}) == (2, ["c"])
        await deactivate(connection, "org", patients.c.active, ["c"], TODAY)
    assert [patient.active for patient in await stored_patients(engine)] == [True, False, False]
    assert [patient.active for patient in await stored_patients(engine, "org-2")] == [True]


async def test_staff_without_a_current_role_are_inactive(engine: Database) -> None:
    await store_staff(engine, "staff", staff_update(EVA))
    await store_staff(engine, "roles", role("r"))
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        await deactivate(connection, "org", staff_roles.c.active, ["r"], TODAY)
    assert await is_active(engine) is False
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        await deactivate(connection, "org", staff_members.c.registry_active, ["s"], TODAY)
    assert await is_active(engine) is False
