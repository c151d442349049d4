"""The model's rules for enrollments and the waitlist."""

from typing import Any

from tests.stateful.model import ACTIVE_PATIENTS, Model, Payload, Record, accepted, refused
from tests.stateful.stay_rules import start_when_seated, stay_faults, today


def enroll(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    group = model.groups.get(input_["groupDefinitionId"])
    patient = input_["patientId"]
    nothing: Record = {"enrollment": None, "decision": None}
    faults = _group_faults(group)
    if patient in model.inactive:
        faults.append(("NOT_ACTIVE", "patientId"))
    elif patient not in ACTIVE_PATIENTS:
        faults.append(("NOT_FOUND", "patientId"))
    faults += stay_faults(input_, None if group and group["deletedAt"] else group)
    if group is None or faults:
        return refused(*faults, **nothing)
    if _is_in(model, group, patient):
        return refused(("ALREADY_ENROLLED", "patientId"), **nothing)
    new_id = (actual["enrollment"] or {}).get("id")
    return accepted(**enrolled(new_enrollment(model, group, patient, input_, new_id, actor)))


def enroll_many(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    group = model.groups.get(input_["groupDefinitionId"])
    faults = _group_faults(group)
    if not input_["patientIds"]:
        faults.append(("REQUIRED", "patientIds"))
    faults += stay_faults(input_, None if group and group["deletedAt"] else group)
    if group is None or faults:
        return refused(*faults, results=[])
    new_ids = [(result["enrollment"] or {}).get("id") for result in actual["results"]]
    new_ids += [None] * len(input_["patientIds"])
    results: list[Record] = []
    for index, (patient, new_id) in enumerate(zip(input_["patientIds"], new_ids, strict=False)):
        code = "NOT_ACTIVE" if patient in model.inactive else "NOT_FOUND" if patient not in ACTIVE_PATIENTS else None
        code = "ALREADY_ENROLLED" if code is None and _is_in(model, group, patient) else code
        if code is not None:
            result = refused((code, f"patientIds.{index}"), enrollment=None, decision=None)
        else:
            result = accepted(**enrolled(new_enrollment(model, group, patient, input_, new_id, actor)))
        results.append({"id": f"patient:{patient}", **result})
    return accepted(results=results)


def enrolled(enrollment: Record) -> Record:
    """Return the part of a payload that says what became of a patient."""
    return {
        "enrollment": dict(enrollment),
        "decision": {name: enrollment[name] for name in ("status", "waitlistPosition")},
    }


def _group_faults(group: Record | None) -> list[tuple[str, str]]:
    if group is None:
        return [("NOT_FOUND", "groupDefinitionId")]
    return [("GROUP_DELETED", "groupDefinitionId")] if group["deletedAt"] else []


def _is_in(model: Model, group: Record, patient: str) -> bool:
    active = [*model.seated(group["id"]), *model.waiting(group["id"])]
    return any(record["patient"] == {"id": patient} for record in active)


def new_enrollment(model: Model, group: Record, patient: str, stay: Record, new_id: str | None, actor: str) -> Record:
    """Seat a patient in a group, or put them on the waitlist, and return the new enrollment."""
    waiting = model.waiting(group["id"])
    waits = len(model.seated(group["id"])) >= group["maxCapacity"]
    enrollment = {
        "id": new_id or "no id in the response",
        "patient": {"id": patient},
        "groupDefinition": {"id": group["id"]},
        "status": "WAITLISTED" if waits else "ENROLLED",
        "waitlistPosition": len(waiting) + 1 if waits else None,
        "waitlistedAt": waits,
        "enrolledAt": not waits,
        "promotedAt": False,
        "disenrolledAt": False,
        "disenrollmentReason": None,
        "startDate": stay.get("startDate") or (None if waits else today(group)),
        "endDate": stay.get("endDate"),
        "countsFromStart": stay.get("startDate") is not None and not waits,
        "version": 1,
        "deletedAt": False,
    }
    model.enrollments[enrollment["id"]] = enrollment
    action = "waitlisted" if waits else "enrolled"
    model.record(group["id"], enrollment["id"], action, actor, f"pm_group_patient_{action}")
    return enrollment


def disenroll(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    enrollment = model.enrollments.get(input_["enrollmentId"])
    if enrollment is None:
        return refused(("NOT_FOUND", "enrollmentId"), enrollment=None, promoted=[])
    if input_.get("expectedVersion") not in {None, enrollment["version"]}:
        return refused(("VERSION_CONFLICT", "expectedVersion"), enrollment=None, promoted=[])
    group, last = enrollment["groupDefinition"]["id"], input_.get("endDate")
    faults = [("NOT_ACTIVE", "enrollmentId")] if enrollment["status"] == "DISENROLLED" else []
    if last is not None and not enrollment["enrolledAt"]:
        faults.append(("INVALID", "endDate"))
    elif last is not None and last > today(model.groups[group]):
        faults.append(("OUT_OF_RANGE", "endDate"))
    elif last is not None and last < enrollment["startDate"]:
        faults.append(("INVALID", "endDate"))
    if faults:
        return refused(*faults, enrollment=None, promoted=[])
    end(model, enrollment, (input_.get("reason") or "").strip() or None, last)
    model.record(group, enrollment["id"], "disenrolled", actor, "pm_group_patient_disenrolled")
    return accepted(promoted=settle(model, group, actor), enrollment=dict(enrollment))


def remove(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    enrollment = model.enrollments.get(input_["enrollmentId"])
    if enrollment is None:
        return refused(("NOT_FOUND", "enrollmentId"), enrollment=None, promoted=[])
    if enrollment["deletedAt"]:
        return refused(("NOT_ACTIVE", "enrollmentId"), enrollment=None, promoted=[])
    group = enrollment["groupDefinition"]["id"]
    if enrollment["status"] == "DISENROLLED":
        enrollment |= {"deletedAt": True, "version": enrollment["version"] + 1}
        model.removed_later.add(enrollment["id"])
        model.record(group, enrollment["id"], "removed", actor)
        return accepted(promoted=[], enrollment=dict(enrollment))
    end(model, enrollment, None)
    enrollment["deletedAt"] = True
    model.record(group, enrollment["id"], "removed", actor, "pm_group_patient_disenrolled")
    return accepted(promoted=settle(model, group, actor), enrollment=dict(enrollment))


def promote(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    enrollment = model.enrollments.get(input_["enrollmentId"])
    if fault := _not_waiting_code(model, enrollment):
        return refused((fault, "enrollmentId"), enrollment=None)
    assert enrollment is not None
    group = model.groups[enrollment["groupDefinition"]["id"]]
    if enrollment["patient"]["id"] in model.inactive:
        return refused(("NOT_ACTIVE", "enrollmentId"), enrollment=None)
    if not input_["allowOverCapacity"]:  # no seat is free while an active patient waits
        return refused(("AT_CAPACITY", "enrollmentId"), enrollment=None)
    _seat(enrollment, group)
    model.record(group["id"], enrollment["id"], "promoted_over_capacity", actor, "pm_group_patient_promoted")
    assert settle(model, group["id"], actor) == []
    return accepted(enrollment=dict(enrollment))


def move(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    enrollment = model.enrollments.get(input_["enrollmentId"])
    if fault := _not_waiting_code(model, enrollment):
        return refused((fault, "enrollmentId"), enrollment=None)
    assert enrollment is not None
    group, position = enrollment["groupDefinition"]["id"], input_["position"]
    waitlist = model.waiting(group)
    if not 1 <= position <= len(waitlist):
        return refused(("OUT_OF_RANGE", "position"), enrollment=None)
    if position != enrollment["waitlistPosition"]:
        waitlist.remove(enrollment)
        waitlist.insert(position - 1, enrollment)
        enrollment["version"] += 1
        number_waitlist(model, group, waitlist, actor)
    return accepted(enrollment=dict(enrollment))


def settle(model: Model, group: str, actor: str) -> list[Record]:
    """Promote waiting patients to the free seats, renumber the others, and return the promoted.

    A deleted group promotes nobody.
    """
    record = model.groups[group]
    free = 0 if record["deletedAt"] else max(0, record["maxCapacity"] - len(model.seated(group)))
    waiting = [item for item in model.waiting(group) if item["patient"]["id"] not in model.inactive]
    promoted = waiting[:free]
    for enrollment in promoted:
        _seat(enrollment, record)
        model.record(group, enrollment["id"], "promoted", actor, "pm_group_patient_promoted")
    number_waitlist(model, group, model.waiting(group), actor)
    return [dict(enrollment) for enrollment in promoted]


def number_waitlist(model: Model, group: str, waitlist: list[Record], actor: str) -> None:
    """Give the waiting patients the positions 1 to n."""
    for position, waiting in enumerate(waitlist, start=1):
        if waiting["waitlistPosition"] != position:
            waiting["waitlistPosition"] = position
            model.record(group, waiting["id"], "waitlist_position_changed", actor)


def _not_waiting_code(model: Model, enrollment: Record | None) -> str | None:
    if enrollment is None:
        return "NOT_FOUND"
    if model.groups[enrollment["groupDefinition"]["id"]]["deletedAt"]:
        return "GROUP_DELETED"
    return {"ENROLLED": "ALREADY_ENROLLED", "DISENROLLED": "NOT_ACTIVE"}.get(enrollment["status"])


def _seat(enrollment: dict[str, Any], group: Record) -> None:
    version = enrollment["version"] + 1
    if not enrollment["enrolledAt"]:
        enrollment["startDate"] = start_when_seated(enrollment, group)
    enrollment |= {
        "status": "ENROLLED",
        "waitlistPosition": None,
        "enrolledAt": True,
        "promotedAt": True,
        "version": version,
    }


def end(model: Model, enrollment: dict[str, Any], reason: str | None, last: str | None = None) -> None:
    """End an active enrollment. `last` is the last day, if it changes."""
    version = enrollment["version"] + 1
    model.ends.pop(enrollment["id"], None)
    if last is not None and last != enrollment["endDate"]:
        model.ends[enrollment["id"]] = enrollment["endDate"], last
        enrollment["endDate"] = last
    enrollment |= {
        "status": "DISENROLLED",
        "waitlistPosition": None,
        "disenrolledAt": True,
        "disenrollmentReason": reason,
        "version": version,
    }
