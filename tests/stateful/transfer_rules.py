"""The model's rules for transfers, and for reinstated enrollments."""

from datetime import date, timedelta

from tests.stateful.model import Model, Payload, Record, accepted, refused
from tests.stateful.roster_rules import end, enrolled, new_enrollment, number_waitlist, settle
from tests.stateful.stay_rules import start_when_seated, stay_faults, today

Faults = list[tuple[str, str]]


def transfer(model: Model, input_: Record, actor: str, actual: Payload) -> Payload:
    ids, target = input_["enrollmentIds"], model.groups.get(input_["toGroupDefinitionId"])
    faults: Faults = []
    if target is None or target["deletedAt"]:
        faults.append(("GROUP_DELETED" if target else "NOT_FOUND", "toGroupDefinitionId"))
        target = None
    faults += stay_faults(input_, target)
    of_enrollments = _faults(model, input_, target)
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
        entered = new_enrollment(model, target, enrollment["patient"]["id"], input_, new_id, actor)
        last = _last_day(model, enrollment, input_["startDate"]) if entered["countsFromStart"] else None
        end(model, enrollment, (input_.get("reason") or "").strip() or "Transferred to another group.", last)
        model.record(source, id_, "transferred", actor, "pm_group_patient_disenrolled")
        results.append({"id": id_, **enrolled(entered), "userErrors": []})
    promoted = [record for source in sources for record in settle(model, source, actor)]
    return accepted(results=results, promoted=promoted)


def _last_day(model: Model, enrollment: Record, start: str) -> str | None:
    """Return the last day of a seat whose patient counts in another group from a day; None if it does not change."""
    now = today(model.groups[enrollment["groupDefinition"]["id"]])
    if not enrollment["enrolledAt"] or enrollment["startDate"] > now or start > now:
        return None
    last = str(date.fromisoformat(start) - timedelta(days=1))
    return min(enrollment["endDate"] or last, last)


def _faults(model: Model, input_: Record, target: Record | None) -> list[Faults]:
    """Return what is wrong with each enrollment."""
    faults: list[Faults] = []
    ids, start = input_["enrollmentIds"], input_.get("startDate")
    seats = 0 if target is None else target["maxCapacity"] - len(model.seated(target["id"]))
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
        if not codes and seats > 0:
            seats -= 1
            last = None if start is None else _last_day(model, enrollment, start)
            if last is not None and last < enrollment["startDate"]:
                codes.append("INVALID")
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
    if codes := _codes(model, enrollment, group):
        return refused(*((code, "enrollmentId") for code in codes), enrollment=None)
    before, last = model.ends.get(enrollment["id"], (None, None))
    if last is not None and last == enrollment["endDate"] and (before or last) >= enrollment["startDate"]:
        enrollment["endDate"] = before
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
            if not enrollment["enrolledAt"]:
                enrollment["startDate"] = start_when_seated(enrollment, group)
            enrollment |= {"enrolledAt": True, "promotedAt": True}
        action, event = "reinstated_over_capacity" if is_full else "reinstated", "pm_group_patient_enrolled"
    model.record(group["id"], enrollment["id"], action, actor, event)
    waitlist = [enrollment, *waiting] if enrollment["status"] == "WAITLISTED" else waiting
    number_waitlist(model, group["id"], waitlist, actor)
    return accepted(enrollment=dict(enrollment))


def _codes(model: Model, enrollment: Record, group: Record) -> list[str]:
    """Return why an enrollment cannot be reinstated."""
    if enrollment["status"] != "DISENROLLED":
        return ["ALREADY_ENROLLED"]
    active = [*model.seated(group["id"]), *model.waiting(group["id"])]
    reasons = {
        "GROUP_DELETED": group["deletedAt"],
        "NOT_ACTIVE": enrollment["patient"]["id"] in model.inactive,
        "ALREADY_ENROLLED": any(record["patient"] == enrollment["patient"] for record in active),
    }
    return [code for code, applies in reasons.items() if applies]
