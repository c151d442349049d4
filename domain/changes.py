"""What a decision leaves behind besides rows: events for the other modules, history for the auditors."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID


class EntityType(StrEnum):
    """What a history entry is about."""

    GROUP_DEFINITION = "group_definition"
    OCCURRENCE = "occurrence"
    ENROLLMENT = "enrollment"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, as text. None: it had, or has, no value."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What was done to one entity. Who did it and when is known by the transaction that stores it."""

    entity_type: EntityType
    entity_id: UUID
    action: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A fact for other modules: ids, dates, times and statuses, never a name.

    Attributes:
        name: The event's name, e.g. pm_group_session_scheduled.
        group_definition_id: The group it belongs to; events of one group are told in their order.
        payload: The facts, ready for JSON.
        site_id: The id of the location concerned, where there is one.
    """

    name: str
    group_definition_id: UUID
    payload: Mapping[str, str | int | None]
    site_id: str | None = None


# Kept by the table for itself, or told by the entry's own time.
_NOT_HISTORY = frozenset({"version", "created_at", "updated_at"})


def as_text(value: object) -> str | None:
    """Return a field's value as history and events tell it: ISO 8601 for dates, times and instants."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(str(as_text(item)) for item in value)
    return str(value)


def differences(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return the fields in which two records of one class differ; before is None for a new record."""
    told = _texts(before)
    return tuple(
        FieldChange(field, told.get(field), text) for field, text in _texts(after).items() if told.get(field) != text
    )


def _texts(record: Any) -> dict[str, str | None]:
    if record is None:
        return {}
    told: dict[str, str | None] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in _NOT_HISTORY:
            continue
        if field.name == "recurrence":
            told |= {
                f"recurrence_{name}": as_text(getattr(value, name, None) or None)
                for name in ("rule", "start_date", "start_time", "excluded_dates")
            }
            continue
        told[field.name] = as_text(value)
    return told
