"""A small clinic with people, places and callers, and a snapshot of all rows that a use case stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, insert, select
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import audit_log, enrollments, group_definitions, locations, occurrences, outbox, patients, staff_members
from domain.groups import GroupDraft
from domain.records import GroupDefinition, GroupType
from domain.search_text import search_text
from resolvers.caller import Caller, PermissionKey
from resolvers.commands.groups import create_group
from resolvers.context import Clinic, Context

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
OURS = "org-ours"
THEIRS = "org-theirs"


def clinic(engine: Database, now: datetime = NOW) -> Clinic:
    """Return a clinic whose clock always returns `now`."""
    return Clinic(engine, lambda: now, uuid7, "America/Phoenix", 6)


def caller(organization: str = OURS, keys: Iterable[PermissionKey] = PermissionKey) -> Caller:
    return Caller("user-1", organization, frozenset(keys))


def context(engine: Database, organization: str = OURS) -> Context:
    """Return the context of a caller with all permissions."""
    return Context(clinic(engine), caller(organization), "request-1")


async def seed(engine: Database, organization: str = OURS, patient_count: int = 8) -> None:
    """Store two staff members, two locations, the patients patient-1 to patient-n, and an inactive patient."""
    people: list[dict[str, Any]] = [{"id": f"staff-{n}", "display_name": f"Staff {n}", "active": True} for n in (1, 2)]
    places: list[dict[str, Any]] = [
        {"id": "phoenix", "site": "Phoenix", "room": "Room 1", "time_zone": "America/Phoenix"},
        {"id": "denver", "site": "Denver", "room": None, "time_zone": "America/Denver"},
    ]
    registry: list[dict[str, Any]] = [
        {"id": f"patient-{n}", "display_name": f"Patient {n}", "medical_record_number": f"MR{n}", "active": True}
        for n in range(1, patient_count + 1)
    ]
    registry.append({"id": "inactive", "display_name": "Patient Gone", "medical_record_number": "MR0", "active": False})
    async with engine.begin() as connection:
        tables: list[tuple[Table, list[dict[str, Any]]]] = [
            (staff_members, people),
            (locations, places),
            (patients, registry),
        ]
        for table, rows in tables:
            named = ("display_name", "medical_record_number", "site", "room")
            await connection.execute(
                insert(table),
                [
                    {
                        **row,
                        "organization_id": organization,
                        "search_text": search_text(*(row.get(column) for column in named)),
                    }
                    for row in rows
                ],
            )


def draft(**values: Any) -> GroupDraft:
    """Return a draft of a group that is valid in every field."""
    fields: dict[str, Any] = {
        "name": "Anger management",
        "group_type": GroupType.THERAPY,
        "facilitator_id": "staff-1",
        "max_capacity": 2,
        "duration_minutes": 60,
    }
    return GroupDraft(**{**fields, **values})


async def make_group(engine: Database, organization: str = OURS, **values: Any) -> GroupDefinition:
    return await create_group(context(engine, organization), draft(**values))


@dataclass(frozen=True)
class Everything:
    """All rows of the database, by table."""

    groups: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    enrollments: list[dict[str, Any]]
    events: list[dict[str, Any]]
    history: list[dict[str, Any]]

    def event_names(self) -> list[str]:
        return [event["event"] for event in self.events]

    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.history]


async def everything(engine: Database) -> Everything:
    async with engine.connect() as connection:

        async def rows(query: Any) -> list[dict[str, Any]]:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

        return Everything(
            await rows(select(group_definitions).order_by(group_definitions.c.id)),
            await rows(select(occurrences).order_by(occurrences.c.session_date, occurrences.c.id)),
            await rows(select(enrollments).order_by(enrollments.c.place, enrollments.c.id)),
            await rows(select(outbox).order_by(outbox.c.sequence)),
            await rows(select(audit_log).order_by(audit_log.c.id)),
        )
