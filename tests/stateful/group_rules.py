"""The model's rules for defining, editing, deleting and restoring groups."""

from typing import Any

from tests.stateful.model import DEFAULT_ZONE, PLACES, STAFF, ZONES, Model, Payload, Record, accepted, refused
from tests.stateful.roster_rules import settle
from tests.stateful.session_end_rules import cancel_ahead

_FIELDS = (
    "name",
    "groupType",
    "facilitatorId",
    "coFacilitatorId",
    "locationId",
    "timeZone",
    "maxCapacity",
    "minCapacity",
    "durationMinutes",
    "recurrence",
)


def create(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    values = {name: input_.get(name) for name in _FIELDS}
    if faults := _faults(values, set(_FIELDS)) + _end_faults(values, None):
        return refused(*faults, groupDefinition=None)
    group = {
        "id": (actual["groupDefinition"] or {}).get("id", "no id in the response"),
        "version": 1,
        "deletedAt": False,
    }
    group |= _record(values)
    model.groups[group["id"]] = group
    model.record(group["id"], group["id"], "created", actor)
    return accepted(groupDefinition=dict(group))


def update(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    group = model.groups.get(input_["id"])
    if fault := _no_change(group, input_):
        return refused(fault, groupDefinition=None, promoted=[])
    assert group is not None
    values = {**_values(group), **{name: input_[name] for name in _FIELDS if name in input_}}
    if values["recurrence"] and group["recurrence"]:
        values["recurrence"] = {"excludedDates": group["recurrence"]["excludedDates"], **values["recurrence"]}
    if faults := _faults(values, set(input_)) + _end_faults(values, group):
        return refused(*faults, groupDefinition=None, promoted=[])
    before, after = dict(group), {**group, **_record(values)}
    if after != before:
        group |= {**after, "version": before["version"] + 1}
        model.record(group["id"], group["id"], "updated", actor)
    more = after["maxCapacity"] > before["maxCapacity"]
    return accepted(promoted=settle(model, group["id"], actor) if more else [], groupDefinition=dict(group))


def delete(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    group = model.groups.get(input_["id"])
    faults = [fault] if (fault := _no_change(group, input_)) else []
    reason = (input_.get("cancellationReason") or "").strip()
    if input_.get("cancelSessions") and not reason:
        faults.append(("REQUIRED", "cancellationReason"))
    if group is None or faults:
        return refused(*faults, groupDefinition=None, cancelledCount=0)
    group |= {"deletedAt": True, "version": group["version"] + 1}
    model.record(group["id"], group["id"], "deleted", actor)
    cancelled = cancel_ahead(model, group["id"], reason, actor) if input_.get("cancelSessions") else 0
    return accepted(groupDefinition=dict(group), cancelledCount=cancelled)


def restore(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    group = model.groups.get(input_["id"])
    fault = ("INVALID", "id") if group and not group["deletedAt"] else _no_change(group, input_, deleted=True)
    if fault:
        return refused(fault, groupDefinition=None, promoted=[])
    assert group is not None
    group |= {"deletedAt": False, "version": group["version"] + 1}
    model.record(group["id"], group["id"], "restored", actor)
    return accepted(promoted=settle(model, group["id"], actor), groupDefinition=dict(group))


def _no_change(group: Record | None, input_: Record, *, deleted: bool = False) -> tuple[str, str] | None:
    if group is None:
        return "NOT_FOUND", "id"
    if group["deletedAt"] and not deleted:
        return "GROUP_DELETED", "id"
    if input_.get("expectedVersion") not in {None, group["version"]}:
        return "VERSION_CONFLICT", "expectedVersion"
    return None


def _faults(values: Record, sent: set[str]) -> list[tuple[str, str]]:
    faults = []
    if not (values["name"] or "").strip():
        faults.append(("REQUIRED", "name"))
    elif len(values["name"].strip()) > 200:
        faults.append(("OUT_OF_RANGE", "name"))
    faults += [("REQUIRED", name) for name in ("groupType", "facilitatorId") if values[name] is None]
    if values["facilitatorId"] is not None and values["facilitatorId"] not in STAFF:
        faults.append(("NOT_FOUND", "facilitatorId"))
    if values["coFacilitatorId"] is not None:
        if values["coFacilitatorId"] not in STAFF:
            faults.append(("NOT_FOUND", "coFacilitatorId"))
        elif values["coFacilitatorId"] == values["facilitatorId"]:
            faults.append(("INVALID", "coFacilitatorId" if "coFacilitatorId" in sent else "facilitatorId"))
    if values["locationId"] is not None and values["locationId"] not in PLACES:
        faults.append(("NOT_FOUND", "locationId"))
    if values["timeZone"] is not None and values["timeZone"] not in ZONES:
        faults.append(("INVALID", "timeZone"))
    if values["recurrence"] is not None and "HOURLY" in values["recurrence"]["rule"]:
        faults.append(("INVALID_RECURRENCE_RULE", "recurrence.rule"))
    has_min = "minCapacity" in sent
    return faults + _number_faults(values["maxCapacity"], values["minCapacity"], values["durationMinutes"], has_min)


def _number_faults(most: int | None, least: int | None, minutes: int | None, has_min: bool) -> list[tuple[str, str]]:
    faults = []
    if most is None:
        faults.append(("REQUIRED", "maxCapacity"))
    elif not 1 <= most <= 500:
        faults.append(("OUT_OF_RANGE", "maxCapacity"))
    elif least is not None and not 1 <= least <= most:
        faults.append(("OUT_OF_RANGE", "minCapacity" if has_min else "maxCapacity"))
    if (most is None or not 1 <= most <= 500) and least is not None and least < 1:
        faults.append(("OUT_OF_RANGE", "minCapacity"))
    if minutes is None:
        faults.append(("REQUIRED", "durationMinutes"))
    elif not 5 <= minutes <= 720:
        faults.append(("OUT_OF_RANGE", "durationMinutes"))
    return faults


def _end_faults(values: Record, group: Record | None) -> list[tuple[str, str]]:
    rule, minutes = values["recurrence"], values["durationMinutes"]
    if rule is None or minutes is None or not 5 <= minutes <= 720:
        return []
    hour, minute, _ = map(int, rule["startTime"].split(":"))
    if hour * 60 + minute + minutes < 24 * 60:
        return []
    is_at_the_same_time = group and group["recurrence"] and group["recurrence"]["startTime"] == rule["startTime"]
    if is_at_the_same_time and group and group["durationMinutes"] != minutes:
        return [("INVALID", "durationMinutes")]
    return [("INVALID", "recurrence.startTime")]


def _record(values: Record) -> Record:
    place = values["locationId"]
    rule = values["recurrence"]
    return {
        "name": values["name"].strip(),
        "groupType": values["groupType"],
        "facilitator": {"id": values["facilitatorId"]},
        "coFacilitator": _reference(values["coFacilitatorId"]),
        "location": _reference(place),
        "timeZone": values["timeZone"] or PLACES.get(place, DEFAULT_ZONE),
        "maxCapacity": values["maxCapacity"],
        "minCapacity": values["minCapacity"],
        "durationMinutes": values["durationMinutes"],
        "recurrence": rule and {**rule, "excludedDates": sorted(set(rule.get("excludedDates") or ()))},
    }


def _values(group: Record) -> Record:
    values: dict[str, Any] = {name: group[name] for name in _FIELDS if name in group}
    people = {"facilitatorId": "facilitator", "coFacilitatorId": "coFacilitator", "locationId": "location"}
    return values | {name: (group[field] or {}).get("id") for name, field in people.items()}


def _reference(record: str | None) -> Record | None:
    return None if record is None else {"id": record}
