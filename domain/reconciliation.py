"""The difference between a plan and the calendar, and the changes that bring the calendar to the plan.

A session that fills a slot of the recurrence belongs to the window of its slot, wherever it has been moved to. What the
plan has for the slot decides on it. Sessions that were added by hand have no slot, and are never changed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from operator import attrgetter
from uuid import UUID

from domain.calendar_changes import KeepReason, OccurrenceAction, OccurrenceChange, changed, kept
from domain.plan import Plan, PlannedSession
from domain.records import Occurrence, OccurrenceStatus
from domain.refusal import Fault, FaultCode, Refusal
from domain.session_changes import SessionChange, schedule_on_another_day, session_change, update_change
from domain.sessions import REASON_LENGTH
from domain.texts import optional_text


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one session.

    Attributes:
        action: What to do.
        session: The session; None if it is to be created.
        planned: The session that the plan has, if it is to be created, moved or updated.
        keep_reason: Why it is kept; None if it changes.
    """

    action: OccurrenceAction
    session: Occurrence | None
    planned: PlannedSession | None = None
    keep_reason: KeepReason | None = None


Place = tuple[date, time]
"""The local date and start time of a session. At most one live session of a group is at a place."""

_REASON = ("input", "cancellationReason")
_place = attrgetter("session_date", "start_time")
_PLANNED: tuple[str, ...] = tuple(field.name for field in fields(PlannedSession))
_ENDED = {
    OccurrenceStatus.COMPLETED: KeepReason.COMPLETED,
    OccurrenceStatus.CANCELLED: KeepReason.CANCELLED,
}


def difference(
    plan: Plan, sessions: Sequence[Occurrence], now: datetime, *, include_edited: bool = False
) -> list[Decision]:
    """Return what brings the calendar to the plan: a decision on each session, and the missing ones, by date and time.

    Nothing in the past changes, and nothing is created or moved there. No completed, cancelled or edited session
    changes, and no slot that one of them fills is filled again.

    Args:
        plan: The plan.
        sessions: All sessions of the group that stand on a day of the window or fill a slot in it.
        now: The present instant. A session that has begun is in the past.
        include_edited: Whether edited sessions return to their slots too. They are then no longer edited.
    """
    decisions = _without_collisions([_decide(plan, session, now, include_edited) for session in sessions])
    staying = [decision.session for decision in decisions if decision.session and not _frees_place(decision)]
    decisions += [
        Decision(OccurrenceAction.CREATE, None, planned)
        for planned in _missing_sessions(plan, sessions, staying)
        if planned.starts_at > now
    ]
    return sorted(decisions, key=_order)


def additions(plan: Plan, sessions: Sequence[Occurrence]) -> list[Decision]:
    """Return the part of the difference that only adds: the missing sessions, also in the past."""
    missing = _missing_sessions(plan, sessions, sessions)
    return [Decision(OccurrenceAction.CREATE, None, planned) for planned in missing]


def _missing_sessions(
    plan: Plan, sessions: Sequence[Occurrence], staying: Sequence[Occurrence]
) -> list[PlannedSession]:
    """Return the sessions of the plan whose slot no session fills, and at whose place none stands.

    A cancelled session still fills its slot. If it was added by hand, it keeps its place from being filled.

    Args:
        plan: The plan.
        sessions: All sessions of the group that stand on a day of the window or fill a slot in it.
        staying: Those that stay at their place.
    """
    filled = {session.recurrence_date for session in sessions}
    taken = {_place(session) for session in staying if _is_live(session) or session.recurrence_date is None}
    return [planned for day, planned in plan.sessions.items() if day not in filled and _place(planned) not in taken]


def carry_out(
    decisions: Iterable[Decision], group_id: UUID, new_id: Callable[[], UUID], reason: str | None, now: datetime
) -> Iterator[SessionChange | None]:
    """Yield the change of each decision of a plan; None if it keeps its session.

    Args:
        decisions: The decisions.
        group_id: The group.
        new_id: Returns the id of a new session.
        reason: Why sessions are cancelled. Only None if none is (see `refuse_without_reason`).
        now: The instant of the change.
    """
    # Deciding on another new session like the first takes a third of the time.
    first: SessionChange | None = None
    for decision in decisions:
        session, planned = decision.session, decision.planned
        if session is not None:
            is_kept = decision.action is OccurrenceAction.KEEP
            yield None if is_kept else _reconciled(session, planned, reason, now)
        elif planned is not None and first is None:
            first = _scheduled(planned, group_id, new_id(), now)
            yield first
        elif planned is not None and first is not None:
            day, starts_at, ends_at = planned.session_date, planned.starts_at, planned.ends_at
            yield schedule_on_another_day(first, new_id(), day, starts_at, ends_at)


def _scheduled(planned: PlannedSession, group_id: UUID, session_id: UUID, now: datetime) -> SessionChange:
    session = Occurrence(
        id=session_id,
        group_definition_id=group_id,
        **{name: getattr(planned, name) for name in _PLANNED},
        status=OccurrenceStatus.SCHEDULED,
        cancellation_reason=None,
        cancelled_at=None,
        version=1,
        created_at=now,
        updated_at=now,
        recurrence_date=planned.session_date,
    )
    return session_change(None, session, "scheduled")


def _reconciled(
    session: Occurrence, planned: PlannedSession | None, reason: str | None, now: datetime
) -> SessionChange:
    """Bring a session to what is planned for its slot. Cancel it if nothing is."""
    versioned = replace(session, version=session.version + 1, updated_at=now)
    if planned is not None:
        return update_change(session, _as_planned(versioned, planned))
    status = OccurrenceStatus.CANCELLED
    cancelled = replace(versioned, status=status, cancellation_reason=reason, cancelled_at=now)
    return session_change(session, cancelled, "cancelled")


def as_occurrence_change(decision: Decision, change: SessionChange | None, *, dry_run: bool) -> OccurrenceChange:
    """Return what a decision does to its session. A session that a dry run would create does not exist."""
    if change is None:
        assert decision.session and decision.keep_reason  # noqa: S101, PT018 - a session that is kept exists
        return kept(decision.session, decision.keep_reason)
    entry = changed(change)
    return replace(entry, occurrence=None) if dry_run and change.before is None else entry


def cancellation_reason(text: str | None, faults: list[Fault]) -> str | None:
    """Return the trimmed reason for cancellations; None if it is blank. Add INVALID or OUT_OF_RANGE to the faults."""
    return optional_text(text, _REASON, "reason", REASON_LENGTH, faults)


def refuse_without_reason(decisions: Iterable[Decision], reason: str | None) -> None:
    """Raise a Refusal with REQUIRED if sessions are to be cancelled without a reason."""
    count = sum(decision.action is OccurrenceAction.CANCEL for decision in decisions)
    if count and reason is None:
        sessions = "1 session is" if count == 1 else f"{count:,} sessions are"
        message = f"{sessions} no longer planned and would be cancelled. Give a reason for the cancellation."
        raise Refusal(Fault(FaultCode.REQUIRED, message, _REASON))


def _decide(plan: Plan, session: Occurrence, now: datetime, include_edited: bool) -> Decision:
    if reason := _reason_to_keep(plan, session, now, include_edited):
        return Decision(OccurrenceAction.KEEP, session, None, reason)
    assert session.recurrence_date is not None  # noqa: S101 - a session without one is kept
    planned = plan.sessions.get(session.recurrence_date)
    if planned is None:
        return Decision(OccurrenceAction.CANCEL, session)
    if planned.starts_at <= now:
        return Decision(OccurrenceAction.KEEP, session, None, KeepReason.PAST)
    if _as_planned(session, planned) == session:
        return Decision(OccurrenceAction.KEEP, session, None, KeepReason.UNCHANGED)
    is_moved = _place(planned) != _place(session)
    return Decision(OccurrenceAction.MOVE if is_moved else OccurrenceAction.UPDATE, session, planned)


def _reason_to_keep(plan: Plan, session: Occurrence, now: datetime, include_edited: bool) -> KeepReason | None:
    """Return why a session is kept whatever is planned; None if the plan decides."""
    if session.status in _ENDED:
        return _ENDED[session.status]
    if session.starts_at <= now:
        return KeepReason.PAST
    slot = session.recurrence_date
    if slot is None:
        planned = plan.sessions.get(session.session_date)
        if planned is not None and _place(planned) == _place(session):
            return KeepReason.DUPLICATE
        return KeepReason.CLOSURE if session.session_date in plan.closed_days else KeepReason.EDITED
    # A session whose slot is outside of the window was moved into the window by hand.
    if not plan.covers(slot) or (session.edited and not include_edited):
        return KeepReason.EDITED
    return None


def _without_collisions(decisions: list[Decision]) -> list[Decision]:
    """Keep the sessions that would move to a place that another session keeps."""
    moving = {_place(decision.planned): index for index, decision in enumerate(decisions) if _moves(decision)}
    kept = [
        _place(decision.session)
        for decision in decisions
        if decision.session and _is_live(decision.session) and not _frees_place(decision)
    ]
    while kept:
        # A session that cannot move keeps its own place too.
        index = moving.pop(kept.pop(), None)
        if index is not None:
            session = decisions[index].session
            decisions[index] = Decision(OccurrenceAction.KEEP, session, None, KeepReason.DUPLICATE)
            kept.append(_place(session))
    return decisions


def _moves(decision: Decision) -> bool:
    return decision.action is OccurrenceAction.MOVE


def _frees_place(decision: Decision) -> bool:
    return decision.action in (OccurrenceAction.MOVE, OccurrenceAction.CANCEL)


def _is_live(session: Occurrence) -> bool:
    return session.status is not OccurrenceStatus.CANCELLED


def _as_planned(session: Occurrence, planned: PlannedSession) -> Occurrence:
    return replace(session, edited=False, **{name: getattr(planned, name) for name in _PLANNED})


def _order(decision: Decision) -> tuple[date, time, str]:
    after = decision.planned or decision.session
    assert after is not None  # noqa: S101 - a decision is about a session
    return after.session_date, after.start_time, str(decision.session.id) if decision.session else ""
