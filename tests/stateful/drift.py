"""How the model's calendar of a group differs from its definition."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.stateful.closure_rules import closed_days
from tests.stateful.model import Model, Record
from tests.stateful.reconciliation_rules import decide
from tests.stateful.session_rules import sessions_of
from tests.stateful.stay_rules import with_roster

_NOTHING: Record = {"count": 0, "items": []}


def drift(model: Model, group: Record, first: str | None = None, last: str | None = None) -> Record:
    """Return how a calendar differs from the definition: what reconciling would change, edited sessions aside.

    By default, the window is from today through the last slot that a scheduled session fills.
    """
    first = first or str(datetime.now(ZoneInfo(group["timeZone"])).date())
    last = last or _last_filled_slot(model, group, first)
    if group["deletedAt"] or last is None:
        return _NOTHING
    closed = closed_days(model, group)
    items = [
        {
            "date": (session or planned or {})["sessionDate"],
            "reasons": _reasons(session, planned, closed),
            "occurrence": session and {"id": session["id"]},
        }
        for action, _, session, planned in decide(model, group, first, last)
        if action != "KEEP"
    ]
    return {"count": len(items), "items": items}


def view(model: Model, group: str) -> Record:
    """Return a group as a query returns it, with its rosters and how its calendar differs from its definition."""
    record = model.view(group)
    sessions = [with_roster(model, session) for session in record["occurrences"]]
    return {**record, "occurrences": sessions, "scheduleDrift": drift(model, model.groups[group])}


def _last_filled_slot(model: Model, group: Record, first: str) -> str | None:
    # All sessions of the model are within two years, the longest window.
    slots = [
        session["recurrenceDate"]
        for session in sessions_of(model, group["id"])
        if session["status"] == "SCHEDULED"
        and session["recurrenceDate"]
        and first <= max(session["sessionDate"], session["recurrenceDate"])
    ]
    return max(slots, default=None)


def _reasons(session: Record | None, planned: Record | None, closed: set[str]) -> list[str]:
    if session is None:
        return ["MISSING"]
    if planned is None:
        return ["CLOSURE" if session["recurrenceDate"] in closed else "NOT_IN_RULE"]
    differs = {name for name in planned if session[name] != planned[name]}
    reasons = {
        "START_TIME": bool(differs & {"sessionDate", "startTime"}),
        "DURATION": _length(session) != _length(planned),
        "TIME_ZONE": "timeZone" in differs,
        "FACILITATOR": bool(differs & {"facilitator", "coFacilitator"}),
        "LOCATION": "location" in differs,
    }
    return [reason for reason, is_different in reasons.items() if is_different]


def _length(session: Record) -> timedelta:
    start, end = (datetime.fromisoformat(f"2000-01-01T{session[name]}") for name in ("startTime", "endTime"))
    return end - start
