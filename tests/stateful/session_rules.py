"""The model's rules for scheduling and editing sessions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.stateful.closure_rules import closed_days
from tests.stateful.model import ENDED, PLACES, STAFF, ZONES, Model, Payload, Record, accepted, refused

MOVING = ("sessionDate", "startTime", "endTime", "timeZone")
"""The fields of a session that move it."""
_PEOPLE = ("facilitator", "coFacilitator", "location")


def create(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    group = model.groups.get(input_["groupDefinitionId"])
    if group is None or group["deletedAt"]:
        missing = ("GROUP_DELETED" if group else "NOT_FOUND", "groupDefinitionId")
        return refused(missing, *_faults_without_group(input_), occurrence=None)
    named = {name: (group[name] or {}).get("id") for name in _PEOPLE}
    named |= {name: input_[f"{name}Id"] for name in _PEOPLE if f"{name}Id" in input_}
    named["facilitator"] = named["facilitator"] or group["facilitator"]["id"]
    faults = _faults(named, input_)
    end = input_.get("endTime") or _later(input_["startTime"], group["durationMinutes"])
    if end is None:
        faults.append(("INVALID", "startTime"))
    elif end <= input_["startTime"]:
        faults.append(("INVALID", "endTime"))
    if faults or end is None:
        return refused(*faults, occurrence=None)
    if is_taken(model, group["id"], input_["sessionDate"], input_["startTime"]):
        return refused(("DUPLICATE_OCCURRENCE", "startTime"), occurrence=None)
    new_id = (actual["occurrence"] or {}).get("id", "no id in the response")
    session = _session(group, new_id, named, input_["sessionDate"], input_["startTime"], end)
    schedule(model, session, actor)
    return accepted(occurrence=dict(session))


def generate(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    none = {"occurrences": [], "createdCount": 0, "skippedCount": 0, "closedDates": []}
    group = model.groups.get(input_["groupDefinitionId"])
    first, last = date.fromisoformat(input_["from"]), date.fromisoformat(input_["through"])
    faults = []
    if last < first or last > date(first.year + 2, first.month, first.day):
        faults.append(("OUT_OF_RANGE", "through"))
    if group is None or group["deletedAt"]:
        faults.append(("GROUP_DELETED" if group else "NOT_FOUND", "groupDefinitionId"))
    elif group["recurrence"] is None:
        faults.append(("INVALID_RECURRENCE_RULE", "groupDefinitionId"))
    if group is None or faults:
        return refused(*faults, **none)
    start, closed = group["recurrence"]["startTime"], closed_days(model, group)
    days = slots_of(group, input_["from"], input_["through"])
    slots = [day for day in days if day not in closed]
    filled = {record["recurrenceDate"] for record in sessions_of(model, group["id"])}
    taken = {
        (record["sessionDate"], record["startTime"])
        for record in sessions_of(model, group["id"])
        if record["status"] != "CANCELLED" or record["recurrenceDate"] is None
    }
    missing_days = [day for day in slots if day not in filled and (day, start) not in taken]
    end = _later(start, group["durationMinutes"])
    if missing_days and end is None:
        return refused(*[("INVALID", "groupDefinitionId")], **none)
    named = {name: (group[name] or {}).get("id") for name in _PEOPLE}
    created = []
    ids = [record["id"] for record in actual["occurrences"]] + ["no id in the response"] * len(missing_days)
    for day, new_id in zip(missing_days, ids, strict=False):
        session = _session(group, new_id, named, day, start, str(end)) | {"recurrenceDate": day}
        schedule(model, session, actor)
        created.append(dict(session))
    return accepted(
        occurrences=created,
        createdCount=len(created),
        skippedCount=len(slots) - len(missing_days),
        closedDates=[day for day in days if day in closed],
    )


def slots_of(group: Record, from_day: str, through_day: str) -> list[str]:
    """Return the days of a group's recurrence in a window."""
    if group["recurrence"] is None:
        return []
    first, last = date.fromisoformat(from_day), date.fromisoformat(through_day)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    # The other rule is BYDAY=MO,WE.
    days = [day for day in days if group["recurrence"]["rule"] == "FREQ=DAILY" or day.weekday() in {0, 2}]
    begins, excluded = group["recurrence"]["startDate"], group["recurrence"]["excludedDates"]
    return [str(day) for day in days if str(day) >= begins and str(day) not in excluded]


def planned_session(group: Record, day: str, start: str) -> Record:
    """Return what a group's definition has for a session, without its zone."""
    named = {name: (group[name] or {}).get("id") for name in _PEOPLE}
    return _placed(named, day, start, str(_later(start, group["durationMinutes"])), group["timeZone"])


def update(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    session = model.sessions.get(input_["id"])
    group = None if session is None else model.groups[session["groupDefinition"]["id"]]
    if session is None or group is None:
        return refused(("NOT_FOUND", "id"), *edit_faults(input_), occurrence=None)
    if input_.get("expectedVersion") not in {None, session["version"]}:
        return refused(("VERSION_CONFLICT", "expectedVersion"), *edit_faults(input_), occurrence=None)
    if group["deletedAt"] or session["status"] in ENDED:
        code = "GROUP_DELETED" if group["deletedAt"] else ENDED[session["status"]]
        return refused((code, "id"), *edit_faults(input_), occurrence=None)
    faults, placed = edited(model, session, input_)
    if placed is None:
        return refused(*faults, occurrence=None)
    if is_taken(model, group["id"], placed["sessionDate"], placed["startTime"], session["id"]):
        return refused(
            ("DUPLICATE_OCCURRENCE", "startTime" if "startTime" in input_ else "sessionDate"), occurrence=None
        )
    apply_edit(model, session, placed, actor)
    return accepted(occurrence=dict(session))


def edited(model: Model, session: Record, input_: Record) -> tuple[list[tuple[str, str]], Record | None]:
    """Return what is wrong with an edit of a session, or otherwise the values that it has after the edit."""
    group = model.groups[session["groupDefinition"]["id"]]
    named = {name: (session[name] or {}).get("id") for name in _PEOPLE}
    named |= {name: input_[f"{name}Id"] for name in _PEOPLE if f"{name}Id" in input_}
    faults = _faults(named, input_)
    day, start, zone = ({**session, **input_}[name] for name in ("sessionDate", "startTime", "timeZone"))
    minutes = _minutes(session) if "startTime" in input_ and "endTime" not in input_ else group["durationMinutes"]
    end = input_.get("endTime") if "endTime" in input_ or "startTime" in input_ else session["endTime"]
    if end is not None and end <= start:
        faults.append(("INVALID", "endTime"))
    end = end or _later(start, minutes)
    if end is None:
        faults.append(("INVALID", "startTime" if "startTime" in input_ else "endTime"))
    if zone not in ZONES:
        faults.append(("INVALID", "timeZone"))
    if faults or end is None:
        return faults, None
    return [], {**_placed(named, day, start, end, zone), "timeZone": zone}


def apply_edit(model: Model, session: Record, placed: Record, actor: str) -> None:
    """Give a session other values, if there are any."""
    if session | placed == session:
        return
    moved = any(session[name] != placed[name] for name in MOVING)
    session |= {**placed, "edited": True, "version": session["version"] + 1}
    action = "rescheduled" if moved else "updated"
    model.record(session["groupDefinition"]["id"], session["id"], action, actor, f"pm_group_session_{action}")


def edit_faults(input_: Record) -> set[tuple[str, str]]:
    """Return what is wrong with an edit, whatever the sessions are."""
    faults: set[tuple[str, str]] = set()
    start, end = input_.get("startTime"), input_.get("endTime")
    if start is not None and end is not None and end <= start:
        faults.add(("INVALID", "endTime"))
    for field in ("facilitatorId", "coFacilitatorId"):
        if input_.get(field) is not None and input_[field] not in STAFF:
            faults.add(("NOT_FOUND", field))
    if "facilitatorId" in input_ and input_["facilitatorId"] is None:
        faults.add(("REQUIRED", "facilitatorId"))
    if input_.get("coFacilitatorId") in STAFF and input_["coFacilitatorId"] == input_.get("facilitatorId"):
        faults.add(("INVALID", "coFacilitatorId"))
    if input_.get("locationId") is not None and input_["locationId"] not in PLACES:
        faults.add(("NOT_FOUND", "locationId"))
    if "timeZone" in input_ and input_["timeZone"] not in ZONES:
        faults.add(("INVALID", "timeZone"))
    return faults


def _faults(named: Record, input_: Record) -> list[tuple[str, str]]:
    faults = []
    if named["facilitator"] is None:
        faults.append(("REQUIRED", "facilitatorId"))
    elif named["facilitator"] not in STAFF:
        faults.append(("NOT_FOUND", "facilitatorId"))
    if named["coFacilitator"] is not None and named["coFacilitator"] not in STAFF:
        faults.append(("NOT_FOUND", "coFacilitatorId"))
    elif named["coFacilitator"] is not None and named["coFacilitator"] == named["facilitator"]:
        faults.append(("INVALID", "coFacilitatorId" if "coFacilitatorId" in input_ else "facilitatorId"))
    if named["location"] is not None and named["location"] not in PLACES:
        faults.append(("NOT_FOUND", "locationId"))
    return faults


def _faults_without_group(input_: Record) -> list[tuple[str, str]]:
    """Return the faults of a session without a group. The group would supply missing values."""
    faults = _faults({name: input_.get(f"{name}Id") for name in _PEOPLE}, input_)
    end = input_.get("endTime")
    if end is not None and end <= input_["startTime"]:
        faults.append(("INVALID", "endTime"))
    return [fault for fault in faults if fault[0] != "REQUIRED"]


def schedule(model: Model, session: Record, actor: str) -> None:
    model.sessions[session["id"]] = session
    model.record(session["groupDefinition"]["id"], session["id"], "scheduled", actor, "pm_group_session_scheduled")


def _session(group: Record, session_id: str, named: Record, day: str, start: str, end: str) -> Record:
    return new_session(group, session_id, _placed(named, day, start, end, group["timeZone"]))


def new_session(group: Record, session_id: str, placed: Record) -> Record:
    """Return a new session with its place, times and staff."""
    return {
        "id": session_id,
        "groupDefinition": {"id": group["id"]},
        "timeZone": group["timeZone"],
        "status": "SCHEDULED",
        "cancellationReason": None,
        "cancelledAt": False,
        "recurrenceDate": None,
        "edited": False,
        "version": 1,
        **placed,
    }


def _placed(named: Record, day: str, start: str, end: str, zone: str) -> Record:
    return {
        "sessionDate": day,
        "startTime": start,
        "endTime": end,
        "startsAt": _instant(day, start, zone),
        "endsAt": _instant(day, end, zone),
        **{name: None if named[name] is None else {"id": named[name]} for name in _PEOPLE},
    }


def _instant(day: str, time: str, zone: str) -> str:
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).isoformat()


def _later(start: str, minutes: int) -> str | None:
    end = datetime.fromisoformat(f"2000-01-01T{start}") + timedelta(minutes=minutes)
    return end.time().isoformat() if end.day == 1 else None


def _minutes(session: Record) -> int:
    start, end = (datetime.fromisoformat(f"2000-01-01T{session[name]}") for name in ("startTime", "endTime"))
    return int((end - start).total_seconds()) // 60


def sessions_of(model: Model, group: str) -> list[Record]:
    return [record for record in model.sessions.values() if record["groupDefinition"] == {"id": group}]


def is_taken(model: Model, group: str, day: str, start: str, except_id: str = "") -> bool:
    return any(
        (record["sessionDate"], record["startTime"]) == (day, start)
        and record["status"] != "CANCELLED"
        and record["id"] != except_id
        for record in sessions_of(model, group)
    )
