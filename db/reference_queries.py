"""Reading staff, locations and patients."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select

from db.pages import Order, Slice, Window, among, count, read_page
from db.rows import location_record, patient_record, staff_record
from db.search import holds
from db.tables import locations, patients, staff_members
from db.unit_of_work import Snapshot
from domain.records import Location, Patient, StaffMember

Record = TypeVar("Record")


def _person_keys(person: StaffMember) -> tuple[Any, ...]:
    return person.display_name, person.id


def _location_keys(location: Location) -> tuple[Any, ...]:
    return location.site, location.room or "", location.id


STAFF_ORDER: Order[StaffMember] = Order(
    "staff", staff_members, (staff_members.c.display_name, staff_members.c.id), (str, str), _person_keys, staff_record
)
"""Staff by name."""

PATIENT_ORDER: Order[Patient] = Order(
    "patients",
    patients,
    (patients.c.display_name, patients.c.id),
    (str,),
    lambda patient: (patient.id,),
    patient_record,
    by_id=True,
)
"""Patients by name."""

LOCATION_ORDER: Order[Location] = Order(
    "locations",
    locations,
    (locations.c.site, func.coalesce(locations.c.room, ""), locations.c.id),
    (str, str, str),
    _location_keys,
    location_record,
)
"""Locations by site and room; a site without rooms first."""


async def find_references(snapshot: Snapshot, order: Order[Record], ids: Sequence[str]) -> dict[str, Record]:
    """Gives those of the records that the organization has."""
    table = order.table
    rows = await snapshot.connection.execute(
        select(table).where(table.c.organization_id == snapshot.organization_id, among(snapshot, table.c.id, ids))
    )
    return {row.id: order.read(row) for row in rows}


async def page_of_references(
    snapshot: Snapshot, order: Order[Record], search: str | None, window: Window
) -> Slice[Record]:
    """Gives a page of what the search finds."""
    return await read_page(snapshot, order, _conditions(order, search), window)


async def count_references(snapshot: Snapshot, order: Order[Any], search: str | None) -> int:
    """Gives how much the search finds."""
    return await count(snapshot, order.table, _conditions(order, search))


def _conditions(order: Order[Any], search: str | None) -> list[ColumnElement[bool]]:
    return [holds(order.table.c.search_text, search)] if search else []
