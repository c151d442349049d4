"""Updates from the registries that own staff, locations and patients, and what an update does to the stored record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

UPDATED_AT: Final = "registry_updated_at"
"""The field that holds when the registry last changed the record, as far as it says."""


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
    """The stored record is newer, so the update was left out."""
    NOT_HELD = "not_held"
    """There is no such record, and the update does not state enough to create one."""


def apply_update(
    stored: Mapping[str, Any] | None, update: RegistryUpdate, required: str, defaults: Mapping[str, Any]
) -> tuple[Outcome, Mapping[str, Any] | None]:
    """Return the outcome of an update and the record after it.

    Of two updates with a time, the later one wins in whatever order they arrive; of two with the same time, or where
    one has none, the one that arrives last.

    Args:
        stored: The record before, None where there is none.
        update: The update.
        required: The field without which no record is created.
        defaults: The values of the other fields of a new record.
    """
    if stored is None:
        if required not in update.fields:
            return Outcome.NOT_HELD, None
        return Outcome.NEW, {"id": update.id, **defaults, **update.fields, UPDATED_AT: update.updated_at}
    known = stored[UPDATED_AT]
    if update.updated_at is not None and known is not None and update.updated_at < known:
        return Outcome.OLDER, stored
    record = {**stored, **update.fields}
    outcome = Outcome.UNCHANGED if record == stored else Outcome.CHANGED
    return outcome, record | {UPDATED_AT: update.updated_at or known}
