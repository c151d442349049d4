"""Defining, editing and deleting groups, as the model has them."""

from typing import Any

from tests.stateful.model import DEFAULT_ZONE, PLACES, STAFF, Model, Payload, Record, accepted, refused
from tests.stateful.roster_rules import settle

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
_ZONES = {"America/Phoenix", "America/Denver", "Europe/Berlin"}


def create(model: Model, given: Record, actor: str, told: Payload) -> Payload:
    typed = {name: given.get(name) for name in _FIELDS}
    if faults := _faults(typed, min_typed=True):
        return refused(*faults, groupDefinition=None)
    group = {"id": (told["groupDefinition"] or {}).get("id", "no id was told"), "version": 1, "deletedAt": False}
    group |= _record(typed)
    model.groups[group["id"]] = group
    model.tell(group["id"], group["id"], "created", actor)
    return accepted(groupDefinition=dict(group))


def update(model: Model, given: Record, actor: str, _told: Payload) -> Payload:
    group = model.groups.get(given["id"])
    if fault := _no_change(group, given):
        return refused(fault, groupDefinition=None, promoted=[])
    assert group is not None
    typed = {**_typed(group), **{name: given[name] for name in _FIELDS if name in given}}
    if faults := _faults(typed, min_typed="minCapacity" in given):
        return refused(*faults, groupDefinition=None, promoted=[])
    before, after = dict(group), {**group, **_record(typed)}
    if after != before:
        group |= {**after, "version": before["version"] + 1}
        model.tell(group["id"], group["id"], "updated", actor)
    more = after["maxCapacity"] > before["maxCapacity"]
    return accepted(promoted=settle(model, group["id"], actor) if more else [], groupDefinition=dict(group))


def delete(model: Model, given: Record, actor: str, _told: Payload) -> Payload:
    group = model.groups.get(given["id"])
    if fault := _no_change(group, given):
        return refused(fault, groupDefinition=None)
    assert group is not None
    version = group["version"] + 1
    group |= {"deletedAt": True, "version": version}
    model.tell(group["id"], group["id"], "deleted", actor)
    return accepted(groupDefinition=dict(group))


def _no_change(group: Record | None, given: Record) -> tuple[str, str] | None:
    if group is None:
        return "NOT_FOUND", "id"
    if group["deletedAt"]:
        return "GROUP_DELETED", "id"
    if given.get("expectedVersion") not in {None, group["version"]}:
        return "VERSION_CONFLICT", "expectedVersion"
    return None


def _faults(typed: Record, *, min_typed: bool) -> list[tuple[str, str]]:
    faults = []
    if not (typed["name"] or "").strip():
        faults.append(("REQUIRED", "name"))
    elif len(typed["name"].strip()) > 200:
        faults.append(("OUT_OF_RANGE", "name"))
    faults += [("REQUIRED", name) for name in ("groupType", "facilitatorId") if typed[name] is None]
    if typed["facilitatorId"] is not None and typed["facilitatorId"] not in STAFF:
        faults.append(("NOT_FOUND", "facilitatorId"))
    if typed["coFacilitatorId"] is not None:
        if typed["coFacilitatorId"] not in STAFF:
            faults.append(("NOT_FOUND", "coFacilitatorId"))
        elif typed["coFacilitatorId"] == typed["facilitatorId"]:
            faults.append(("INVALID", "coFacilitatorId"))
    if typed["locationId"] is not None and typed["locationId"] not in PLACES:
        faults.append(("NOT_FOUND", "locationId"))
    if typed["timeZone"] is not None and typed["timeZone"] not in _ZONES:
        faults.append(("INVALID", "timeZone"))
    if typed["recurrence"] is not None and "HOURLY" in typed["recurrence"]["rule"]:
        faults.append(("INVALID_RECURRENCE_RULE", "recurrence.rule"))
    return faults + _number_faults(typed["maxCapacity"], typed["minCapacity"], typed["durationMinutes"], min_typed)


def _number_faults(most: int | None, least: int | None, minutes: int | None, min_typed: bool) -> list[tuple[str, str]]:
    faults = []
    if most is None:
        faults.append(("REQUIRED", "maxCapacity"))
    elif not 1 <= most <= 500:
        faults.append(("OUT_OF_RANGE", "maxCapacity"))
    elif least is not None and not 1 <= least <= most:
        faults.append(("OUT_OF_RANGE", "minCapacity" if min_typed else "maxCapacity"))
    if (most is None or not 1 <= most <= 500) and least is not None and least < 1:
        faults.append(("OUT_OF_RANGE", "minCapacity"))
    if minutes is None:
        faults.append(("REQUIRED", "durationMinutes"))
    elif not 5 <= minutes <= 720:
        faults.append(("OUT_OF_RANGE", "durationMinutes"))
    return faults


def _record(typed: Record) -> Record:
    place = typed["locationId"]
    rule = typed["recurrence"]
    return {
        "name": typed["name"].strip(),
        "groupType": typed["groupType"],
        "facilitator": {"id": typed["facilitatorId"]},
        "coFacilitator": _reference(typed["coFacilitatorId"]),
        "location": _reference(place),
        "timeZone": typed["timeZone"] or PLACES.get(place, DEFAULT_ZONE),
        "maxCapacity": typed["maxCapacity"],
        "minCapacity": typed["minCapacity"],
        "durationMinutes": typed["durationMinutes"],
        "recurrence": rule and {**rule, "excludedDates": sorted(set(rule["excludedDates"]))},
    }


def _typed(group: Record) -> Record:
    typed: dict[str, Any] = {name: group[name] for name in _FIELDS if name in group}
    people = {"facilitatorId": "facilitator", "coFacilitatorId": "coFacilitator", "locationId": "location"}
    return typed | {name: (group[field] or {}).get("id") for name, field in people.items()}


def _reference(record: str | None) -> Record | None:
    return None if record is None else {"id": record}
