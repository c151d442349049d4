"""Updates from the registries that own staff, locations and patients, and their effect on the stored records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

UPDATED_AT: Final = "registry_updated_at"
"""The field with the time when the registry last changed the record, if known."""
FIELD_TIMES: Final = "registry_field_times"
"""The field with the times of fields that were last changed at another time: ISO 8601, or None if unknown.

It is None if all fields were changed at the same time. Updates that leave fields out make the times differ.
"""


@dataclass(frozen=True, slots=True)
class RegistryUpdate:
    """A registry's update of one record.

    Attributes:
        id: The record's id in the registry.
        fields: The new values by field. A field that is left out keeps its stored value.
        updated_at: When the registry last changed the record; None if unknown.
    """

    id: str
    fields: Mapping[str, Any]
    updated_at: datetime | None = None


class Outcome(StrEnum):
    """The outcome of an update."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    OLDER = "older"
    """The stored record is newer in every field, so the update is ignored."""
    NOT_HELD = "not_held"
    """The record does not exist, and the update does not contain enough to create it."""


def apply_update(
    stored: Mapping[str, Any] | None, update: RegistryUpdate, required: str, defaults: Mapping[str, Any]
) -> tuple[Outcome, Mapping[str, Any] | None]:
    """Return the outcome of an update and the record after it.

    Each field is decided separately. Of two values with different times, the later one wins, in any order of arrival.
    If the times are equal or one is unknown, the value that arrives last wins. So an update that leaves out a field
    does not block an earlier update of that field.

    Args:
        stored: The stored record; None if it does not exist.
        update: The update.
        required: The field that a new record must have.
        defaults: The default values of the other fields of a new record.
    """
    names = (required, *defaults)
    if stored is None:
        if required not in update.fields:
            return Outcome.NOT_HELD, None
        times = {name: update.updated_at if name in update.fields else None for name in names}
        return Outcome.NEW, {"id": update.id, **defaults, **update.fields, **_as_stored(times)}
    times = _field_times(stored, names)
    newer = {name: value for name, value in update.fields.items() if not _is_before(update.updated_at, times[name])}
    if update.fields and not newer:
        return Outcome.OLDER, stored
    record = {**stored, **newer}
    outcome = Outcome.UNCHANGED if record == stored else Outcome.CHANGED
    times |= {name: update.updated_at or times[name] for name in newer}
    return outcome, record | _as_stored(times)


def _is_before(time: datetime | None, stored: datetime | None) -> bool:
    return time is not None and stored is not None and time < stored


def _field_times(stored: Mapping[str, Any], names: Iterable[str]) -> dict[str, datetime | None]:
    texts = stored[FIELD_TIMES] or {}
    differing = {name: datetime.fromisoformat(text) if text else None for name, text in texts.items()}
    return dict.fromkeys(names, stored[UPDATED_AT]) | differing


def _as_stored(times: Mapping[str, datetime | None]) -> dict[str, Any]:
    newest = max((time for time in times.values() if time is not None), default=None)
    differing = {name: time.isoformat() if time else None for name, time in times.items() if time != newest}
    return {UPDATED_AT: newest, FIELD_TIMES: differing or None}
