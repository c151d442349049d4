"""Updates from the registries that own staff, locations and patients, and what an update does to the stored record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

UPDATED_AT: Final = "registry_updated_at"
"""The field that holds when the registry last changed the record, as far as it says."""
FIELD_TIMES: Final = "registry_field_times"
"""The field that holds the times of fields that are of another version than that: ISO 8601, or None where unknown.

It is None where all fields are of one version. Versions that leave fields out make it differ.
"""


@dataclass(frozen=True, slots=True)
class RegistryUpdate:
    """What a registry states about one record.

    Attributes:
        id: The record's id in the registry.
        fields: The stated values by field. A field that is left out keeps its stored value.
        updated_at: When the registry last changed the record; None where it does not say.
    """

    id: str
    fields: Mapping[str, Any]
    updated_at: datetime | None = None


class Outcome(StrEnum):
    """What came of an update."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    OLDER = "older"
    """What the stored record has is newer in every field, so the update was left out."""
    NOT_HELD = "not_held"
    """There is no such record, and the update does not state enough to create one."""


def apply_update(
    stored: Mapping[str, Any] | None, update: RegistryUpdate, required: str, defaults: Mapping[str, Any]
) -> tuple[Outcome, Mapping[str, Any] | None]:
    """Return the outcome of an update and the record after it.

    Each field is decided by itself: of two values with a time, the later one wins in whatever order they arrive; of two
    with the same time, or where one has none, the one that arrives last. So a version that leaves fields out keeps no
    earlier version of these out.

    Args:
        stored: The record before, None where there is none.
        update: The update.
        required: The field without which no record is created.
        defaults: The values of the other fields of a new record.
    """
    names = (required, *defaults)
    if stored is None:
        if required not in update.fields:
            return Outcome.NOT_HELD, None
        times = {name: update.updated_at if name in update.fields else None for name in names}
        return Outcome.NEW, {"id": update.id, **defaults, **update.fields, **_as_stored(times)}
    times = _field_times(stored, names)
    taken = {name: value for name, value in update.fields.items() if not _is_before(update.updated_at, times[name])}
    if update.fields and not taken:
        return Outcome.OLDER, stored
    record = {**stored, **taken}
    outcome = Outcome.UNCHANGED if record == stored else Outcome.CHANGED
    times |= {name: update.updated_at or times[name] for name in taken}
    return outcome, record | _as_stored(times)


def _is_before(time: datetime | None, known: datetime | None) -> bool:
    return time is not None and known is not None and time < known


def _field_times(stored: Mapping[str, Any], names: Iterable[str]) -> dict[str, datetime | None]:
    others = stored[FIELD_TIMES] or {}
    read = {name: datetime.fromisoformat(text) if text else None for name, text in others.items()}
    return dict.fromkeys(names, stored[UPDATED_AT]) | read


def _as_stored(times: Mapping[str, datetime | None]) -> dict[str, Any]:
    newest = max((time for time in times.values() if time is not None), default=None)
    others = {name: time.isoformat() if time else None for name, time in times.items() if time != newest}
    return {UPDATED_AT: newest, FIELD_TIMES: others or None}
