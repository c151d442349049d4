"""The input for a session, its faults, and the local times and instants that follow from it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from domain.records import GroupDefinition
from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR
from domain.references import NOTHING_NAMED, CurrentNames, References, facilitator_faults, location_faults
from domain.refusal import Fault, FaultCode, FieldPath, refuse_if_any
from domain.session_length import SAME_DAY
from domain.wall_time import instant, is_time_zone

FIELDS: Final[Mapping[str, FieldPath]] = {
    "session_date": ("input", "sessionDate"),
    "start_time": ("input", "startTime"),
    "end_time": ("input", "endTime"),
    "facilitator_id": ("input", "facilitatorId"),
    "co_facilitator_id": ("input", "coFacilitatorId"),
    "location_id": ("input", "locationId"),
    "time_zone": ("input", "timeZone"),
}
"""The fields of the input by the names of SessionDraft."""
_LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """The input for a session. Without an end time, the session lasts as long as the group's duration.

    `edited` has the names of the fields that the input has, to which faults of several fields belong. The group or the
    session supplies the others. None stands for all fields. `current` has the staff and the location that stay, also if
    they are inactive.
    """

    session_date: date | None
    start_time: time | None
    end_time: time | None
    facilitator_id: str | None
    co_facilitator_id: str | None
    location_id: str | None
    time_zone: str | None
    edited: frozenset[str] | None = None
    current: CurrentNames = NOTHING_NAMED

    def edits(self, field: str) -> bool:
        """Return whether the input has a field."""
        return self.edited is None or field in self.edited


def draft_for(
    group: GroupDefinition | None,
    session_date: date,
    start_time: time,
    end_time: time | None,
    staff_and_place: Mapping[str, object],
) -> SessionDraft:
    """Return a draft with the group's facilitators, location and time zone in place of those that the input omits."""
    draft = SessionDraft(session_date, start_time, end_time, None, None, None, None)
    if group is not None:
        current = CurrentNames(group.facilitator_id, group.co_facilitator_id, group.location_id)
        draft = replace(draft, time_zone=group.time_zone, current=current, **asdict(current))
    values = {name: value for name, value in staff_and_place.items() if name != "facilitator_id" or value is not None}
    edited = frozenset({"session_date", "start_time", "end_time", *values})
    # What the input itself names is named anew, also if the group names it too.
    current = replace(draft.current, **{name: None for name in values if name in draft.current.__slots__})
    return replace(draft, edited=edited, current=current, **values)  # type: ignore[arg-type]  # the names are SessionDraft's own


def faults_without_group(draft: SessionDraft, references: References) -> list[Fault]:
    """Return the faults that a draft has for any group. Missing values are no faults: the group would supply them."""
    return [fault for fault in draft_faults(draft, references, minutes=0) if fault.code is not FaultCode.REQUIRED]


def edit_faults(edits: Mapping[str, object], references: References) -> list[Fault]:
    """Return the faults that edits, by SessionDraft's field names, have for any session."""
    draft = SessionDraft(**{name: edits.get(name) for name in FIELDS})  # type: ignore[arg-type]  # its own names
    edited = {FIELDS[name] for name in edits}
    # The session supplies what the edits leave out, and decides whether an inactive name is a new one.
    return [
        fault
        for fault in draft_faults(draft, references, minutes=0)
        if fault.field in edited and fault.code is not FaultCode.NOT_ACTIVE
    ]


def date_fault(day: date, field: FieldPath) -> Fault | None:
    """Return OUT_OF_RANGE for a day that calendars do not support."""
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    message = f"The date must be between {FIRST_YEAR}-01-01 and {LAST_YEAR}-12-31."
    return Fault(FaultCode.OUT_OF_RANGE, message, field)


def session_values(draft: SessionDraft, references: References, minutes: int) -> dict[str, Any]:
    """Return the values of a session's fields by name. Raise Refusal with all faults of the draft.

    Without an end time, the session ends `minutes` after its start.
    """
    refuse_if_any(draft_faults(draft, references, minutes))
    day, start, zone = draft.session_date, draft.start_time, draft.time_zone
    assert day and start is not None and zone and draft.facilitator_id  # noqa: S101, PT018 - checked above
    end = draft.end_time if draft.end_time is not None else time_after(start, minutes)
    assert end is not None  # noqa: S101 - checked above
    starts_at, ends_at = session_instants(day, start, end, zone)
    return {
        "session_date": day,
        "start_time": start,
        "end_time": end,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "facilitator_id": draft.facilitator_id,
        "co_facilitator_id": draft.co_facilitator_id,
        "location_id": draft.location_id,
        "time_zone": zone,
    }


def session_instants(day: date, start: time, end: time, zone: str) -> tuple[datetime, datetime]:
    """Return the instants at which a session starts and ends, by its local date and times in a time zone."""
    starts_at, ends_at = instant(day, start, zone), instant(day, end, zone)
    if ends_at <= starts_at:
        # The start is in the hour that the clocks skip and is moved forward; the end is not. Keep the length.
        ends_at = starts_at + timedelta(minutes=minutes_of_day(end) - minutes_of_day(start))
    return starts_at, ends_at


def draft_faults(draft: SessionDraft, references: References, minutes: int) -> list[Fault]:
    """Return all faults of a draft, whose session ends `minutes` after its start if it has no end time."""
    faults = facilitator_faults(
        "session",
        draft.facilitator_id,
        draft.co_facilitator_id,
        references,
        draft.current,
        is_co_facilitator_edited=draft.edits("co_facilitator_id"),
    )
    faults += location_faults(draft.location_id, references, draft.current)
    day, start, end = draft.session_date, draft.start_time, draft.end_time
    if day is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session must have a date.", ("input", "sessionDate")))
    elif (fault := date_fault(day, ("input", "sessionDate"))) is not None:
        faults.append(fault)
    if start is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session must have a start time.", ("input", "startTime")))
    elif not _is_whole_minute(start):
        faults.append(_not_whole_minutes("startTime"))
    if start is not None and end is None and time_after(start, minutes) is None:
        message = f"{SAME_DAY} Start earlier, or set an end time."
        field = "startTime" if draft.edits("start_time") else "endTime"
        faults.append(Fault(FaultCode.INVALID, message, ("input", field)))
    if end is not None and not _is_whole_minute(end):
        faults.append(_not_whole_minutes("endTime"))
    if start is not None and end is not None and end <= start:
        message = f"The end time must be after the start time. {SAME_DAY}"
        faults.append(Fault(FaultCode.INVALID, message, ("input", "endTime")))
    if draft.time_zone is None:
        faults.append(Fault(FaultCode.REQUIRED, "A session must have a time zone.", ("input", "timeZone")))
    elif not is_time_zone(draft.time_zone):
        message = "The time zone must be an IANA time zone name, such as America/Phoenix."
        faults.append(Fault(FaultCode.INVALID, message, ("input", "timeZone")))
    return faults


def time_after(start: time, minutes: int) -> time | None:
    """Return the time on the clock some minutes after a start; None if it is on another day."""
    hour, minute = divmod(minutes_of_day(start) + minutes, 60)
    return start.replace(hour, minute) if hour <= _LAST_HOUR else None


def minutes_of_day(moment: time) -> int:
    """Return the minutes between midnight and a time on the clock."""
    return moment.hour * 60 + moment.minute


def _is_whole_minute(moment: time) -> bool:
    return moment.second == 0 and moment.microsecond == 0


def _not_whole_minutes(field: str) -> Fault:
    return Fault(FaultCode.INVALID, "The time must be in whole minutes, such as 09:30:00.", ("input", field))
