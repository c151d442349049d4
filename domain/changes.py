"""The records of a decision besides its rows: events for other modules, and history for auditors."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypedDict
from uuid import UUID


class EntityType(StrEnum):
    """The kind of entity that a history entry is about."""

    GROUP_DEFINITION = "group_definition"
    OCCURRENCE = "occurrence"
    ENROLLMENT = "enrollment"
    CLOSURE = "closure"


JsonText = str | UUID | date | time | None
"""A text, or a value that JSON has as a text: a UUID, or a date, time or instant by ISO 8601. None for no value."""

HistoryValues = dict[str, JsonText]
"""The values of a record's fields, by the names that its history has for them."""


class FieldChange(TypedDict):
    """The value of one field before and after a change.

    A dict, since two years of daily sessions have 8,000 of them: JSON is written ten times as fast as of objects.
    """

    field: str
    before: JsonText
    after: JsonText


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
    payload: dict[str, JsonText | int]
    site_id: str | None = None


# The version is bookkeeping, and the entry has a time of its own.
_NOT_IN_HISTORY = frozenset({"version", "created_at", "updated_at"})
_RECURRENCE_FIELDS = ("rule", "start_date", "start_time", "excluded_dates")

# Values of these classes have the same text in JSON as by `as_text`.
_WRITTEN_AS_TEXT = frozenset({type(None), str, UUID, date, time, datetime})


def max_changes(record_class: type) -> int:
    """Return how many fields of a record its history can name in one entry, as for a new record."""
    return len(_history_reader(record_class)[0])


def as_text(value: object) -> str | None:
    """Return a field's value as text for history and events. Dates, times and instants are in ISO 8601."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)  # a member of an enumeration becomes its value
    if isinstance(value, bool):
        # False is no text, so that a new flag changes nothing in the history of earlier records.
        return "true" if value else None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, tuple):
        # An empty tuple is no text, for the same reason.
        return ", ".join(str(as_text(item)) for item in value) or None
    return str(value)


def differences(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return the fields in which two records of one class differ. `before` is None for a new record."""
    return differences_of_values(None if before is None else history_values(before), history_values(after))


def differences_of_values(before: HistoryValues | None, after: HistoryValues) -> tuple[FieldChange, ...]:
    """Return the fields in which the values of two records of one class differ. `before` is None for a new record."""
    changes: list[FieldChange]
    if before is None:
        changes = [{"field": name, "before": None, "after": now} for name, now in after.items() if now is not None]
    else:
        changes = [
            {"field": name, "before": before[name], "after": now} for name, now in after.items() if before[name] != now
        ]
    return tuple(changes)


def history_values(record: Any) -> HistoryValues:
    """Return the values of a record's fields by the names that its history has for them."""
    names, read = _history_reader(record.__class__)
    return {
        name: value if type(value) in _WRITTEN_AS_TEXT else as_text(value)
        for name, value in zip(names, read(record), strict=True)
    }


@cache
def _history_reader(record_class: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the names that the history has for a record's fields, and the function that reads their values."""
    names = tuple(field.name for field in fields(record_class) if field.name not in _NOT_IN_HISTORY)
    read: Callable[[Any], tuple[Any, ...]] = attrgetter(*names)
    if "recurrence" not in names:
        return names, read
    index = names.index("recurrence")

    def read_with_recurrence(record: Any) -> tuple[Any, ...]:
        values = read(record)
        # No excluded dates are no value.
        recurrence = (getattr(values[index], name, None) or None for name in _RECURRENCE_FIELDS)
        return (*values[:index], *recurrence, *values[index + 1 :])

    of_recurrence = (f"recurrence_{name}" for name in _RECURRENCE_FIELDS)
    return (*names[:index], *of_recurrence, *names[index + 1 :]), read_with_recurrence
