"""Group definitions: the rules for a group, and the decisions to define, edit, delete and restore one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from uuid import UUID

from domain.changes import EntityType, HistoryEntry, differences
from domain.programs import counts_toward_faults, kept_rule_set, rule_set_faults
from domain.records import GroupDefinition, GroupType, Program
from domain.recurrence import Recurrence
from domain.recurrence_input import RecurrenceDraft, late_start, parse_recurrence
from domain.references import NOTHING_NAMED, CurrentNames, References, facilitator_faults, location_faults
from domain.refusal import Fault, FaultCode, Refusal, refuse_if_any
from domain.rule_sets import RuleSets
from domain.session_length import LONGEST_MINUTES, SAME_DAY, SHORTEST_MINUTES, minutes_until_midnight
from domain.texts import required_text
from domain.wall_time import is_time_zone

NAME_LENGTH = 200
MAX_CAPACITY = 500
_RULE_SET = "compliance_rule_set_id"


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """The input for a group definition. None stands for a missing value."""

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
    counts_toward: Iterable[GroupType | Program] | None = None
    compliance_rule_set_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClinicDefaults:
    """What a clinic offers its groups: the time zone of those without one, and the rule sets."""

    time_zone: str
    rule_sets: RuleSets


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A group definition after a decision, with its history. The history is empty if nothing changed."""

    group: GroupDefinition
    history: tuple[HistoryEntry, ...]


def define(
    draft: GroupDraft, references: References, defaults: ClinicDefaults, group_id: UUID, now: datetime
) -> GroupChange:
    """Create a group from a draft.

    Raises:
        Refusal: With all faults of the draft.
    """
    return _change(None, _from_draft(draft, references, defaults, group_id, now, None), "created")


def edit(
    group: GroupDefinition, edits: Mapping[str, object], references: References, defaults: ClinicDefaults, now: datetime
) -> GroupChange:
    """Apply edits, by GroupDraft's field names. All other fields keep their values.

    Raises:
        Refusal: GROUP_DELETED, or all faults of the edited group.
    """
    refuse_deleted(group, "id")
    values = {field.name: getattr(group, field.name) for field in fields(GroupDraft)}
    draft = GroupDraft(**{**values, **edits})
    edited = _from_draft(draft, references, defaults, group.id, now, group, edits)
    return _change(group, edited, "updated")


def delete(group: GroupDefinition, now: datetime) -> GroupChange:
    """Mark a group as deleted. It stays with its sessions and enrollments, because clinical records refer to them.

    Raises:
        Refusal: GROUP_DELETED if it is deleted already.
    """
    if group.deleted_at is not None:
        raise Refusal(Fault(FaultCode.GROUP_DELETED, "This group is already deleted.", ("input", "id")))
    return _change(group, replace(group, deleted_at=now, version=group.version + 1, updated_at=now), "deleted")


def restore(group: GroupDefinition, now: datetime) -> GroupChange:
    """Restore a deleted group as it was. Staff or a location that have become inactive since do not prevent it.

    Raises:
        Refusal: INVALID if the group is not deleted.
    """
    if group.deleted_at is None:
        raise Refusal(Fault(FaultCode.INVALID, "This group is not deleted.", ("input", "id")))
    return _change(group, replace(group, deleted_at=None, version=group.version + 1, updated_at=now), "restored")


def refuse_deleted(group: GroupDefinition, field: str) -> None:
    """Raise a Refusal with GROUP_DELETED at ["input", field] if the group is deleted."""
    if group.deleted_at is not None:
        raise Refusal(Fault(FaultCode.GROUP_DELETED, "This group is deleted. Restore it first.", ("input", field)))


def refuse_stale(version: int, expected_version: int | None) -> None:
    """Raise a Refusal with VERSION_CONFLICT if the caller expects another version of a record."""
    if expected_version is not None and expected_version != version:
        message = f"The current version is {version}. Reload the record and try again."
        raise Refusal(Fault(FaultCode.VERSION_CONFLICT, message, ("input", "expectedVersion")))


def _change(before: GroupDefinition | None, after: GroupDefinition, action: str) -> GroupChange:
    changes = differences(before, after)
    if before is not None and not changes:
        return GroupChange(before, ())
    return GroupChange(after, (HistoryEntry(EntityType.GROUP_DEFINITION, after.id, action, changes),))


def _from_draft(
    draft: GroupDraft,
    references: References,
    defaults: ClinicDefaults,
    group_id: UUID,
    now: datetime,
    before: GroupDefinition | None,
    edits: Mapping[str, object] | None = None,
) -> GroupDefinition:
    faults: list[Fault] = []
    name = required_text(draft.name, ("input", "name"), "name", NAME_LENGTH, faults)
    if draft.group_type is None:
        faults.append(Fault(FaultCode.REQUIRED, "A group must have a type.", ("input", "groupType")))
    current = NOTHING_NAMED
    if before is not None:
        current = CurrentNames(before.facilitator_id, before.co_facilitator_id, before.location_id)
    faults += facilitator_faults(
        "group",
        draft.facilitator_id,
        draft.co_facilitator_id,
        references,
        current,
        is_co_facilitator_edited=edits is None or "co_facilitator_id" in edits,
    )
    faults += _capacity_faults(draft, is_min_edited=edits is None or "min_capacity" in edits)
    faults += _duration_faults(draft.duration_minutes)
    place_faults = location_faults(draft.location_id, references, current)
    faults += place_faults
    time_zone = draft.time_zone or _time_zone_of(draft.location_id, references) or defaults.time_zone
    is_zone_known = is_time_zone(draft.time_zone) if draft.time_zone is not None else not place_faults
    if draft.time_zone is not None and not is_zone_known:
        message = "The time zone must be an IANA time zone name, such as America/Phoenix."
        faults.append(Fault(FaultCode.INVALID, message, ("input", "timeZone")))
        time_zone = defaults.time_zone
    recurrence = _recurrence(draft.recurrence, time_zone, before, faults, is_zone_known=is_zone_known)
    faults += _end_faults(draft, before)
    counts_toward = tuple(draft.counts_toward or ())
    faults += counts_toward_faults(counts_toward)
    rule_set_id = _rule_set(draft, defaults.rule_sets, before, faults, is_named=edits is None or _RULE_SET in edits)
    refuse_if_any(faults)
    assert draft.group_type  # noqa: S101 - a missing value is a fault above
    assert draft.facilitator_id  # noqa: S101 - a missing value is a fault above
    assert draft.max_capacity  # noqa: S101 - a missing value is a fault above
    assert draft.duration_minutes  # noqa: S101 - a missing value is a fault above
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
        counts_toward=tuple(program for program in Program if program in counts_toward),
        compliance_rule_set_id=rule_set_id,
    )


def _rule_set(
    draft: GroupDraft, rule_sets: RuleSets, before: GroupDefinition | None, faults: list[Fault], *, is_named: bool
) -> str | None:
    id_ = draft.compliance_rule_set_id
    is_same_type = before is not None and before.group_type == draft.group_type
    if draft.group_type is None or (is_same_type and not is_named):
        return id_
    if not is_named:
        return kept_rule_set(draft.group_type, id_, rule_sets)
    faults += rule_set_faults(draft.group_type, id_, rule_sets)
    return id_


def _capacity_faults(draft: GroupDraft, *, is_min_edited: bool) -> list[Fault]:
    most, least = draft.max_capacity, draft.min_capacity
    if most is not None and 1 <= most <= MAX_CAPACITY:
        if least is None or 1 <= least <= most:
            return []
        # The fault is at the edited field: the maximum may be lowered below an unchanged minimum.
        message = "The minimum capacity must be between 1 and the maximum capacity."
        return [Fault(FaultCode.OUT_OF_RANGE, message, ("input", "minCapacity" if is_min_edited else "maxCapacity"))]
    if most is None:
        faults = [Fault(FaultCode.REQUIRED, "A group must have a maximum capacity.", ("input", "maxCapacity"))]
    else:
        message = f"The maximum capacity must be between 1 and {MAX_CAPACITY}."
        faults = [Fault(FaultCode.OUT_OF_RANGE, message, ("input", "maxCapacity"))]
    if least is not None and least < 1:
        message = "The minimum capacity must be at least 1."
        faults.append(Fault(FaultCode.OUT_OF_RANGE, message, ("input", "minCapacity")))
    return faults


def _duration_faults(minutes: int | None) -> list[Fault]:
    if minutes is None:
        return [Fault(FaultCode.REQUIRED, "A group must have a duration.", ("input", "durationMinutes"))]
    if SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        return []
    message = f"The duration must be between {SHORTEST_MINUTES} and {LONGEST_MINUTES} minutes."
    return [Fault(FaultCode.OUT_OF_RANGE, message, ("input", "durationMinutes"))]


def _time_zone_of(location_id: str | None, references: References) -> str | None:
    location = references.locations.get(location_id) if location_id is not None else None
    return location.time_zone if location else None


def _recurrence(
    recurrence: RecurrenceDraft | Recurrence | None,
    time_zone: str,
    before: GroupDefinition | None,
    faults: list[Fault],
    *,
    is_zone_known: bool,
) -> Recurrence | None:
    if recurrence is None or isinstance(recurrence, Recurrence):
        return recurrence
    current = before.recurrence.excluded_dates if before and before.recurrence else ()
    try:
        return parse_recurrence(recurrence, time_zone, is_zone_known=is_zone_known, current_exclusions=current)
    except Refusal as refusal:
        faults.extend(refusal.faults)
        return None


def _end_faults(draft: GroupDraft, before: GroupDefinition | None) -> list[Fault]:
    """Return INVALID at the edited value if sessions would end after midnight. A group may keep values that it has."""
    minutes, recurrence = draft.duration_minutes, draft.recurrence
    if recurrence is None or minutes is None or not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        return []
    longest = minutes_until_midnight(recurrence.start_time)
    if minutes <= longest:
        return []
    if before is not None and before.recurrence is not None and before.recurrence.start_time == recurrence.start_time:
        if before.duration_minutes != minutes:
            message = f"{SAME_DAY} Shorten the duration to {longest} minutes or less, or start earlier."
            return [Fault(FaultCode.INVALID, message, ("input", "durationMinutes"))]
        if before.recurrence == recurrence:
            return []
    return [late_start(minutes, ("input", "recurrence", "startTime"))]
