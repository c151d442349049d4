"""The model's rule for reconciling the sessions of a group with its definition, and how they differ from it."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.stateful import session_rules as sessions
from tests.stateful.closure_rules import closed_days
from tests.stateful.model import Model, Payload, Record, accepted, refused

_NONE: Record = {"changes": [], "createdCount": 0, "updatedCount": 0, "cancelledCount": 0, "keptCount": 0}
_COUNTS = {"CREATE": "createdCount", "MOVE": "updatedCount", "UPDATE": "updatedCount", "CANCEL": "cancelledCount"}
_ENDED = {"CANCELLED": "CANCELLED", "COMPLETED": "COMPLETED"}

Decision = tuple[str, str | None, Record | None, Record | None]
"""The action, the reason to keep a session, the session, and the values that are planned for it."""


def reconcile(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    group = model.groups.get(input_["groupDefinitionId"])
    first, last = date.fromisoformat(input_["from"]), date.fromisoformat(input_["through"])
    now = datetime.now(UTC)
    faults = []
    if last < first or last > date(first.year + 2, first.month, first.day):
        faults.append(("OUT_OF_RANGE", "through"))
    if group is not None and not group["deletedAt"] and first < now.astimezone(ZoneInfo(group["timeZone"])).date():
        faults.append(("OUT_OF_RANGE", "from"))
    if group is None or group["deletedAt"]:
        faults.append(("GROUP_DELETED" if group else "NOT_FOUND", "groupDefinitionId"))
    if group is None or faults:
        return refused(*faults, **_NONE)
    decisions = decide(model, group, str(first), str(last), include_edited=input_["includeEdited"])
    reason = (input_.get("cancellationReason") or "").strip()
    if not reason and any(action == "CANCEL" for action, *_ in decisions):
        return refused(("REQUIRED", "cancellationReason"), **_NONE)
    created = [change["occurrence"] for change in actual["changes"] if change["action"] == "CREATE"]
    new_ids = [session["id"] for session in created if session] + ["no id in the response"] * len(decisions)
    changes = [_carry_out(model, group, decision, new_ids, reason, actor) for decision in decisions]
    if input_["dryRun"]:
        changes = [{**change, **({"occurrence": None} if change["action"] == "CREATE" else {})} for change in changes]
    counts = dict.fromkeys(_NONE, 0)
    for change in changes:
        counts[_COUNTS.get(change["action"], "keptCount")] += 1
    return accepted(**{**counts, "changes": changes})


def decide(model: Model, group: Record, first: str, last: str, *, include_edited: bool = False) -> list[Decision]:
    """Return what reconciling does to each session of a window, by date and time."""
    now, closed = datetime.now(UTC).isoformat(), closed_days(model, group)
    plan = {day: _planned(group, day) for day in sessions.slots_of(group, first, last) if day not in closed}
    looked_at = [
        record
        for record in sessions.sessions_of(model, group["id"])
        if first <= record["sessionDate"] <= last or first <= (record["recurrenceDate"] or "") <= last
    ]
    decisions: list[Decision] = []
    for session in looked_at:
        reason = _reason_to_keep(session, plan, first, last, now, include_edited=include_edited)
        if reason == "EDITED" and session["recurrenceDate"] is None and session["sessionDate"] in closed:
            reason = "CLOSURE"
        planned = plan.get(session["recurrenceDate"] or "")
        if reason is None and planned is not None and planned["startsAt"] <= now:
            reason = "PAST"
        if reason is None and planned is not None and session | planned | {"edited": False} == session:
            reason = "UNCHANGED"
        if reason is not None:
            decisions.append(("KEEP", reason, session, None))
        elif planned is None:
            decisions.append(("CANCEL", None, session, None))
        else:
            decisions.append(("UPDATE" if _place(planned) == _place(session) else "MOVE", None, session, planned))
    decisions = _without_collisions(decisions)
    filled = {session["recurrenceDate"] for session in looked_at}
    taken = {
        _place(session)
        for action, _, session, _ in decisions
        if session and action not in {"MOVE", "CANCEL"} and (_is_live(session) or session["recurrenceDate"] is None)
    }
    decisions += [
        ("CREATE", None, None, planned)
        for day, planned in plan.items()
        if day not in filled and _place(planned) not in taken and planned["startsAt"] > now
    ]
    return sorted(decisions, key=_order)


def _reason_to_keep(
    session: Record, plan: dict[str, Record], first: str, last: str, now: str, *, include_edited: bool
) -> str | None:
    if session["status"] in _ENDED:
        return _ENDED[session["status"]]
    if session["startsAt"] <= now:
        return "PAST"
    if session["recurrenceDate"] is None:
        planned = plan.get(session["sessionDate"])
        return "DUPLICATE" if planned and _place(planned) == _place(session) else "EDITED"
    is_outside = not first <= session["recurrenceDate"] <= last
    return "EDITED" if is_outside or (session["edited"] and not include_edited) else None


def _without_collisions(decisions: list[Decision]) -> list[Decision]:
    while True:
        kept = {
            _place(session)
            for action, _, session, _ in decisions
            if session and action not in {"MOVE", "CANCEL"} and _is_live(session)
        }
        blocked = [
            action == "MOVE" and planned is not None and _place(planned) in kept for action, _, _, planned in decisions
        ]
        if not any(blocked):
            return decisions
        decisions = [
            ("KEEP", "DUPLICATE", decision[2], None) if is_blocked else decision
            for decision, is_blocked in zip(decisions, blocked, strict=True)
        ]


def _carry_out(
    model: Model, group: Record, decision: Decision, new_ids: list[str], reason: str, actor: str
) -> dict[str, Any]:
    action, keep_reason, session, planned = decision
    if session is None:
        assert planned is not None
        session = sessions.new_session(group, new_ids.pop(0), planned) | {"recurrenceDate": planned["sessionDate"]}
        sessions.schedule(model, session, actor)
    elif action == "CANCEL":
        cancelled = {"status": "CANCELLED", "cancellationReason": reason, "cancelledAt": True}
        session |= {**cancelled, "version": session["version"] + 1}
        model.record(group["id"], session["id"], "cancelled", actor, "pm_group_session_cancelled")
    elif planned is not None:
        when = ("sessionDate", "startTime", "endTime", "timeZone", "startsAt", "endsAt")
        is_moved = any(session[name] != planned[name] for name in when)
        session |= {**planned, "edited": False, "version": session["version"] + 1}
        done = "rescheduled" if is_moved else "updated"
        model.record(group["id"], session["id"], done, actor, f"pm_group_session_{done}")
    times = {name: session[name] for name in ("sessionDate", "startTime", "endTime")}
    return {"action": action, "keepReason": keep_reason, "occurrence": dict(session), **times}


def _planned(group: Record, day: str) -> Record:
    start = group["recurrence"]["startTime"]
    return sessions.planned_session(group, day, start) | {"timeZone": group["timeZone"]}


def _place(session: Record) -> tuple[str, str]:
    return session["sessionDate"], session["startTime"]


def _is_live(session: Record) -> bool:
    return bool(session["status"] != "CANCELLED")


def _order(decision: Decision) -> tuple[str, str, str]:
    _, _, session, planned = decision
    after = planned or session
    assert after is not None
    return after["sessionDate"], after["startTime"], session["id"] if session else ""
