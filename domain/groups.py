"""Group definitions: what one must be, and what becomes of it when it is defined, edited or deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from uuid import UUID

from domain.changes import EntityType, HistoryEntry, differences
from domain.records import GroupDefinition, GroupType, Location
from domain.recurrence import Recurrence, parse_recurrence
from domain.refusal import Fault, FaultCode, Refusal
from domain.texts import required_text
from domain.wall_time import is_time_zone

NAME_LENGTH = 200
MAX_CAPACITY = 500
SHORTEST_MINUTES = 5
LONGEST_MINUTES = 720


@dataclass(frozen=True, slots=True)
class RecurrenceDraft:
    """A recurrence as it was typed: the rule, and the local date and time it is anchored at."""

    rule: str
    start_date: date
    start_time: time
    excluded_dates: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """A group definition as it was typed. None: nothing was given."""

    name: str | None
    group_type: GroupType | None
    facilitator_id: str | None
    max_capacity: int | None
    duration_minutes: int | None
    co_facilitator_id: str | None = None
    location_id: str | None = None
    min_capacity: int | None = None
    time_zone: str | None = None
    recurrence: RecurrenceDraft | Recurrence | None = None


@dataclass(frozen=True, slots=True)
class References:
    """What the organization has of the staff and locations that an input names."""

    staff_ids: frozenset[str]
    locations: Mapping[str, Location]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A group definition after a decision, and the history of it (none where nothing changed)."""

    group: GroupDefinition
    history: tuple[HistoryEntry, ...]


def define(
    draft: GroupDraft, references: References, default_time_zone: str, group_id: UUID, now: datetime
) -> GroupChange:
    """Make a new group of a draft.

    Raises:
        Refusal: With every fault of the draft at once.
    """
    return _changed(None, _built(draft, references, default_time_zone, group_id, now, None), "created")


def edit(
    group: GroupDefinition, edits: Mapping[str, object], references: References, default_time_zone: str, now: datetime
) -> GroupChange:
    """Apply edits, by GroupDraft's field names; a field that is not among them stays as it is.

    Raises:
        Refusal: GROUP_DELETED, or every fault of the edited group at once.
    """
    refuse_deleted(group, "id")
    held = {field.name: getattr(group, field.name) for field in fields(GroupDraft)}
    edited = _built(GroupDraft(**{**held, **edits}), references, default_time_zone, group.id, now, group, edits)
    return _changed(group, edited, "updated")


def delete(group: GroupDefinition, now: datetime) -> GroupChange:
    """Delete softly: the record, its sessions and its enrollments stay, since clinical records refer to them.

    Raises:
        Refusal: GROUP_DELETED where it was deleted before.
    """
    refuse_deleted(group, "id")
    return _changed(group, replace(group, deleted_at=now, version=group.version + 1, updated_at=now), "deleted")


def refuse_deleted(group: GroupDefinition, field: str) -> None:
    """Raise a Refusal with GROUP_DELETED at ["input", field] where the group is deleted."""
    if group.deleted_at is not None:
        raise Refusal(Fault(FaultCode.GROUP_DELETED, "This group is deleted.", ("input", field)))


def refuse_stale(version: int, expected_version: int | None) -> None:
    """Raise a Refusal with VERSION_CONFLICT where a version is expected and the record has moved on."""
    if expected_version is not None and expected_version != version:
        raise Refusal(
            Fault(
                FaultCode.VERSION_CONFLICT,
                f"This was changed meanwhile: its version is {version}, not {expected_version}. Reload and try again.",
                ("input", "expectedVersion"),
            )
        )


def _changed(before: GroupDefinition | None, after: GroupDefinition, action: str) -> GroupChange:
    changes = differences(before, after)
    if before is not None and not changes:
        return GroupChange(before, ())
    return GroupChange(after, (HistoryEntry(EntityType.GROUP_DEFINITION, after.id, action, changes),))


def _built(
    draft: GroupDraft,
    references: References,
    default_time_zone: str,
    group_id: UUID,
    now: datetime,
    before: GroupDefinition | None,
    edits: Mapping[str, object] | None = None,
) -> GroupDefinition:
    faults: list[Fault] = []
    name = required_text(draft.name, ("input", "name"), "name", NAME_LENGTH, faults)
    if draft.group_type is None:
        faults.append(Fault(FaultCode.REQUIRED, "A group needs a type.", ("input", "groupType")))
    _check_people(draft, references, faults)
    _check_numbers(draft, faults, min_edited=edits is None or "min_capacity" in edits)
    location = _location(draft, references, faults)
    time_zone = draft.time_zone
    if time_zone is None:
        time_zone = location.time_zone if location else default_time_zone
    elif not is_time_zone(time_zone):
        faults.append(
            Fault(
                FaultCode.INVALID,
                "The time zone must be an IANA name such as America/Phoenix.",
                ("input", "timeZone"),
            )
        )
    recurrence = _recurrence(draft, faults)
    if faults:
        raise Refusal(*faults)
    assert draft.group_type  # noqa: S101 - each is checked above, where it has a fault of its own
    assert draft.facilitator_id  # noqa: S101 - as above
    assert draft.max_capacity  # noqa: S101 - as above
    assert draft.duration_minutes  # noqa: S101 - as above
    return GroupDefinition(
        id=group_id,
        name=name,
        group_type=draft.group_type,
        facilitator_id=draft.facilitator_id,
        co_facilitator_id=draft.co_facilitator_id,
        location_id=draft.location_id,
        time_zone=time_zone,
        max_capacity=draft.max_capacity,
        min_capacity=draft.min_capacity,
        duration_minutes=draft.duration_minutes,
        recurrence=recurrence,
        version=before.version + 1 if before else 1,
        created_at=before.created_at if before else now,
        updated_at=now,
        deleted_at=None,
    )


def _check_people(draft: GroupDraft, references: References, faults: list[Fault]) -> None:
    if draft.facilitator_id is None:
        faults.append(Fault(FaultCode.REQUIRED, "A group needs a facilitator.", ("input", "facilitatorId")))
    elif draft.facilitator_id not in references.staff_ids:
        faults.append(unknown_staff("facilitatorId"))
    if draft.co_facilitator_id is not None:
        if draft.co_facilitator_id not in references.staff_ids:
            faults.append(unknown_staff("coFacilitatorId"))
        elif draft.co_facilitator_id == draft.facilitator_id:
            faults.append(same_person())


def unknown_staff(field: str) -> Fault:
    """Return the fault of a staff id that the organization does not have."""
    return Fault(FaultCode.NOT_FOUND, "There is no member of staff with this id.", ("input", field))


def unknown_location() -> Fault:
    """Return the fault of a location id that the organization does not have."""
    return Fault(FaultCode.NOT_FOUND, "There is no location with this id.", ("input", "locationId"))


def same_person() -> Fault:
    """Return the fault of a co-facilitator who is the facilitator."""
    return Fault(
        FaultCode.INVALID,
        "The co-facilitator must be another person than the facilitator.",
        ("input", "coFacilitatorId"),
    )


def _check_numbers(draft: GroupDraft, faults: list[Fault], *, min_edited: bool) -> None:
    most = draft.max_capacity
    if most is None:
        faults.append(Fault(FaultCode.REQUIRED, "A group needs a maximum capacity.", ("input", "maxCapacity")))
    elif not 1 <= most <= MAX_CAPACITY:
        faults.append(
            Fault(
                FaultCode.OUT_OF_RANGE,
                f"The maximum capacity must be from 1 to {MAX_CAPACITY}.",
                ("input", "maxCapacity"),
            )
        )
    elif draft.min_capacity is not None and not 1 <= draft.min_capacity <= most:
        # Told at the field that was typed: a maximum may be lowered under a minimum that stays.
        faults.append(
            Fault(
                FaultCode.OUT_OF_RANGE,
                f"The minimum capacity ({draft.min_capacity}) must be from 1 to the maximum ({most}).",
                ("input", "minCapacity" if min_edited else "maxCapacity"),
            )
        )
    if (most is None or not 1 <= most <= MAX_CAPACITY) and draft.min_capacity is not None and draft.min_capacity < 1:
        faults.append(
            Fault(FaultCode.OUT_OF_RANGE, "The minimum capacity must be at least 1.", ("input", "minCapacity"))
        )
    minutes = draft.duration_minutes
    if minutes is None:
        faults.append(Fault(FaultCode.REQUIRED, "A group needs a duration.", ("input", "durationMinutes")))
    elif not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        faults.append(
            Fault(
                FaultCode.OUT_OF_RANGE,
                f"The duration must be from {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes.",
                ("input", "durationMinutes"),
            )
        )


def _location(draft: GroupDraft, references: References, faults: list[Fault]) -> Location | None:
    if draft.location_id is None:
        return None
    location = references.locations.get(draft.location_id)
    if location is None:
        faults.append(unknown_location())
    return location


def _recurrence(draft: GroupDraft, faults: list[Fault]) -> Recurrence | None:
    typed = draft.recurrence
    if typed is None or isinstance(typed, Recurrence):
        return typed
    try:
        return parse_recurrence(typed.rule, typed.start_date, typed.start_time, typed.excluded_dates)
    except Refusal as refusal:
        faults.extend(refusal.faults)
        return None
