"""Lists of staff, locations and patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, func, select, true

from db.queries.pages import ListFilter
from db.queries.patient_search import RANKING, search_conditions
from db.sql.listings import Conditions, Listing
from db.sql.rows import LOCATIONS as LOCATION_LAYOUT
from db.sql.rows import PATIENTS as PATIENT_LAYOUT
from db.sql.rows import STAFF as STAFF_LAYOUT
from db.sql.search import matches, word_conditions
from db.sql.statement import AnyOf, Statement, of_organization
from db.tables import locations, patients, staff_members
from db.transactions.snapshots import Snapshot
from domain.records import Location, Patient, StaffMember
from domain.search_text import search_text


@dataclass(frozen=True, slots=True)
class SearchFilter(ListFilter):
    """Narrows a list of staff or locations. None narrows nothing.

    Attributes:
        text: A text of which a record contains each word.
        active: Whether a record is active.
    """

    text: str | None = None
    active: bool | None = None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        return {**matches(self.text), **_active(self.active)}


@dataclass(frozen=True, slots=True)
class PatientFilter(ListFilter):
    """Narrows the list of patients. None narrows nothing.

    Attributes:
        text: Words and a birth date by which a patient is found.
        active: Whether a patient is active.
    """

    text: str | None = None
    active: bool | None = None

    async def look_up_conditions(self, snapshot: Snapshot) -> Conditions:
        """Return the conditions that the filter applies."""
        return {**await search_conditions(snapshot, self.text), **_active(self.active)}

    async def look_up_counted(self, snapshot: Snapshot) -> Conditions:
        """Return the conditions without the ranks of matches."""
        return {**await search_conditions(snapshot, self.text, ranked=False), **_active(self.active)}


def _active(active: bool | None) -> Conditions:
    return {} if active is None else {"active" if active else "inactive": {}}


def _conditions(table: Table) -> dict[str, ColumnElement[bool]]:
    """Return the conditions that can narrow the list of a table's records."""
    is_active = table.c.active
    return {**word_conditions(table.c.search_text), "active": is_active.is_(True), "inactive": is_active.is_(False)}


_PATIENT_NAMES: Final = Statement(
    select(patients.c.id, patients.c.search_text).where(of_organization(patients), AnyOf(patients.c.id, "ids"))
)


async def patient_names(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, str]:
    """Return the texts by which patients are ordered, by id. Unknown ids are left out."""
    return {row[0]: row[1] for row in await snapshot.fetch(_PATIENT_NAMES, {"ids": ids})}


def _location_keys(site: str, room: str | None, id: str) -> tuple[Any, ...]:
    return site, room or "", id


STAFF: Listing[StaffMember] = Listing(
    "staff",
    staff_members,
    STAFF_LAYOUT,
    (staff_members.c.search_text, staff_members.c.id),
    (str, str),
    ("display_name", "id"),
    lambda display_name, key: (search_text(display_name), key),
    _conditions(staff_members),
)
"""Staff by name."""

PATIENTS: Listing[Patient] = Listing(
    "patients",
    patients,
    PATIENT_LAYOUT,
    (patients.c.search_text, patients.c.id),
    (str,),
    ("id",),
    None,
    {
        **_conditions(patients),
        "among": AnyOf(patients.c.id, "among"),
        RANKING.few: true(),
        RANKING.many: true(),
        **{name: true() for name in RANKING.whole},
    },
    cursor_is_id=True,
    patient="id",
    ranking=RANKING,
)
"""Patients by name, then by record number. A search lists exact matches first."""

LOCATIONS: Listing[Location] = Listing(
    "locations",
    locations,
    LOCATION_LAYOUT,
    (locations.c.site, func.coalesce(locations.c.room, ""), locations.c.id),
    (str, str, str),
    ("site", "room", "id"),
    _location_keys,
    _conditions(locations),
)
"""Locations by site and room. A site without a room is first."""
