"""Finding the staff, locations and patients that an input names."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import and_, or_, select

from db.sql.rows import LOCATION_COLUMNS, location_record
from db.sql.statement import AnyOf, Statement, equals, of_organization
from db.tables import locations, patients, staff_members
from db.transactions.unit_of_work import UnitOfWork
from domain.references import References
from domain.texts import is_storable

_STAFF: Final = Statement(
    select(staff_members.c.id, staff_members.c.active).where(
        of_organization(staff_members), AnyOf(staff_members.c.id, "ids")
    )
)
_LOCATIONS: Final = Statement(select(*LOCATION_COLUMNS).where(of_organization(locations), AnyOf(locations.c.id, "ids")))
_named: Final = locations.alias("named")
_WITHIN: Final = Statement(
    select(locations.c.id).where(
        of_organization(locations),
        of_organization(_named),
        equals(_named.c.id),
        or_(locations.c.id == _named.c.id, and_(_named.c.room.is_(None), locations.c.site == _named.c.site)),
    )
)
_PATIENT_ACTIVE: Final = Statement(select(patients.c.active).where(of_organization(patients), equals(patients.c.id)))
_ACTIVITY: Final = Statement(
    select(patients.c.id, patients.c.active).where(of_organization(patients), AnyOf(patients.c.id, "ids"))
)

_INACTIVE: Final = Statement(
    select(patients.c.id).where(of_organization(patients), AnyOf(patients.c.id, "ids"), ~patients.c.active)
)


async def find_references(work: UnitOfWork, staff_ids: Iterable[str | None], *location_ids: str | None) -> References:
    """Return those of the staff and the locations that the organization has."""
    ids = _storable(staff_ids)
    staff = {row[0]: bool(row[1]) for row in await work.fetch(_STAFF, {"ids": ids})} if ids else {}
    ids = _storable(location_ids)
    places = map(location_record, await work.fetch(_LOCATIONS, {"ids": ids})) if ids else ()
    inactive = frozenset(id_ for id_, is_active in staff.items() if not is_active)
    return References(frozenset(staff), {place.id: place for place in places}, inactive)


async def locations_within(work: UnitOfWork, location_id: str) -> frozenset[str]:
    """Return the ids of a location and, if it is a site, of all locations of the site. A site has no room.

    Nothing if the organization has no such location.
    """
    if not is_storable(location_id):
        return frozenset()
    return frozenset(row[0] for row in await work.fetch(_WITHIN, {"id": location_id}))


def _storable(ids: Iterable[str | None]) -> set[str]:
    return {id_ for id_ in ids if id_ is not None and is_storable(id_)}


async def patient_is_active(work: UnitOfWork, patient_id: str) -> bool | None:
    """Return whether the patient is active in the registry; None if the organization has no such patient."""
    if not is_storable(patient_id):
        return None
    rows = await work.fetch(_PATIENT_ACTIVE, {"id": patient_id})
    return bool(rows[0][0]) if rows else None


async def inactive_patients(work: UnitOfWork, patient_ids: Iterable[str]) -> frozenset[str]:
    """Return the ids of those of the organization's patients who are inactive in the registry, by one statement."""
    ids = sorted({*patient_ids})
    return frozenset(row[0] for row in await work.fetch(_INACTIVE, {"ids": ids})) if ids else frozenset()


async def activity_of_patients(work: UnitOfWork, patient_ids: Iterable[str]) -> dict[str, bool]:
    """Return whether each patient is active in the registry, by one statement. Unknown patients are left out."""
    ids = _storable(patient_ids)
    rows = await work.fetch(_ACTIVITY, {"ids": sorted(ids)}) if ids else ()
    return {row[0]: bool(row[1]) for row in rows}
