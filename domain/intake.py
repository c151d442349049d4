"""Enrolling many patients in one group, each decided as if alone, in the order given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import Fault, FaultCode, FieldPath, Refusal
from domain.roster import Roster, enroll, inactive_patient
from domain.roster_changes import RosterChange
from domain.stays import Stay

MAX_PATIENTS: Final = 200
"""How many patients one request enrolls at most."""
PATIENT_IDS: Final[FieldPath] = ("input", "patientIds")


@dataclass(frozen=True, slots=True)
class PatientDecision:
    """What enrolling a patient does: the change, or the faults. `is_disclosed` is whether these say something of them.

    A fault that a patient is unknown, or that a waitlist is full, discloses nothing about a patient.
    """

    change: RosterChange | None
    faults: tuple[Fault, ...] = ()
    is_disclosed: bool = False


def count_faults(patient_ids: Sequence[str]) -> list[Fault]:
    """Return REQUIRED for an empty list of patients, or OUT_OF_RANGE for one that is too long."""
    if not patient_ids:
        return [Fault(FaultCode.REQUIRED, "Name at least one patient.", PATIENT_IDS)]
    if len(patient_ids) > MAX_PATIENTS:
        message = f"One request enrolls at most {MAX_PATIENTS} patients."
        return [Fault(FaultCode.OUT_OF_RANGE, message, PATIENT_IDS)]
    return []


def enroll_in_order(
    roster: Roster,
    patients: Sequence[tuple[str, UUID]],
    is_active: Mapping[str, bool],
    stay: Stay,
    now: datetime,
    waitlist_limit: int,
) -> Iterator[PatientDecision]:
    """Yield the decision for each patient, after those before. The faults of one do not stop the others.

    Args:
        roster: The roster of the group.
        patients: The patients in order, each with the id of the new enrollment.
        is_active: Whether a patient is active in the registry. Unknown patients are missing.
        stay: The days that all of them get.
        now: The instant of the change.
        waitlist_limit: How many patients may wait in one group.
    """
    for index, (patient_id, enrollment_id) in enumerate(patients):
        field = (*PATIENT_IDS, str(index))
        if patient_id not in is_active:
            yield PatientDecision(None, (Fault(FaultCode.NOT_FOUND, "There is no patient with this id.", field),))
        elif not is_active[patient_id]:
            yield PatientDecision(None, (inactive_patient(field),), is_disclosed=True)
        else:
            try:
                change = enroll(roster, enrollment_id, patient_id, now, field, waitlist_limit, stay)
            except Refusal as refusal:
                faults = tuple(replace(fault, field=field) for fault in refusal.faults)
                yield PatientDecision(None, faults, is_disclosed=bool(refusal.patients))
            else:
                roster = _with(roster, change.changed[0])
                yield PatientDecision(change)


def _with(roster: Roster, enrollment: Enrollment) -> Roster:
    if enrollment.status == EnrollmentStatus.ENROLLED:
        return replace(roster, seated=(*roster.seated, enrollment))
    return replace(roster, waiting=(*roster.waiting, enrollment))
