"""The model's rules for closures."""

from datetime import date, timedelta

from tests.stateful.model import PLACES, Model, Payload, Record, accepted, refused

Faults = list[tuple[str, str]]
_FIELDS = ("name", "from", "through", "locationId")


def create(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    values = _sent(input_)
    if faults := _faults(values, "through"):
        return refused(*faults, closure=None, affected=[], affectedCount=0)
    closure = {"id": (actual["closure"] or {}).get("id", "no id in the response"), "version": 1, **_record(values)}
    model.closures[closure["id"]] = closure
    model.history[closure["id"]].append(("created", actor))
    return _changed(model, closure)


def update(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    closure = model.closures.get(input_["id"])
    fault = _no_change(closure, input_)
    if closure is None:
        faults = [(code, field) for code, field in _faults(_sent(input_), "through") if field in input_]
    else:
        values = {**closure, "locationId": (closure["location"] or {}).get("id")}
        values = {name: input_.get(name, values[name]) for name in _FIELDS}
        faults = _faults(values, "from" if "from" in input_ and "through" not in input_ else "through")
    faults += [fault] if fault else []
    if closure is None or faults:
        return refused(*faults, closure=None, affected=[], affectedCount=0)
    if closure | _record(values) != closure:
        closure |= {**_record(values), "version": closure["version"] + 1}
        model.history[closure["id"]].append(("updated", actor))
    return _changed(model, closure)


def delete(model: Model, input_: Record, _actor: str, _actual: Payload) -> Payload:
    closure = model.closures.get(input_["id"])
    if fault := _no_change(closure, input_):
        return refused(fault, deletedId=None)
    assert closure is not None
    del model.closures[closure["id"]]
    return accepted(deletedId=closure["id"])


def closed_days(model: Model, group: Record) -> set[str]:
    """Return the days on which a group's location is closed."""
    return {day for closure in model.closures.values() if _closes(closure, group["location"]) for day in _days(closure)}


def _closes(closure: Record, location: Record | None) -> bool:
    return closure["location"] is None or closure["location"] == location


def _days(closure: Record) -> list[str]:
    first, last = date.fromisoformat(closure["from"]), date.fromisoformat(closure["through"])
    return [str(first + timedelta(days=number)) for number in range((last - first).days + 1)]


def _changed(model: Model, closure: Record) -> Payload:
    affected = [
        dict(session)
        for session in model.sessions.values()
        if session["status"] == "SCHEDULED"
        and closure["from"] <= session["sessionDate"] <= closure["through"]
        and _closes(closure, session["location"])
    ]
    affected.sort(key=lambda session: (session["sessionDate"], session["startTime"], session["id"]))
    return accepted(closure=dict(closure), affected=affected, affectedCount=len(affected))


def _sent(input_: Record) -> Record:
    return {name: input_.get(name) for name in _FIELDS}


def _no_change(closure: Record | None, input_: Record) -> tuple[str, str] | None:
    if closure is None:
        return "NOT_FOUND", "id"
    is_stale = input_.get("expectedVersion") not in {None, closure["version"]}
    return ("VERSION_CONFLICT", "expectedVersion") if is_stale else None


def _faults(values: Record, field_of_days: str) -> Faults:
    faults: Faults = [("REQUIRED", name) for name in ("from", "through") if values[name] is None]
    name, place = (values["name"] or "").strip(), values["locationId"]
    if not 1 <= len(name) <= 200:
        faults.append(("OUT_OF_RANGE" if name else "REQUIRED", "name"))
    if place is not None and place not in PLACES:
        faults.append(("NOT_FOUND", "locationId"))
    if values["from"] is not None and values["through"] is not None:
        length = date.fromisoformat(values["through"]) - date.fromisoformat(values["from"])
        if not 0 <= length.days < 366:
            faults.append(("OUT_OF_RANGE", field_of_days))
    return faults


def _record(values: Record) -> Record:
    place = values["locationId"]
    return {
        "name": values["name"].strip(),
        "from": values["from"],
        "through": values["through"],
        "location": None if place is None else {"id": place},
    }
