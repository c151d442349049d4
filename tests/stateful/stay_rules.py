"""The model's rules for the days of a stay, and for who is expected at a session."""

from datetime import UTC, date, datetime, timedelta
from unittest.mock import ANY
from zoneinfo import ZoneInfo

from tests.stateful.model import Model, Payload, Record, accepted, refused

Faults = list[tuple[str, str]]


def today(group: Record) -> str:
    """Return the local day of a group."""
    return str(datetime.now(ZoneInfo(group["timeZone"])).date())


def stay_faults(input_: Record, group: Record | None) -> Faults:
    """Return what is wrong with the days of a new stay. Without a group, nobody knows which day it is."""
    start, end = input_.get("startDate"), input_.get("endDate")
    if start is not None and group is not None and not _is_near(start, group):
        return [("OUT_OF_RANGE", "startDate")]
    if end is None:
        return []
    if start is not None:
        return [("INVALID", "startDate")] if start > end else []
    return [("INVALID", "endDate")] if group is not None and today(group) > end else []


def start_when_seated(enrollment: Record, group: Record) -> str:
    """Return the first day of a patient who waited and gets the first seat today."""
    start = max(enrollment["startDate"] or "", today(group))
    return min(start, enrollment["endDate"] or start)


def update(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    enrollment = model.enrollments.get(input_["enrollmentId"])
    if enrollment is None:
        return refused(("NOT_FOUND", "enrollmentId"), enrollment=None)
    group = model.groups[enrollment["groupDefinition"]["id"]]
    if group["deletedAt"]:
        return refused(("GROUP_DELETED", "enrollmentId"), enrollment=None)
    if input_.get("expectedVersion") not in {None, enrollment["version"]}:
        return refused(("VERSION_CONFLICT", "expectedVersion"), enrollment=None)
    faults = _edit_faults(enrollment, input_, group)
    if enrollment["deletedAt"]:
        faults.append(("NOT_ACTIVE", "enrollmentId"))
    if faults:
        return refused(*faults, enrollment=None)
    edited = dict(enrollment)
    edited.update((name, input_[name]) for name in ("startDate", "endDate") if name in input_)
    edited["countsFromStart"] |= "startDate" in input_ and enrollment["enrolledAt"]
    if edited != enrollment:
        enrollment |= {**edited, "version": enrollment["version"] + 1}
        model.record(group["id"], enrollment["id"], "updated", actor, "pm_group_enrollment_updated")
    return accepted(enrollment=dict(enrollment))


def with_roster(model: Model, session: Record) -> Record:
    """Return a session with who is expected at it.

    All changes were made since the model began. So a session before has those who count from a start that a person
    named, whatever happened to them since, and a session ahead has those who are seated now. Nobody can say it of a
    session that started in between.
    """
    starts_at, now = datetime.fromisoformat(session["startsAt"]), datetime.now(UTC)
    if model.began < starts_at <= now:
        return {**session, "expected": ANY, "roster": ANY}
    latest: dict[str, Record] = {}
    for item in sorted(model.enrollments.values(), key=lambda enrollment: str(enrollment["id"])):
        had_seat = item["status"] == "ENROLLED" if starts_at > now else item["enrolledAt"] and item["countsFromStart"]
        if item["groupDefinition"] == session["groupDefinition"] and had_seat and _is_within(item, session):
            latest[item["patient"]["id"]] = item
    roster = sorted(item["id"] for item in latest.values() if session["status"] != "CANCELLED")
    return {**session, "expected": len(roster), "roster": [{"id": id_} for id_ in roster]}


def _is_within(enrollment: Record, session: Record) -> bool:
    start, day, end = enrollment["startDate"], session["sessionDate"], enrollment["endDate"]
    return not enrollment["deletedAt"] and start <= day and (end is None or day <= end)


def _is_near(start: str, group: Record) -> bool:
    day = date.fromisoformat(today(group))
    return str(day - timedelta(days=90)) <= start <= str(day + timedelta(days=366))


def _edit_faults(enrollment: Record, input_: Record, group: Record) -> Faults:
    edited = {**enrollment, **input_}
    start, end = edited["startDate"], edited["endDate"]
    names_start = "startDate" in input_
    if names_start and start is None and enrollment["enrolledAt"]:
        return [("REQUIRED", "startDate")]
    if start is not None and start != enrollment["startDate"] and not _is_near(start, group):
        return [("OUT_OF_RANGE", "startDate")]
    if end is None:
        return []
    if start is not None:
        return [("INVALID", "startDate" if names_start else "endDate")] if start > end else []
    is_past = enrollment["status"] == "WAITLISTED" and "endDate" in input_ and today(group) > end
    return [("INVALID", "endDate")] if is_past else []
