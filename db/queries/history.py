"""Reading history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam

from db.queries.pages import Slice, count_of_one, counts, page_of_one, read_pages
from db.sql.layouts import Layout
from db.sql.lookups import Lookup
from db.sql.page_statements import Order, Window
from db.tables import audit_log
from db.transactions.snapshots import Snapshot
from domain.changes import EntityType, FieldChange

_columns = audit_log.c


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry of the history, with who did it and when."""

    id: UUID
    at: datetime
    actor_id: str
    action: str
    changes: tuple[FieldChange, ...]


def _read(row: Sequence[Any]) -> StoredEntry:
    changes = tuple(FieldChange(change["field"], change["before"], change["after"]) for change in row[4])
    return StoredEntry(row[0], row[1], row[2], row[3], changes)


def _keys(entry: StoredEntry) -> tuple[Any, ...]:
    return (entry.id,)


HISTORY_ORDER: Order[StoredEntry] = Order(
    "history",
    audit_log,
    Layout(
        StoredEntry,
        (_columns.id, _columns.at, _columns.actor_id, _columns.action, _columns.changes),
        _read,
        converted=frozenset({"changes"}),
    ),
    (_columns.id,),
    (UUID,),
    _keys,
    {"kind": _columns.entity_type == bindparam("kind", type_=_columns.entity_type.type)},
    descending=True,
)
"""Newest first: ids of version 7 grow with time."""


def page_of_history(kind: EntityType, window: Window) -> Lookup[Slice[StoredEntry]]:
    """Return what finds a page of one record's history."""
    return page_of_one(HISTORY_ORDER, _columns.entity_id, {"kind": kind.value}, window)


def count_of_history(kind: EntityType) -> Lookup[int]:
    """Return what finds how many entries one record's history has."""
    return count_of_one(HISTORY_ORDER, _columns.entity_id, {"kind": kind.value})


async def pages_of_history(
    snapshot: Snapshot, kind: EntityType, ids: Sequence[UUID], window: Window
) -> list[Slice[StoredEntry]]:
    """Return the same page of many records' history, by one statement."""
    return await read_pages(snapshot, HISTORY_ORDER, _columns.entity_id, ids, {"kind": kind.value}, window)


async def count_history(snapshot: Snapshot, kind: EntityType, ids: Sequence[UUID]) -> list[int]:
    """Return how many entries each record's history has, by one statement."""
    return await counts(snapshot, HISTORY_ORDER, _columns.entity_id, ids, {"kind": kind.value})
