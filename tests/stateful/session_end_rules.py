"""The model's rules for cancelling, documenting and reopening sessions."""

from datetime import UTC, datetime, timedelta

from tests.stateful.documenting import THERAPIST
from tests.stateful.model import ENDED, Model, Payload, Record, accepted, refused
from tests.stateful.session_rules import is_taken, sessions_of


def cancel(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    session = model.sessions.get(input_["id"])
    faults = []
    if session is None:
        faults.append(("NOT_FOUND", "id"))
    elif input_.get("expectedVersion") not in {None, session["version"]}:
        faults.append(("VERSION_CONFLICT", "expectedVersion"))
    elif session["status"] in ENDED:
        faults.append((ENDED[session["status"]], "id"))
    if not input_["reason"].strip():
        faults.append(("REQUIRED", "reason"))
    if session is None or faults:
        return refused(*faults, occurrence=None)
    apply_cancellation(model, session, input_["reason"].strip(), actor)
    return accepted(occurrence=dict(session))


def reopen(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    session = model.sessions.get(input_["id"])
    if session is None:
        return refused(("NOT_FOUND", "id"), occurrence=None)
    group = model.groups[session["groupDefinition"]["id"]]
    if input_.get("expectedVersion") not in {None, session["version"]}:
        return refused(("VERSION_CONFLICT", "expectedVersion"), occurrence=None)
    if group["deletedAt"] or session["status"] == "SCHEDULED":
        return refused(("GROUP_DELETED" if group["deletedAt"] else "INVALID", "id"), occurrence=None)
    others = [
        record
        for record in sessions_of(model, group["id"])
        if record["status"] != "CANCELLED" and record is not session
    ]
    if is_taken(model, group["id"], session["sessionDate"], session["startTime"], session["id"]) or (
        session["recurrenceDate"] is not None
        and any(record["recurrenceDate"] == session["recurrenceDate"] for record in others)
    ):
        return refused(("DUPLICATE_OCCURRENCE", "id"), occurrence=None)
    session |= {
        "status": "SCHEDULED",
        "cancellationReason": None,
        "cancelledAt": False,
        "edited": True,
        "version": session["version"] + 1,
    }
    model.record(group["id"], session["id"], "reopened", actor, "pm_group_session_reopened")
    return accepted(occurrence=dict(session))


def document(model: Model, session_id: str) -> tuple[int, str]:
    """Complete a session that took place. Return the HTTP status, and the session's status or the error."""
    session = model.sessions.get(session_id)
    if session is None:
        return 404, "UNKNOWN_SESSION"
    if session["status"] == "CANCELLED":
        return 409, "OCCURRENCE_CANCELLED"
    if session["status"] == "SCHEDULED":
        if datetime.fromisoformat(session["startsAt"]) > datetime.now(UTC) + timedelta(minutes=15):
            return 409, "SESSION_NOT_STARTED"
        session |= {"status": "COMPLETED", "version": session["version"] + 1}
        model.record(session["groupDefinition"]["id"], session["id"], "completed", THERAPIST)
    return 200, "COMPLETED"


def cancel_ahead(model: Model, group: str, reason: str, actor: str) -> int:
    """Cancel the scheduled sessions of a group that have not begun, and return their number."""
    now = datetime.now(UTC).isoformat()
    ahead = [
        record for record in sessions_of(model, group) if record["status"] == "SCHEDULED" and record["startsAt"] > now
    ]
    for session in ahead:
        apply_cancellation(model, session, reason, actor)
    return len(ahead)


def apply_cancellation(model: Model, session: Record, reason: str, actor: str) -> None:
    """Cancel a session."""
    session |= {
        "status": "CANCELLED",
        "cancellationReason": reason,
        "cancelledAt": True,
        "edited": True,
        "version": session["version"] + 1,
    }
    model.record(session["groupDefinition"]["id"], session["id"], "cancelled", actor, "pm_group_session_cancelled")
