"""What an organization has of the staff, locations and patients that an input names."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from db.sql.rows import LOCATION_COLUMNS, location_record
from db.sql.statement import Statement, of_organization
from db.tables import locations, patients, staff_members
from db.transactions.unit_of_work import UnitOfWork
from domain.groups import References
from domain.texts import is_storable

_PATIENT_ACTIVE = Statement(
    select(patients.c.active).where(
        of_organization(patients), patients.c.id == bindparam("id", type_=patients.c.id.type)
    )
)


async def find_references(work: UnitOfWork, staff_ids: Iterable[str | None], location_id: str | None) -> References:
    """Return those of the staff ids, and the location, that the organization has."""
    wanted = {staff_id for staff_id in staff_ids if staff_id is not None and is_storable(staff_id)}
    found: frozenset[str] = frozenset()
    if wanted:
        rows = await work.connection.scalars(
            select(staff_members.c.id).where(
                staff_members.c.organization_id == work.organization_id, staff_members.c.id.in_(wanted)
            )
        )
        found = frozenset(rows)
    if location_id is None or not is_storable(location_id):
        return References(found, {})
    row = (
        await work.connection.execute(
            select(*LOCATION_COLUMNS).where(
                locations.c.organization_id == work.organization_id, locations.c.id == location_id
            )
        )
    ).first()
    return References(found, {} if row is None else {location_id: location_record(row)})


async def patient_is_active(work: UnitOfWork, patient_id: str) -> bool | None:
    """Return whether the registry holds the patient as active; None where it does not know the patient."""
    if not is_storable(patient_id):
        return None
    rows = await work.fetch(_PATIENT_ACTIVE, {"id": patient_id})
    return bool(rows[0][0]) if rows else None
