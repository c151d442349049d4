"""Whether history and events explain every record: each version, each field's value, each event that was told.

Records, their history and their events are read side by side, each in the order of the record's id: one record's at a
time is held in memory. What is compared does not depend on the order of entries, since ids of entries that different
machines make within a millisecond may come in another order than their transactions.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.invariants.rosters import STREAMED
from db.invariants.violations import Invariant, OrganizationSnapshot, Violation
from db.sql.rows import (
    ENROLLMENT_COLUMNS,
    GROUP_COLUMNS,
    OCCURRENCE_COLUMNS,
    enrollment_record,
    group_record,
    occurrence_record,
)
from db.tables import audit_log, enrollments, group_definitions, occurrences, outbox
from domain.changes import EntityType, differences


@dataclass(frozen=True, slots=True)
class _Kind:
    """What there is to know of one kind of record. The names are written out here: a check repeats no rule."""

    table: Table
    columns: tuple[Column[Any], ...]
    record: Callable[[Any], Any]
    name: str
    births: frozenset[str]
    events: MappingProxyType[str, str]
    event_key: str


_KINDS: Final = MappingProxyType(
    {
        EntityType.GROUP_DEFINITION: _Kind(
            group_definitions, GROUP_COLUMNS, group_record, "group", frozenset({"created"}), MappingProxyType({}), ""
        ),
        EntityType.OCCURRENCE: _Kind(
            occurrences,
            OCCURRENCE_COLUMNS,
            occurrence_record,
            "session",
            frozenset({"scheduled"}),
            MappingProxyType(
                {
                    "scheduled": "pm_group_session_scheduled",
                    "rescheduled": "pm_group_session_rescheduled",
                    "cancelled": "pm_group_session_cancelled",
                }
            ),
            "schedule_id",
        ),
        EntityType.ENROLLMENT: _Kind(
            enrollments,
            ENROLLMENT_COLUMNS,
            enrollment_record,
            "enrollment",
            frozenset({"enrolled", "waitlisted"}),
            MappingProxyType(
                {
                    "enrolled": "pm_group_patient_enrolled",
                    "waitlisted": "pm_group_patient_waitlisted",
                    "promoted": "pm_group_patient_promoted",
                    "promoted_over_capacity": "pm_group_patient_promoted",
                    "disenrolled": "pm_group_patient_disenrolled",
                    "removed": "pm_group_patient_disenrolled",
                }
            ),
            "enrollment_id",
        ),
    }
)
# Who moves up since others left changes places without a new version; who is moved gets one, under the same name.
_MAY_RAISE_NO_VERSION: Final = "waitlist_position_changed"


@dataclass(frozen=True, slots=True)
class Explained:
    """One id's row (None: there is none), its history, and its events."""

    kind: EntityType
    id: str
    row: Any | None
    entries: list[Any]
    events: list[Any]


async def records(snapshot: OrganizationSnapshot, kind: EntityType) -> AsyncIterator[Explained]:
    """Return every record of a kind, and every id that only history or events know, in the order of their ids."""
    known = _KINDS[kind]
    rows = _Ahead(snapshot.connection, _rows(snapshot, known), "id")
    entries = _Ahead(snapshot.connection, _entries(snapshot, kind), "entity_id")
    events = _Ahead(snapshot.connection, _events(snapshot, known), "record_id") if known.events else None
    sources = [rows, entries] if events is None else [rows, entries, events]
    for source in sources:
        await source.open()
    while keys := [source.key for source in sources if source.key is not None]:
        key = min(keys)
        row = await rows.take(key)
        told = await entries.take(key)
        yield Explained(kind, key, row[0] if row else None, told, await events.take(key) if events else [])


def unexplained(record: Explained, organization_id: str) -> Iterator[Violation]:
    """Return what a record's history and events leave unexplained."""
    kind = _KINDS[record.kind]
    ids = ((kind.name, record.id),)
    if fields := tuple(_unexplained_fields(kind, record)):
        yield Violation(Invariant.HISTORY_EXPLAINS_RECORDS, organization_id, ids, fields)
    if names := tuple(_unexplained_events(kind, record, organization_id)):
        yield Violation(Invariant.EVENTS_FOLLOW_HISTORY, organization_id, ids, names)


async def unknown_events(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Return the events that no change of a record tells."""
    known = [name for kind in _KINDS.values() for name in kind.events.values()]
    query = select(outbox.c.id).where(
        outbox.c.organization_id == snapshot.organization_id, outbox.c.event.not_in(known)
    )
    async for row in await snapshot.connection.stream(query, execution_options=STREAMED):
        yield Violation(Invariant.EVENTS_FOLLOW_HISTORY, snapshot.organization_id, (("event", str(row.id)),))


def _unexplained_fields(kind: _Kind, record: Explained) -> Iterator[str]:
    row, entries = record.row, record.entries
    if row is None:
        yield "record"
        return
    births = [entry for entry in entries if entry.action in kind.births]
    if [entry.at for entry in births] != [row.created_at]:
        yield "created_at"
    if row.updated_at not in {entry.at for entry in entries}:
        yield "updated_at"
    raised = sum(entry.action != _MAY_RAISE_NO_VERSION for entry in entries)
    if not raised <= row.version <= len(entries):
        yield "version"
    yield from _unexplained_values(kind, row, entries)


def _unexplained_values(kind: _Kind, row: Any, entries: list[Any]) -> Iterator[str]:
    # A field goes from nothing to its value now over the entries' befores and afters, so each value in between is
    # reached as often as it is left.
    balance: dict[str, Counter[str | None]] = {}
    for entry in entries:
        for change in entry.changes:
            field = balance.setdefault(change["field"], Counter())
            field[change["after"]] += 1
            field[change["before"]] -= 1
    now = {change.field: change.after for change in differences(None, kind.record(row))}
    for name in sorted(balance.keys() | now.keys()):
        field = balance.get(name, Counter())
        field[None] += 1
        field[now.get(name)] -= 1
        if any(field.values()):
            yield name


def _unexplained_events(kind: _Kind, record: Explained, organization_id: str) -> Iterator[str]:
    expected = Counter(
        (kind.events[entry.action], entry.at, entry.correlation_id)
        for entry in record.entries
        if entry.action in kind.events and _is_news(entry)
    )
    told = Counter(
        (event.event, event.created_at, event.envelope["metadata"]["correlation_id"]) for event in record.events
    )
    yield from sorted({name for name, _, _ in (expected - told) + (told - expected)})
    group_id = None if record.row is None else str(record.row.group_definition_id) if kind.events else None
    for event in record.events:
        named = (
            event.envelope["id"],
            event.envelope["event"],
            event.envelope["metadata"]["organization_id"],
            event.envelope["payload"]["group_definition_id"],
        )
        of_group = str(event.group_definition_id) == group_id
        if not of_group or named != (str(event.id), event.event, organization_id, group_id):
            yield "envelope"


def _is_news(entry: Any) -> bool:
    # Removing the record of somebody who left before frees no seat.
    return entry.action != "removed" or any(change["field"] == "status" for change in entry.changes)


def _rows(snapshot: OrganizationSnapshot, kind: _Kind) -> Select[Any]:
    table = kind.table
    return select(*kind.columns).where(table.c.organization_id == snapshot.organization_id).order_by(table.c.id)


def _entries(snapshot: OrganizationSnapshot, kind: EntityType) -> Select[Any]:
    return (
        select(
            audit_log.c.entity_id,
            audit_log.c.at,
            audit_log.c.correlation_id,
            audit_log.c.action,
            audit_log.c.changes,
        )
        .where(audit_log.c.organization_id == snapshot.organization_id, audit_log.c.entity_type == kind.value)
        .order_by(audit_log.c.entity_id, audit_log.c.id)
    )


def _events(snapshot: OrganizationSnapshot, kind: _Kind) -> Select[Any]:
    record_id = outbox.c.envelope["payload"][kind.event_key].as_string()
    if snapshot.connection.dialect.name == "postgresql":
        record_id = record_id.collate("C")  # as Python compares texts, and as both databases order ids
    return (
        select(
            record_id.label("record_id"),
            outbox.c.id,
            outbox.c.event,
            outbox.c.created_at,
            outbox.c.group_definition_id,
            outbox.c.envelope,
        )
        .where(outbox.c.organization_id == snapshot.organization_id, outbox.c.event.in_(set(kind.events.values())))
        .order_by(record_id)
    )


class _Ahead:
    """Rows in the order of a key, read one ahead: those of a key are taken together."""

    def __init__(self, connection: AsyncConnection, query: Select[Any], key: str) -> None:
        self._connection = connection
        self._query = query
        self._column = key
        self._next: Any | None = None

    async def open(self) -> None:
        """Send the query."""
        self._rows = aiter(await self._connection.stream(self._query, execution_options=STREAMED))
        await self._read()

    @property
    def key(self) -> str | None:
        """The key of the next row; None after the last."""
        return None if self._next is None else str(getattr(self._next, self._column))

    async def take(self, key: str) -> list[Any]:
        """Return the rows of this key, and go on to the next."""
        taken: list[Any] = []
        while self._next is not None and self.key == key:
            taken.append(self._next)
            await self._read()
        return taken

    async def _read(self) -> None:
        self._next = await anext(self._rows, None)
