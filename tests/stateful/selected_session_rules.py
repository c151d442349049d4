"""The model's rules for editing and cancelling many sessions."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.stateful import session_rules
from tests.stateful.model import ENDED, Model, Payload, Record, accepted, refused
from tests.stateful.session_end_rules import apply_cancellation

Faults = set[tuple[str, str]]
_NOTHING: dict[str, Any] = {"changes": [], "createdCount": 0, "updatedCount": 0, "cancelledCount": 0, "keptCount": 0}


def update(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    selection = input_["selection"]
    sessions, faults = _selected(model, selection)
    faults |= session_rules.edit_faults(input_)
    changes: list[tuple[Record, str, str | None, Record]] = []
    for session in sessions:
        if reason := _kept(session, selection):
            changes.append((session, "KEEP", reason, {}))
            continue
        path = _path(session, selection)
        if model.groups[session["groupDefinition"]["id"]]["deletedAt"]:
            faults.add(("GROUP_DELETED", "selection.groupDefinitionId" if "groupDefinitionId" in selection else path))
        elif session["status"] in ENDED:
            faults.add((ENDED[session["status"]], path))
        else:
            edits, renamed = _edits(session, input_)
            of_session, placed = session_rules.edited(model, session, edits)
            faults |= {(code, renamed.get(field, field)) for code, field in of_session}
            if placed is not None:
                is_moved = any(session[name] != placed[name] for name in ("sessionDate", "startTime"))
                action = "MOVE" if is_moved else "UPDATE" if session | placed != session else "KEEP"
                changes.append((session, action, "UNCHANGED" if action == "KEEP" else None, placed))
    if _has_duplicates(model, changes):
        faults.add(("DUPLICATE_OCCURRENCE", "startTime" if "startTime" in input_ else "shiftDays"))
    if faults:
        return refused(*faults, **_NOTHING)
    for session, action, _, placed in changes:
        if action != "KEEP":
            session_rules.apply_edit(model, session, placed, actor)
    return _payload([(session, action, reason) for session, action, reason, _ in changes])


def cancel(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    selection = input_["selection"]
    sessions, faults = _selected(model, selection)
    if not input_["reason"].strip():
        faults.add(("REQUIRED", "reason"))
    changes: list[tuple[Record, str, str | None]] = []
    for session in sessions:
        if reason := _kept(session, selection):
            changes.append((session, "KEEP", reason))
        elif session["status"] in ENDED:
            faults.add((ENDED[session["status"]], _path(session, selection)))
        else:
            changes.append((session, "CANCEL", None))
    if faults:
        return refused(*faults, **_NOTHING)
    for session, action, _ in changes:
        if action == "CANCEL":
            apply_cancellation(model, session, input_["reason"].strip(), actor)
    return _payload(changes)


def _selected(model: Model, selection: Record) -> tuple[list[Record], Faults]:
    """Return the sessions of a selection in order, and what is wrong with it."""
    if "ids" in selection:
        unknown = {number for number, id_ in enumerate(selection["ids"]) if id_ not in model.sessions}
        ids = {id_ for id_ in selection["ids"] if id_ in model.sessions}
        return _in_order(model.sessions[id_] for id_ in ids), {("NOT_FOUND", f"selection.ids.{n}") for n in unknown}
    group, leader = selection.get("groupDefinitionId"), selection.get("facilitatorId")
    faults: Faults = set()
    if group is not None and group not in model.groups:
        faults.add(("NOT_FOUND", "selection.groupDefinitionId"))
    if selection["through"] < selection["from"]:
        return [], faults | {("OUT_OF_RANGE", "selection.through")}
    sessions = [
        session
        for session in model.sessions.values()
        if selection["from"] <= session["sessionDate"] <= selection["through"]
        and (group is None or session["groupDefinition"] == {"id": group})
        and (leader is None or {"id": leader} in (session["facilitator"], session["coFacilitator"]))
    ]
    return _in_order(sessions), faults


def _edits(session: Record, input_: Record) -> tuple[Record, dict[str, str]]:
    """Return the input for one session, and the fields whose errors are at another field."""
    edits = {name: value for name, value in input_.items() if name not in ("selection", "shiftDays")}
    renamed = {"sessionDate": "shiftDays"}
    replaced = input_["selection"].get("facilitatorId")
    if "facilitatorId" in edits and replaced is not None and session["facilitator"] != {"id": replaced}:
        substitute = edits.pop("facilitatorId")
        if "coFacilitatorId" not in edits:
            edits["coFacilitatorId"] = substitute
            renamed["coFacilitatorId"] = "facilitatorId"
    if days := input_.get("shiftDays"):
        edits["sessionDate"] = str(date.fromisoformat(session["sessionDate"]) + timedelta(days=days))
    return edits, renamed


def _kept(session: Record, selection: Record) -> str | None:
    if "ids" in selection:
        return None
    if session["status"] in ENDED:
        return str(session["status"])
    return "PAST" if datetime.fromisoformat(session["startsAt"]) <= datetime.now(UTC) else None


def _path(session: Record, selection: Record) -> str:
    return f"selection.ids.{selection['ids'].index(session['id'])}" if "ids" in selection else "selection"


def _has_duplicates(model: Model, changes: list[tuple[Record, str, str | None, Record]]) -> bool:
    decided = {session["id"] for session, _, _, placed in changes if placed}
    after = [session | placed for session, _, _, placed in changes if placed]
    others = [item for item in model.sessions.values() if item["id"] not in decided and item["status"] != "CANCELLED"]
    slots = Counter(map(_slot, [*after, *others]))
    moved = [
        session | placed
        for session, _, _, placed in changes
        if placed and _slot(session) != _slot(placed | {"groupDefinition": session["groupDefinition"]})
    ]
    return any(slots[_slot(session)] > 1 for session in moved)


def _slot(session: Record) -> tuple[str, str, str]:
    return session["groupDefinition"]["id"], session["sessionDate"], session["startTime"]


def _in_order(sessions: Any) -> list[Record]:
    return sorted(sessions, key=lambda session: (session["sessionDate"], session["startTime"], session["id"]))


def _payload(changes: list[tuple[Record, str, str | None]]) -> Payload:
    actions = Counter(action for _, action, _ in changes)
    # The order of sessions of one time is the one before the change.
    entries = sorted(changes, key=lambda change: (change[0]["sessionDate"], change[0]["startTime"]))
    return accepted(
        changes=[
            {
                "action": action,
                "keepReason": reason,
                "occurrence": dict(session),
                **{name: session[name] for name in ("sessionDate", "startTime", "endTime")},
            }
            for session, action, reason in entries
        ],
        createdCount=0,
        updatedCount=actions["MOVE"] + actions["UPDATE"],
        cancelledCount=actions["CANCEL"],
        keptCount=actions["KEEP"],
    )
