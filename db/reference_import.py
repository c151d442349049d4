"""Writes staff, locations and patients that other modules own, and counts what that changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from db.rows import LOCATION_COLUMNS, location_record
from db.tables import locations, patients, staff_members
from domain.records import Location, Patient, StaffMember
from domain.search_text import search_text

# Any number that nobody else uses: the advisory lock that lets one chunk be stored at a time, so that its counts,
# made from what was stored before it, are true.
_IMPORT_LOCK = 5_308_214_966_720_184_653

# The most ids in one statement: both databases take 32,766 parameters.
_IDS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """How many records were new, differed from what was stored before them, or were the same."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


async def store_staff(connection: AsyncConnection, organization_id: str, staff: Iterable[StaffMember]) -> StoredCounts:
    """Stores the members of staff as `store_patients` stores patients."""
    rows = [
        {
            "id": member.id,
            "display_name": member.display_name,
            "credentials": member.credentials,
            "active": member.active,
            "search_text": search_text(member.display_name),
        }
        for member in staff
    ]
    return await _store(connection, organization_id, staff_members, rows)


async def store_locations(
    connection: AsyncConnection, organization_id: str, places: Iterable[Location]
) -> StoredCounts:
    """Stores the locations as `store_patients` stores patients."""
    rows = [
        {
            "id": place.id,
            "site": place.site,
            "room": place.room,
            "time_zone": place.time_zone,
            "search_text": search_text(place.site, place.room),
        }
        for place in places
    ]
    return await _store(connection, organization_id, locations, rows)


async def store_patients(connection: AsyncConnection, organization_id: str, people: Iterable[Patient]) -> StoredCounts:
    """Stores a chunk of patients, in the caller's transaction; rows that it does not name stay as they are.

    Where an id comes twice, the last record is what stays, and each is counted against the one before it.
    """
    rows = [
        {
            "id": patient.id,
            "display_name": patient.display_name,
            "medical_record_number": patient.medical_record_number,
            "birth_date": patient.birth_date,
            "active": patient.active,
            "search_text": search_text(patient.display_name, patient.medical_record_number),
        }
        for patient in people
    ]
    return await _store(connection, organization_id, patients, rows)


async def stored_locations(
    connection: AsyncConnection, organization_id: str, ids: Iterable[str]
) -> dict[str, Location]:
    """Gives those of the locations that the organization has, by id."""
    found: dict[str, Location] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        rows = await connection.execute(
            select(*LOCATION_COLUMNS).where(
                locations.c.organization_id == organization_id,
                locations.c.id.in_(wanted[start : start + _IDS_AT_ONCE]),
            )
        )
        found |= {row.id: location_record(row) for row in rows}
    return found


async def _store(
    connection: AsyncConnection, organization_id: str, table: Table, rows: Sequence[dict[str, Any]]
) -> StoredCounts:
    if not rows:
        return StoredCounts()
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    before = await _stored(connection, organization_id, table, {row["id"] for row in rows})
    after = dict(before)
    new = changed = 0
    for row in rows:
        known = after.get(row["id"])
        new += known is None
        changed += known is not None and known != row
        after[row["id"]] = row
    different = [
        row | {"organization_id": organization_id} for key, row in sorted(after.items()) if row != before.get(key)
    ]
    if different:
        await connection.execute(_upsert(connection.dialect.name, table), different)
    return StoredCounts(new, changed, len(rows) - new - changed)


async def _stored(
    connection: AsyncConnection, organization_id: str, table: Table, ids: set[str]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    columns = [column for column in table.c if column.name != "organization_id"]
    wanted = sorted(ids)
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        rows = await connection.execute(
            select(*columns).where(
                table.c.organization_id == organization_id, table.c.id.in_(wanted[start : start + _IDS_AT_ONCE])
            )
        )
        found |= {row["id"]: dict(row) for row in rows.mappings()}
    return found


def _upsert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    names = [column.name for column in table.c if not column.primary_key]
    return statement.on_conflict_do_update(
        index_elements=["organization_id", "id"],
        set_={name: statement.excluded[name] for name in names},
        where=or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in names)),
    )
