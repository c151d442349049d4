"""The history of records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam

from db.queries.relations import Relation
from db.sql.layouts import Layout
from db.sql.listings import Listing
from db.tables import audit_log
from domain.changes import EntityType

_columns = audit_log.c


@dataclass(frozen=True, slots=True)
class StoredFieldChange:
    """The value of one field before and after a stored change, as text. None if it has no value."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class StoredChange:
    """One stored change of a record: who made it, when, the fields that changed, and the record."""

    id: UUID
    at: datetime
    actor_id: str
    action: str
    changes: tuple[StoredFieldChange, ...]
    entity_type: EntityType
    entity_id: UUID


_ENTITY_TYPES: Final = {entity_type.value: entity_type for entity_type in EntityType}


def _make_record(row: Sequence[Any]) -> StoredChange:
    entry_id, at, actor_id, action, stored, entity_type, entity_id = row[:7]
    changes = tuple(StoredFieldChange(change["field"], change["before"], change["after"]) for change in stored)
    return StoredChange(entry_id, at, actor_id, action, changes, _ENTITY_TYPES[entity_type], entity_id)


HISTORY: Listing[StoredChange] = Listing(
    "history",
    audit_log,
    Layout(
        StoredChange,
        (
            _columns.id,
            _columns.at,
            _columns.actor_id,
            _columns.action,
            _columns.changes,
            _columns.entity_type,
            _columns.entity_id,
        ),
        _make_record,
        {"entity_type": _ENTITY_TYPES},
        converted=frozenset({"changes"}),
    ),
    (_columns.id,),
    (UUID,),
    ("id",),
    None,
    {"entity_type": _columns.entity_type == bindparam("entity_type", type_=_columns.entity_type.type)},
    descending=True,
)
"""Entries of the history, newest first: ids of version 7 grow with time."""

HISTORY_OF: Final[Mapping[EntityType, Relation[StoredChange]]] = {
    entity_type: Relation(HISTORY, _columns.entity_id, {"entity_type": entity_type.value}) for entity_type in EntityType
}
