"""Stores the staff, locations and patients of the demo clinic, in the unit of work that creates its groups."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table, insert

from db.registry.locations import apply_location_updates, location_update
from db.registry.records import PATIENTS, STAFF, apply_updates, patient_update, staff_update
from db.sql.statement import Statement
from db.tables import locations, patients, staff_members
from db.transactions.unit_of_work import UnitOfWork
from domain.records import Location, Patient, StaffMember


def _insert(table: Table) -> Statement:
    return Statement(insert(table).inline(), table.columns.keys())


_ADD_STAFF: Final = _insert(staff_members)
_ADD_LOCATIONS: Final = _insert(locations)
_ADD_PATIENTS: Final = _insert(patients)


async def store_registry(
    work: UnitOfWork,
    staff: Sequence[StaffMember],
    rooms: Sequence[Location],
    people: Sequence[Patient],
    default_time_zone: str,
) -> None:
    """Insert the records by the rules of an import. The organization has no records yet. Raise DBAPIError."""
    _, rows = apply_updates(STAFF, {}, [staff_update(member) for member in staff])
    await work.store(_ADD_STAFF, rows)
    _, rows = apply_location_updates({}, [location_update(room) for room in rooms], default_time_zone)
    await work.store(_ADD_LOCATIONS, rows)
    _, rows = apply_updates(PATIENTS, {}, [patient_update(person) for person in people])
    await work.store(_ADD_PATIENTS, rows)
