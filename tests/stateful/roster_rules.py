"""The model's rules for enrollments and the waitlist."""

from typing import Any

from tests.stateful.model import ACTIVE_PATIENTS, Model, Payload, Record, accepted, refused


def enroll(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    group = model.groups.get(input_["groupDefinitionId"])
    patient = input_["patientId"]
    faults = []
    if group is None:
        faults.append(("NOT_FOUND", "groupDefinitionId"))
    elif group["deletedAt"]:
        faults.append(("GROUP_DELETED", "groupDefinitionId"))
    if patient in model.inactive:
        faults.append(("NOT_ACTIVE", "patientId"))
    elif patient not in ACTIVE_PATIENTS:
        faults.append(("NOT_FOUND", "patientId"))
    if group is None or faults:
        return refused(*faults, enrollment=None)
    seated, waiting = model.seated(group["id"]), model.waiting(group["id"])
    if any(record["patient"] == {"id": patient} for record in [*seated, *waiting]):
        return refused(("ALREADY_ENROLLED", "patientId"), enrollment=None)
    enrollment = new_enrollment(model, group, patient, (actual["enrollment"] or {}).get("id"), actor)
    return accepted(enrollment=dict(enrollment))


def new_enrollment(model: Model, group: Record, patient: str, new_id: str | None, actor: str) -> Record:
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
    if enrollment["status"] == "DISENROLLED":
        return refused(("NOT_ACTIVE", "enrollmentId"), enrollment=None, promoted=[])
    end(enrollment, (input_.get("reason") or "").strip() or None)
    group = enrollment["groupDefinition"]["id"]
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
    end(enrollment, None)
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
    _seat(enrollment)
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
        _seat(enrollment)
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


def _seat(enrollment: dict[str, Any]) -> None:
    version = enrollment["version"] + 1
    enrollment |= {
        "status": "ENROLLED",
        "waitlistPosition": None,
        "enrolledAt": True,
        "promotedAt": True,
        "version": version,
    }


def end(enrollment: dict[str, Any], reason: str | None) -> None:
    """End an active enrollment."""
    version = enrollment["version"] + 1
    enrollment |= {
        "status": "DISENROLLED",
        "waitlistPosition": None,
        "disenrolledAt": True,
        "disenrollmentReason": reason,
        "version": version,
    }
