"""Stores updates of patients, staff and roles of staff, and returns the outcome of each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import Table, and_, exists, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.registry.rows import chunks, load_rows, lock_imports, upsert_rows
from db.tables import patients, staff_members, staff_roles
from domain.records import Patient, StaffMember
from domain.registry import FIELD_TIMES, UPDATED_AT, Outcome, RegistryUpdate, apply_update
from domain.search_text import search_text


@dataclass(frozen=True, slots=True)
class RegistryTable:
    """The rules for storing the records of a table.

    Attributes:
        table: The table.
        required: The field that an update must have to create a record.
        defaults: Returns the values of the other fields for a new record with this id.
        derived: Returns the columns that are computed from the fields.
        active: The field that says whether a record is active.
    """

    table: Table
    required: str
    defaults: Callable[[str], Mapping[str, Any]]
    derived: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    active: str = "active"


@dataclass(frozen=True, slots=True)
class StoredUpdates:
    """The result of storing updates.

    Attributes:
        outcomes: The outcome of each update, in order.
        switched: The ids of the stored records that became active or inactive.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    switched: set[str] = field(default_factory=set)


PATIENTS: Final = RegistryTable(
    patients,
    "display_name",
    lambda record_id: {
        "medical_record_number": record_id,
        "birth_date": None,
        "active": True,
        "replaced_by": None,
        "preferred_name": None,
    },
    # The record number is last, because the ranking of searches expects it there.
    lambda row: {"search_text": search_text(row["display_name"], row["preferred_name"], row["medical_record_number"])},
)
STAFF: Final = RegistryTable(
    staff_members,
    "display_name",
    lambda _id: {"credentials": None, "registry_active": True},
    # refresh_staff_activity also considers their roles.
    lambda row: {"search_text": search_text(row["display_name"]), "active": row["registry_active"]},
    "registry_active",
)
ROLES: Final = RegistryTable(staff_roles, "staff_id", lambda _id: {"active": True, "ends_on": None}, lambda _row: {})


def patient_update(patient: Patient) -> RegistryUpdate:
    """Return the update that sets every field of a patient."""
    names = ("display_name", "preferred_name", "medical_record_number", "birth_date", "active")
    return RegistryUpdate(patient.id, {name: getattr(patient, name) for name in names})


def staff_update(member: StaffMember) -> RegistryUpdate:
    """Return the update that sets every field of a member of staff."""
    fields = {"display_name": member.display_name, "credentials": member.credentials, "registry_active": member.active}
    return RegistryUpdate(member.id, fields)


async def store_updates(
    connection: AsyncConnection, organization_id: str, kind: RegistryTable, updates: Sequence[RegistryUpdate]
) -> StoredUpdates:
    """Store updates in order in the caller's transaction. Other rows stay as they are.

    Call `refresh_staff_activity` after updates of staff or their roles. After updates of patients, call
    `resolvers.commands.registry.settle_rosters`.
    """
    if not updates:
        return StoredUpdates()
    await lock_imports(connection)
    fields = ("id", kind.required, *kind.defaults(""), UPDATED_AT, FIELD_TIMES)
    before = await load_rows(connection, organization_id, kind.table, fields, {update.id for update in updates})
    outcomes, changed_rows = apply_updates(kind, before, updates)
    await upsert_rows(connection, organization_id, kind.table, changed_rows)
    switched = {
        row["id"] for row in changed_rows if row["id"] in before and row[kind.active] != before[row["id"]][kind.active]
    }
    return StoredUpdates(outcomes, switched)


def apply_updates(
    kind: RegistryTable, before: Mapping[str, Mapping[str, Any]], updates: Sequence[RegistryUpdate]
) -> tuple[list[Outcome], list[dict[str, Any]]]:
    """Return the outcome of each update and the rows to store. `before` has the stored rows by id.

    An update is compared with the result of earlier updates of the same record.
    """
    after: dict[str, Mapping[str, Any]] = dict(before)
    outcomes = []
    for registry_update in updates:
        outcome, record = apply_update(
            after.get(registry_update.id), registry_update, kind.required, kind.defaults(registry_update.id)
        )
        outcomes.append(outcome)
        if record is not None:
            after[registry_update.id] = record
    changed_rows = [
        {**record, **kind.derived(record)} for key, record in sorted(after.items()) if record != before.get(key)
    ]
    return outcomes, changed_rows


async def staff_of_roles(connection: AsyncConnection, organization_id: str, role_ids: Iterable[str]) -> set[str]:
    """Return the ids of the staff that have these roles. Unknown roles are ignored."""
    roles = await load_rows(connection, organization_id, staff_roles, ("id", "staff_id"), set(role_ids))
    return {role["staff_id"] for role in roles.values()}


async def refresh_staff_activity(
    connection: AsyncConnection, organization_id: str, staff_ids: Iterable[str], today: date
) -> None:
    """Set `active` of the staff: active in the registry, and with no roles or at least one current role."""
    roles = staff_roles.alias("roles")
    of_member = and_(roles.c.organization_id == staff_members.c.organization_id, roles.c.staff_id == staff_members.c.id)
    is_current = and_(of_member, roles.c.active, or_(roles.c.ends_on.is_(None), roles.c.ends_on >= today))
    works = and_(
        staff_members.c.registry_active,
        or_(exists().where(is_current), ~exists().where(of_member)),
    )
    for ids in chunks(staff_ids):
        await connection.execute(
            update(staff_members)
            .where(
                staff_members.c.organization_id == organization_id,
                staff_members.c.id.in_(ids),
                staff_members.c.active != works,
            )
            .values(active=works)
        )
