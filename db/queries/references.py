"""Reading staff, locations and patients."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import func

from db.queries.pages import Slice, by_id, count, find, read_page
from db.queries.patient_search import search_filters
from db.sql.lookups import Lookup
from db.sql.page_statements import Order, Window
from db.sql.rows import LOCATIONS, PATIENTS, STAFF
from db.sql.search import word_conditions, word_filters
from db.sql.statement import AnyOf
from db.tables import locations, patients, staff_members
from db.transactions.snapshots import Snapshot
from domain.records import Location, Patient, StaffMember
from domain.search_text import search_text

Record = TypeVar("Record")


def _person_keys(person: StaffMember) -> tuple[Any, ...]:
    return search_text(person.display_name), person.id


def _location_keys(location: Location) -> tuple[Any, ...]:
    return location.site, location.room or "", location.id


STAFF_ORDER: Order[StaffMember] = Order(
    "staff",
    staff_members,
    STAFF,
    (staff_members.c.search_text, staff_members.c.id),
    (str, str),
    _person_keys,
    word_conditions(staff_members.c.search_text),
)
"""Staff by name."""

PATIENT_ORDER: Order[Patient] = Order(
    "patients",
    patients,
    PATIENTS,
    (patients.c.search_text, patients.c.id),
    (str,),
    lambda patient: (patient.id,),
    {**word_conditions(patients.c.search_text), "among": AnyOf(patients.c.id, "among")},
    by_id=True,
)
"""Patients by name, then by record number."""

PATIENT_BY_ID: Lookup[Patient | None] = by_id(PATIENT_ORDER)
"""Finds a patient."""

LOCATION_ORDER: Order[Location] = Order(
    "locations",
    locations,
    LOCATIONS,
    (locations.c.site, func.coalesce(locations.c.room, ""), locations.c.id),
    (str, str, str),
    _location_keys,
    word_conditions(locations.c.search_text),
)
"""Locations by site and room; a site without rooms first."""


async def find_references(snapshot: Snapshot, order: Order[Record], ids: Sequence[str]) -> dict[str, Record]:
    """Return those of the records that the organization has."""
    return await find(snapshot, order, ids)


async def page_of_references(
    snapshot: Snapshot, order: Order[Record], search: str | None, window: Window
) -> Slice[Record]:
    """Return a page of what the search finds."""
    return await read_page(snapshot, order, await _filters(snapshot, order, search), window)


async def count_references(snapshot: Snapshot, order: Order[Any], search: str | None) -> int:
    """Return how much the search finds."""
    return await count(snapshot, order, await _filters(snapshot, order, search))


async def _filters(snapshot: Snapshot, order: Order[Any], search: str | None) -> dict[str, Any]:
    if order is PATIENT_ORDER:
        return await search_filters(snapshot, search)
    return word_filters(search)
