"""Scheduling, moving and cancelling sessions, as the model has them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.stateful.model import PLACES, STAFF, Model, Payload, Record, accepted, refused

_PEOPLE = ("facilitator", "coFacilitator", "location")


def create(model: Model, given: Record, actor: str, told: Payload) -> Payload:
    group = model.groups.get(given["groupDefinitionId"])
    if group is None or group["deletedAt"]:
        missing = ("GROUP_DELETED" if group else "NOT_FOUND", "groupDefinitionId")
        return refused(missing, *_faults_whatever_the_group(given), occurrence=None)
    named = {name: (group[name] or {}).get("id") for name in _PEOPLE}
    named |= {name: given[f"{name}Id"] for name in _PEOPLE if f"{name}Id" in given}
    named["facilitator"] = named["facilitator"] or group["facilitator"]["id"]
    faults = _faults(named)
    end = given.get("endTime") or _later(given["startTime"], group["durationMinutes"])
    if end is None:
        faults.append(("INVALID", "startTime"))
    elif end <= given["startTime"]:
        faults.append(("INVALID", "endTime"))
    if faults or end is None:
        return refused(*faults, occurrence=None)
    if _taken(model, group["id"], given["sessionDate"], given["startTime"]):
        return refused(("DUPLICATE_OCCURRENCE", "startTime"), occurrence=None)
    told_id = (told["occurrence"] or {}).get("id", "no id was told")
    session = _session(group, told_id, named, given["sessionDate"], given["startTime"], end)
    _schedule(model, session, actor)
    return accepted(occurrence=dict(session))


def generate(model: Model, given: Record, actor: str, told: Payload) -> Payload:
    none = {"occurrences": [], "createdCount": 0, "skippedCount": 0}
    group = model.groups.get(given["groupDefinitionId"])
    first, last = date.fromisoformat(given["from"]), date.fromisoformat(given["through"])
    faults = []
    if last < first or last > date(first.year + 2, first.month, first.day):
        faults.append(("OUT_OF_RANGE", "through"))
    if group is None or group["deletedAt"]:
        faults.append(("GROUP_DELETED" if group else "NOT_FOUND", "groupDefinitionId"))
    if group is None or faults:
        return refused(*faults, **none)
    if group["recurrence"] is None:
        return refused(("INVALID_RECURRENCE_RULE", "groupDefinitionId"), **none)
    start, rule = group["recurrence"]["startTime"], group["recurrence"]["rule"]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    days = [day for day in days if rule == "FREQ=DAILY" or day.weekday() in {0, 2}]  # else BYDAY=MO,WE
    begins, excluded = group["recurrence"]["startDate"], group["recurrence"]["excludedDates"]
    slots = [str(day) for day in days if str(day) >= begins and str(day) not in excluded]
    existing = {(each["sessionDate"], each["startTime"]) for each in _of(model, group["id"])}
    wanted = [day for day in slots if (day, start) not in existing]
    end = _later(start, group["durationMinutes"])
    if wanted and end is None:
        return refused(*[("INVALID", "groupDefinitionId")], **none)
    named = {name: (group[name] or {}).get("id") for name in _PEOPLE}
    made = []
    ids = [each["id"] for each in told["occurrences"]] + ["no id was told"] * len(wanted)
    for day, told_id in zip(wanted, ids, strict=False):
        session = _session(group, told_id, named, day, start, str(end))
        _schedule(model, session, actor)
        made.append(dict(session))
    return accepted(occurrences=made, createdCount=len(made), skippedCount=len(slots) - len(wanted))


def update(model: Model, given: Record, actor: str, _told: Payload) -> Payload:
    session = model.sessions.get(given["id"])
    if session is None:
        return refused(("NOT_FOUND", "id"), occurrence=None)
    group = model.groups[session["groupDefinition"]["id"]]
    if given.get("expectedVersion") not in {None, session["version"]}:
        return refused(("VERSION_CONFLICT", "expectedVersion"), occurrence=None)
    if group["deletedAt"] or session["status"] == "CANCELLED":
        return refused(("GROUP_DELETED" if group["deletedAt"] else "OCCURRENCE_CANCELLED", "id"), occurrence=None)
    named = {name: (session[name] or {}).get("id") for name in _PEOPLE}
    named |= {name: given[f"{name}Id"] for name in _PEOPLE if f"{name}Id" in given}
    faults = _faults(named)
    day, start = ({**session, **given}[name] for name in ("sessionDate", "startTime"))
    minutes = _minutes(session) if "startTime" in given and "endTime" not in given else group["durationMinutes"]
    end = given.get("endTime") if "endTime" in given or "startTime" in given else session["endTime"]
    if end is not None and end <= start:
        faults.append(("INVALID", "endTime"))
    end = end or _later(start, minutes)
    if end is None:
        faults.append(("INVALID", "startTime"))
    if faults or end is None:
        return refused(*faults, occurrence=None)
    if _taken(model, group["id"], day, start, session["id"]):
        return refused(
            ("DUPLICATE_OCCURRENCE", "startTime" if "startTime" in given else "sessionDate"), occurrence=None
        )
    placed = _placed(named, day, start, end, session["timeZone"])
    if session | placed != session:
        moved = any(session[name] != placed[name] for name in ("sessionDate", "startTime", "endTime"))
        version = session["version"] + 1
        session |= {**placed, "version": version}
        action = "rescheduled" if moved else "updated"
        model.tell(group["id"], session["id"], action, actor, "pm_group_session_rescheduled" if moved else None)
    return accepted(occurrence=dict(session))


def cancel(model: Model, given: Record, actor: str, _told: Payload) -> Payload:
    session = model.sessions.get(given["id"])
    if session is None:
        return refused(("NOT_FOUND", "id"), occurrence=None)
    if given.get("expectedVersion") not in {None, session["version"]}:
        return refused(("VERSION_CONFLICT", "expectedVersion"), occurrence=None)
    if not given["reason"].strip():
        return refused(("REQUIRED", "reason"), occurrence=None)
    if session["status"] == "CANCELLED":
        return refused(("OCCURRENCE_CANCELLED", "id"), occurrence=None)
    version = session["version"] + 1
    session |= {
        "status": "CANCELLED",
        "cancellationReason": given["reason"].strip(),
        "cancelledAt": True,
        "version": version,
    }
    model.tell(session["groupDefinition"]["id"], session["id"], "cancelled", actor, "pm_group_session_cancelled")
    return accepted(occurrence=dict(session))


def _faults(named: Record) -> list[tuple[str, str]]:
    faults = []
    if named["facilitator"] is None:
        faults.append(("REQUIRED", "facilitatorId"))
    elif named["facilitator"] not in STAFF:
        faults.append(("NOT_FOUND", "facilitatorId"))
    if named["coFacilitator"] is not None and named["coFacilitator"] not in STAFF:
        faults.append(("NOT_FOUND", "coFacilitatorId"))
    elif named["coFacilitator"] is not None and named["coFacilitator"] == named["facilitator"]:
        faults.append(("INVALID", "coFacilitatorId"))
    if named["location"] is not None and named["location"] not in PLACES:
        faults.append(("NOT_FOUND", "locationId"))
    return faults


def _faults_whatever_the_group(given: Record) -> list[tuple[str, str]]:
    """What is wrong with a session of a group that is not there: nothing that its group would have completed."""
    faults = _faults({name: given.get(f"{name}Id") for name in _PEOPLE})
    end = given.get("endTime")
    if end is not None and end <= given["startTime"]:
        faults.append(("INVALID", "endTime"))
    return [fault for fault in faults if fault[0] != "REQUIRED"]


def _schedule(model: Model, session: Record, actor: str) -> None:
    model.sessions[session["id"]] = session
    model.tell(session["groupDefinition"]["id"], session["id"], "scheduled", actor, "pm_group_session_scheduled")


def _session(group: Record, session_id: str, named: Record, day: str, start: str, end: str) -> Record:
    return {
        "id": session_id,
        "groupDefinition": {"id": group["id"]},
        "timeZone": group["timeZone"],
        "status": "SCHEDULED",
        "cancellationReason": None,
        "cancelledAt": False,
        "version": 1,
        **_placed(named, day, start, end, group["timeZone"]),
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


def _of(model: Model, group: str) -> list[Record]:
    return [each for each in model.sessions.values() if each["groupDefinition"] == {"id": group}]


def _taken(model: Model, group: str, day: str, start: str, but: str = "") -> bool:
    return any(
        (each["sessionDate"], each["startTime"]) == (day, start) and each["status"] != "CANCELLED" and each["id"] != but
        for each in _of(model, group)
    )
