"""Checks that history and events explain every record: each version, each value of a field, and each event.

Three queries read the records, their history entries and their events side by side, in the order of the record ids, so
only one record with its history is in memory. The comparison does not depend on the order of the entries: the ids of
entries that two servers create in the same millisecond may not have the order of their transactions.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, select

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.record_kinds import RECORD_KINDS, RecordKind
from db.invariants.violations import Invariant, Violation
from db.tables import audit_log, outbox
from domain.changes import EntityType, as_text, history_values

# An enrollment that moves up because others ended keeps its version. One that is moved on purpose gets a new version.
# Both have the first action. Migrating recorded the recurrence dates of earlier sessions, and the starts of earlier
# enrollments, which keep their version.
_ACTIONS_WITH_OPTIONAL_VERSION: Final = frozenset(
    {"waitlist_position_changed", "recurrence_date_recorded", "start_date_recorded"}
)

# A transfer names the patient's enrollment in the other group in two entries, but in no field of the records.
_FIELDS_OF_ENTRIES: Final = frozenset({"transferred_to", "transferred_from"})


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """A record's row (None if it is missing), its history entries, and its events."""

    entity_type: EntityType
    id: str
    row: Any | None
    entries: list[Any]
    events: list[Any]


async def read_histories(snapshot: OrganizationSnapshot, entity_type: EntityType) -> AsyncIterator[RecordHistory]:
    """Yield the history of every id that has a record, a history entry or an event, in the order of the ids."""
    kind = RECORD_KINDS[entity_type]
    rows = _GroupedRows(snapshot, _rows(snapshot, kind), "id")
    entries = _GroupedRows(snapshot, _entries(snapshot, entity_type), "entity_id")
    events = _GroupedRows(snapshot, _events(snapshot, kind), "record_id") if kind.events else None
    sources = [rows, entries] if events is None else [rows, entries, events]
    for source in sources:
        await source.open()
    while keys := [source.key for source in sources if source.key is not None]:
        key = min(keys)
        row = next(iter(await rows.take(key)), None)
        yield RecordHistory(
            entity_type, key, row, await entries.take(key), [] if events is None else await events.take(key)
        )


def history_violations(snapshot: OrganizationSnapshot, history: RecordHistory) -> Iterator[Violation]:
    """Yield what a record's history and events do not explain."""
    kind = RECORD_KINDS[history.entity_type]
    if fields := tuple(_unexplained_fields(kind, history)):
        yield snapshot.violation(Invariant.HISTORY_EXPLAINS_RECORDS, {kind.name: history.id}, *fields)
    if names := tuple(_unexplained_events(kind, history, snapshot.organization_id)):
        yield snapshot.violation(Invariant.EVENTS_FOLLOW_HISTORY, {kind.name: history.id}, *names)


async def unknown_events(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the events whose name belongs to no action."""
    known = [name for kind in RECORD_KINDS.values() for name in kind.events.values()]
    query = select(outbox.c.id).where(
        outbox.c.organization_id == snapshot.organization_id, outbox.c.event.not_in(known)
    )
    async for row in snapshot.stream(query):
        yield snapshot.violation(Invariant.EVENTS_FOLLOW_HISTORY, {"event": row.id})


def _unexplained_fields(kind: RecordKind, history: RecordHistory) -> Iterator[str]:
    row, entries = history.row, history.entries
    if row is None:
        yield "record"
        return
    creations = [entry.at for entry in entries if entry.action in kind.creation_actions]
    if creations != [row.created_at]:
        yield "created_at"
    if row.updated_at not in {entry.at for entry in entries}:
        yield "updated_at"
    versions = sum(entry.action not in _ACTIONS_WITH_OPTIONAL_VERSION for entry in entries)
    if not versions <= row.version <= len(entries):
        yield "version"
    yield from _unexplained_values(kind, row, entries)


def _unexplained_values(kind: RecordKind, row: Any, entries: list[Any]) -> Iterator[str]:
    # The entries lead a field from None to its current value. So every other value is set exactly as often as it is
    # replaced.
    balance: dict[str, Counter[str | None]] = {}
    for entry in entries:
        for change in entry.changes:
            if change["field"] in _FIELDS_OF_ENTRIES:
                continue
            field = balance.setdefault(change["field"], Counter())
            field[change["after"]] += 1
            field[change["before"]] -= 1
    current = {name: as_text(value) for name, value in history_values(kind.record(row)).items() if value is not None}
    for name in sorted(balance.keys() | current.keys()):
        field = balance.get(name, Counter())
        field[None] += 1
        field[current.get(name)] -= 1
        if any(field.values()):
            yield name


def _unexplained_events(kind: RecordKind, history: RecordHistory, organization_id: str) -> Iterator[str]:
    expected = Counter(
        (kind.events[entry.action], entry.at, entry.correlation_id)
        for entry in _entries_with_events(history)
        if entry.action in kind.events
    )
    recorded = Counter(
        (event.event, event.created_at, event.envelope["metadata"]["correlation_id"]) for event in history.events
    )
    yield from sorted({name for name, _, _ in (expected - recorded) + (recorded - expected)})
    group_id = str(history.row.group_definition_id) if kind.events and history.row is not None else None
    for event in history.events:
        envelope = (
            event.envelope["id"],
            event.envelope["event"],
            event.envelope["metadata"]["organization_id"],
            event.envelope["payload"]["group_definition_id"],
        )
        if str(event.group_definition_id) != group_id or envelope != (
            str(event.id),
            event.event,
            organization_id,
            group_id,
        ):
            yield "envelope"


def _entries_with_events(history: RecordHistory) -> Iterator[Any]:
    """Yield the entries whose action records an event, if any action of that name does."""
    # Releases before the recurrence dates of sessions recorded no event if only the staff or the location changed.
    # Migrating added an entry to the history of each such session.
    actions = [entry.action for entry in history.entries]
    recorded = actions.index("recurrence_date_recorded") if "recurrence_date_recorded" in actions else 0
    for number, entry in enumerate(history.entries):
        is_of_earlier_release = entry.action == "updated" and number < recorded
        # Removing an enrollment that had ended before frees no seat, so it records no event.
        frees_no_seat = entry.action == "removed" and all(change["field"] != "status" for change in entry.changes)
        if not is_of_earlier_release and not frees_no_seat:
            yield entry


def _rows(snapshot: OrganizationSnapshot, kind: RecordKind) -> Select[Any]:
    table = kind.table
    return select(*kind.columns).where(table.c.organization_id == snapshot.organization_id).order_by(table.c.id)


def _entries(snapshot: OrganizationSnapshot, entity_type: EntityType) -> Select[Any]:
    return (
        select(
            audit_log.c.entity_id,
            audit_log.c.at,
            audit_log.c.correlation_id,
            audit_log.c.action,
            audit_log.c.changes,
        )
        .where(audit_log.c.organization_id == snapshot.organization_id, audit_log.c.entity_type == entity_type.value)
        .order_by(audit_log.c.entity_id, audit_log.c.id)
    )


def _events(snapshot: OrganizationSnapshot, kind: RecordKind) -> Select[Any]:
    record_id = outbox.c.envelope["payload"][kind.event_key].as_string()
    if snapshot.connection.dialect.name == "postgresql":
        record_id = record_id.collate("C")  # the order of Python's strings, and of ids in both databases
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


class _GroupedRows:
    """Streams the rows of a query that is ordered by a key, and returns them grouped by it."""

    def __init__(self, snapshot: OrganizationSnapshot, query: Select[Any], key: str) -> None:
        self._rows = snapshot.stream(query)
        self._column = key
        self._next: Any | None = None

    async def open(self) -> None:
        """Send the query and read the first row."""
        await self._read()

    @property
    def key(self) -> str | None:
        """The key of the next row. None after the last."""
        return None if self._next is None else str(getattr(self._next, self._column))

    async def take(self, key: str) -> list[Any]:
        """Return the rows with this key, and advance to the next key."""
        rows: list[Any] = []
        while self._next is not None and self.key == key:
            rows.append(self._next)
            await self._read()
        return rows

    async def _read(self) -> None:
        self._next = await anext(self._rows, None)
