"""How the calendar differs from the plan, in words that a user interface can show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.calendar_changes import OccurrenceAction
from domain.plan import Plan
from domain.reconciliation import Decision, difference
from domain.records import Occurrence
from domain.session_drafts import minutes_of_day


class DriftReason(StrEnum):
    """How a session differs from the plan."""

    MISSING = "MISSING"
    NOT_IN_RULE = "NOT_IN_RULE"
    START_TIME = "START_TIME"
    DURATION = "DURATION"
    TIME_ZONE = "TIME_ZONE"
    FACILITATOR = "FACILITATOR"
    LOCATION = "LOCATION"
    CLOSURE = "CLOSURE"


@dataclass(frozen=True, slots=True)
class DriftItem:
    """A session that differs from the plan, or a day on which one is missing.

    Attributes:
        date: The day of the session, or the day without one.
        reasons: How it differs, in the order of `DriftReason`.
        occurrence: The session; None if it is missing.
    """

    date: date
    reasons: tuple[DriftReason, ...]
    occurrence: Occurrence | None


def drift(plan: Plan, sessions: Sequence[Occurrence], now: datetime) -> list[DriftItem]:
    """Return what `difference` would change, edited sessions excluded, and why. The arguments are the same."""
    items = []
    for decision in difference(plan, sessions, now):
        session, planned = decision.session, decision.planned
        if session is None:
            assert planned is not None  # noqa: S101 - a session is created as it is planned
            items.append(DriftItem(planned.session_date, (DriftReason.MISSING,), None))
        elif decision.action is not OccurrenceAction.KEEP:
            items.append(DriftItem(session.session_date, _reasons(plan, session, decision), session))
    return items


def _reasons(plan: Plan, session: Occurrence, decision: Decision) -> tuple[DriftReason, ...]:
    planned = decision.planned
    if planned is None:
        return (DriftReason.CLOSURE if session.recurrence_date in plan.closed_days else DriftReason.NOT_IN_RULE,)
    minutes = [minutes_of_day(either.end_time) - minutes_of_day(either.start_time) for either in (session, planned)]
    differs = {
        DriftReason.START_TIME: decision.action is OccurrenceAction.MOVE,
        DriftReason.DURATION: minutes[0] != minutes[1],
        DriftReason.TIME_ZONE: session.time_zone != planned.time_zone,
        DriftReason.FACILITATOR: (session.facilitator_id, session.co_facilitator_id)
        != (planned.facilitator_id, planned.co_facilitator_id),
        DriftReason.LOCATION: session.location_id != planned.location_id,
    }
    # With nothing else, only the instants differ: the rules of the zone have changed since.
    return tuple(reason for reason, is_different in differs.items() if is_different) or (DriftReason.TIME_ZONE,)
