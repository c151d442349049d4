"""The records of a decision besides its rows: events for other modules, and history for auditors."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID


class EntityType(StrEnum):
    """The kind of entity that a history entry is about."""

    GROUP_DEFINITION = "group_definition"
    OCCURRENCE = "occurrence"
    ENROLLMENT = "enrollment"


# Not frozen: two years of daily sessions have 8,000 of them, and creating a frozen one takes four times as long.
@dataclass(slots=True)
class FieldChange:
    """The value of one field before and after a change, as text. None if it has no value."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One action on one entity. The transaction that stores the entry adds the actor and the time."""

    entity_type: EntityType
    entity_id: UUID
    action: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A fact for other modules. It contains ids, dates, times and statuses, never a name.

    Attributes:
        name: The event's name, such as pm_group_session_scheduled.
        group_definition_id: The group it belongs to. Events of one group are delivered in order.
        payload: The values, ready for JSON.
        site_id: The id of the location, if any.
    """

    name: str
    group_definition_id: UUID
    payload: Mapping[str, str | int | None]
    site_id: str | None = None


# The version is bookkeeping, and the entry has a time of its own.
_NOT_IN_HISTORY = frozenset({"version", "created_at", "updated_at"})
_RECURRENCE_FIELDS = ("rule", "start_date", "start_time", "excluded_dates")

Texts = dict[str, str | None]
"""The fields of a record as text, by name."""


def max_changes(record_class: type) -> int:
    """Return how many fields of a record its history can name in one entry, as for a new record."""
    names = _history_fields(record_class)
    return len(names) + (len(_RECURRENCE_FIELDS) - 1 if "recurrence" in names else 0)


def as_text(value: object) -> str | None:
    """Return a field's value as text for history and events. Dates, times and instants are in ISO 8601."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        # False is no text, so that a new flag changes nothing in the history of earlier records.
        return "true" if value else None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(str(as_text(item)) for item in value)
    return str(value)


def differences(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return the fields in which two records of one class differ. `before` is None for a new record."""
    return differences_of_texts(None if before is None else history_texts(before), history_texts(after))


def differences_of_texts(before: Texts | None, after: Texts) -> tuple[FieldChange, ...]:
    """Return the fields in which the texts of two records of one class differ. `before` is None for a new record."""
    if before is None:
        return tuple(FieldChange(field, None, text) for field, text in after.items() if text is not None)
    return tuple(FieldChange(field, before[field], text) for field, text in after.items() if before[field] != text)


def history_texts(record: Any) -> Texts:
    """Return the values of a record's fields as text, by the names that its history has for them."""
    texts: dict[str, str | None] = {}
    for field in _history_fields(record.__class__):
        value = getattr(record, field)
        if field == "recurrence":
            texts |= {f"recurrence_{name}": as_text(getattr(value, name, None) or None) for name in _RECURRENCE_FIELDS}
            continue
        texts[field] = as_text(value)
    return texts


@cache
def _history_fields(record_class: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record_class) if field.name not in _NOT_IN_HISTORY)
