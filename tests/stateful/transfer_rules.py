"""The model's rules for transfers, and for reinstated enrollments."""

from tests.stateful.model import Model, Payload, Record, accepted, refused
from tests.stateful.roster_rules import end, new_enrollment, number_waitlist, settle

Faults = list[tuple[str, str]]


def transfer(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    ids, target = input_["enrollmentIds"], model.groups.get(input_["toGroupDefinitionId"])
    faults: Faults = []
    if target is None or target["deletedAt"]:
        faults.append(("GROUP_DELETED" if target else "NOT_FOUND", "toGroupDefinitionId"))
        target = None
    of_enrollments = _faults(model, ids, target)
    if faults or any(of_enrollments):
        refusals = [
            {"id": id_, "enrollment": None, "decision": None, **refused(*errors)}
            for id_, errors in zip(ids, of_enrollments, strict=True)
        ]
        return refused(
            *faults, *(fault for errors in of_enrollments for fault in errors), results=refusals, promoted=[]
        )
    assert target is not None
    new_ids = [(result["enrollment"] or {}).get("id") for result in actual["results"]]
    new_ids += ["no id in the response"] * len(ids)
    results: list[Record] = []
    sources: dict[str, None] = {}
    for id_, new_id in zip(ids, new_ids, strict=False):
        enrollment = model.enrollments[id_]
        source = enrollment["groupDefinition"]["id"]
        sources[source] = None
        end(enrollment, (input_.get("reason") or "").strip() or "Transferred to another group.")
        model.record(source, id_, "transferred", actor, "pm_group_patient_disenrolled")
        entered = new_enrollment(model, target, enrollment["patient"]["id"], new_id, actor)
        decision = {name: entered[name] for name in ("status", "waitlistPosition")}
        results.append({"id": id_, "enrollment": dict(entered), "decision": decision, "userErrors": []})
    promoted = [record for source in sources for record in settle(model, source, actor)]
    return accepted(results=results, promoted=promoted)


def _faults(model: Model, ids: list[str], target: Record | None) -> list[Faults]:
    """Return what is wrong with each enrollment."""
    faults: list[Faults] = []
    patients: set[str] = set()
    inside = [] if target is None else [*model.seated(target["id"]), *model.waiting(target["id"])]
    for index, id_ in enumerate(ids):
        enrollment, field = model.enrollments.get(id_), f"enrollmentIds.{index}"
        if enrollment is None:
            faults.append([("NOT_FOUND", field)])
            continue
        patient = enrollment["patient"]["id"]
        if id_ in ids[:index]:
            faults.append([("INVALID", field)])
            continue
        codes = ["NOT_ACTIVE"] if patient in model.inactive else []
        if enrollment["status"] == "DISENROLLED":
            codes.append("NOT_ACTIVE")
        elif patient in patients:
            codes.append("INVALID")
        elif not codes and any(record["patient"]["id"] == patient for record in inside):
            codes.append("ALREADY_ENROLLED")
        if enrollment["status"] != "DISENROLLED":
            patients.add(patient)
        faults.append([(code, field) for code in codes])
    return faults


def reinstate(model: Model, input_: Record, actor: str, _actual: Payload) -> Payload:
    enrollment = model.enrollments.get(input_["enrollmentId"])
    if enrollment is None:
        return refused(("NOT_FOUND", "enrollmentId"), enrollment=None)
    group = model.groups[enrollment["groupDefinition"]["id"]]
    if enrollment["deletedAt"] and enrollment["id"] in model.removed_later:
        model.removed_later.remove(enrollment["id"])
        enrollment |= {"deletedAt": False, "version": enrollment["version"] + 1}
        model.record(group["id"], enrollment["id"], "removal_undone", actor)
        return accepted(enrollment=dict(enrollment))
    seated, waiting = model.seated(group["id"]), model.waiting(group["id"])
    faults = []
    if enrollment["status"] != "DISENROLLED":
        faults = ["ALREADY_ENROLLED"]
    else:
        if group["deletedAt"]:
            faults.append("GROUP_DELETED")
        if enrollment["patient"]["id"] in model.inactive:
            faults.append("NOT_ACTIVE")
        if any(record["patient"] == enrollment["patient"] for record in [*seated, *waiting]):
            faults.append("ALREADY_ENROLLED")
    if faults:
        return refused(*((code, "enrollmentId") for code in faults), enrollment=None)
    waited = enrollment["waitlistedAt"] and not enrollment["promotedAt"]
    is_full = len(seated) >= group["maxCapacity"]
    version = enrollment["version"] + 1
    enrollment |= {"disenrolledAt": False, "disenrollmentReason": None, "deletedAt": False, "version": version}
    if is_full and not input_["allowOverCapacity"]:
        enrollment |= {"status": "WAITLISTED", "waitlistPosition": 1, "waitlistedAt": True, "promotedAt": False}
        action, event = "reinstated_to_waitlist", "pm_group_patient_waitlisted"
    else:
        enrollment["status"] = "ENROLLED"
        if waited:
            enrollment |= {"enrolledAt": True, "promotedAt": True}
        action, event = "reinstated_over_capacity" if is_full else "reinstated", "pm_group_patient_enrolled"
    model.record(group["id"], enrollment["id"], action, actor, event)
    waitlist = [enrollment, *waiting] if enrollment["status"] == "WAITLISTED" else waiting
    number_waitlist(model, group["id"], waitlist, actor)
    return accepted(enrollment=dict(enrollment))
