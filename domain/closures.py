"""Closures: days without sessions, and the decisions to create, edit and delete one.

A closure of the whole organization closes every location, and what has no location. A closure of a location closes that
location. A closure of a site, which is a location without a room, closes all locations of the same site.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from domain.changes import EntityType, HistoryEntry, differences
from domain.records import Closure, Location
from domain.references import NOTHING_NAMED, CurrentNames, References, location_faults
from domain.refusal import Fault, FaultCode, FieldPath, Refusal, refuse_if_any
from domain.session_drafts import date_fault
from domain.texts import required_text

NAME_LENGTH = 200
MAX_DAYS = 366
"""The most days of a closure: a year."""
_FIELDS: Final[Mapping[str, FieldPath]] = {
    "name": ("input", "name"),
    "from_date": ("input", "from"),
    "through_date": ("input", "through"),
    "location_id": ("input", "locationId"),
}


@dataclass(frozen=True, slots=True)
class PlacedClosure:
    """A closure with its location, which is None for the whole organization."""

    closure: Closure
    location: Location | None

    def closes(self, location: Location | None) -> bool:
        """Return whether the closure closes a location. None is the place of a session or group without a location."""
        if self.location is None:
            return True
        if location is None:
            return False
        is_its_site = self.location.room is None and self.location.site == location.site
        return is_its_site or self.location.id == location.id


@dataclass(frozen=True, slots=True)
class ClosureDraft:
    """The input for a closure. None stands for a missing value, and as the location for the whole organization."""

    name: str | None
    from_date: date | None
    through_date: date | None
    location_id: str | None


@dataclass(frozen=True, slots=True)
class ClosureChange:
    """A closure after a decision, with its history. The history is empty if nothing changed."""

    closure: Closure
    history: tuple[HistoryEntry, ...]


def closed_days(
    closures: Iterable[PlacedClosure], location: Location | None, from_date: date, through_date: date
) -> dict[date, list[Closure]]:
    """Return the days of a window on which a location is closed, in order, each with the closures that close it.

    The location is that of a session or a group; None if it has none.
    """
    days: dict[date, list[Closure]] = {}
    for placed in closures:
        if placed.closes(location):
            first, last = max(placed.closure.from_date, from_date), min(placed.closure.through_date, through_date)
            for number in range((last - first).days + 1):
                days.setdefault(first + timedelta(days=number), []).append(placed.closure)
    return dict(sorted(days.items()))


def create(draft: ClosureDraft, references: References, closure_id: UUID, now: datetime) -> ClosureChange:
    """Create a closure from a draft. Raise Refusal with all faults of the draft."""
    values = _values(draft, references, ("input", "through"))
    closure = Closure(closure_id, **values, version=1, created_at=now, updated_at=now, deleted_at=None)
    return _change(None, closure, "created")


def edit(closure: Closure, edits: Mapping[str, object], references: References, now: datetime) -> ClosureChange:
    """Apply edits, by ClosureDraft's field names. All other fields keep their values.

    Raise Refusal with all faults of the edited closure.
    """
    current = {field.name: getattr(closure, field.name) for field in fields(ClosureDraft)}
    draft = ClosureDraft(**{**current, **edits})
    # If the days contradict each other, the fault is at the edited one.
    is_only_from_edited = "from_date" in edits and "through_date" not in edits
    field = ("input", "from" if is_only_from_edited else "through")
    values = _values(draft, references, field, CurrentNames(location_id=closure.location_id))
    return _change(closure, replace(closure, **values, version=closure.version + 1, updated_at=now), "updated")


def delete(closure: Closure, now: datetime) -> ClosureChange:
    """Mark a closure as deleted. It stays stored, so that its history explains it."""
    return _change(closure, replace(closure, deleted_at=now, version=closure.version + 1, updated_at=now), "deleted")


def faults_without_closure(edits: Mapping[str, object], references: References) -> list[Fault]:
    """Return the faults that edits have for any closure."""
    draft = ClosureDraft(**{name: edits.get(name) for name in _FIELDS})  # type: ignore[arg-type]  # its own names
    try:
        _values(draft, references, ("input", "through"))
    except Refusal as refusal:
        # The closure supplies what the edits leave out.
        edited = {_FIELDS[name] for name in edits}
        return [fault for fault in refusal.faults if fault.field in edited]
    return []


def _values(
    draft: ClosureDraft, references: References, field_of_days: FieldPath, current: CurrentNames = NOTHING_NAMED
) -> dict[str, Any]:
    """Return the values of a closure's fields by name. Raise Refusal with all faults of the draft.

    `field_of_days` is where a fault belongs that only both days together have. `current` has the location that stays,
    also if it is inactive.
    """
    faults: list[Fault] = []
    name = required_text(draft.name, ("input", "name"), "name", NAME_LENGTH, faults)
    date_faults = [
        *_date_faults(draft.from_date, ("input", "from"), "first"),
        *_date_faults(draft.through_date, ("input", "through"), "last"),
    ]
    if draft.from_date and draft.through_date and not date_faults:
        date_faults = _length_faults(draft.from_date, draft.through_date, field_of_days)
    refuse_if_any([*faults, *date_faults, *location_faults(draft.location_id, references, current)])
    return {
        "name": name,
        "from_date": draft.from_date,
        "through_date": draft.through_date,
        "location_id": draft.location_id,
    }


def _date_faults(day: date | None, field: FieldPath, which: str) -> list[Fault]:
    if day is None:
        return [Fault(FaultCode.REQUIRED, f"A closure must have a {which} day.", field)]
    fault = date_fault(day, field)
    return [] if fault is None else [fault]


def _length_faults(from_date: date, through_date: date, field: FieldPath) -> list[Fault]:
    if through_date < from_date:
        return [Fault(FaultCode.OUT_OF_RANGE, "`through` must not be before `from`.", field)]
    if (through_date - from_date).days < MAX_DAYS:
        return []
    message = f"A closure may last at most {MAX_DAYS} days. Create another one for the days after."
    return [Fault(FaultCode.OUT_OF_RANGE, message, field)]


def _change(before: Closure | None, after: Closure, action: str) -> ClosureChange:
    changes = differences(before, after)
    if before is not None and not changes:
        return ClosureChange(before, ())
    return ClosureChange(after, (HistoryEntry(EntityType.CLOSURE, after.id, action, changes),))
