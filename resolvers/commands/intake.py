"""Enrolling many patients in one group at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.stores.references import activity_of_patients
from db.stores.rosters import load_roster, save_roster
from db.transactions.unit_of_work import UnitOfWork
from domain.conflicts import Conflict
from domain.intake import count_faults, enroll_in_order
from domain.records import Enrollment
from domain.refusal import Fault, Refusal
from domain.stays import Stay, stay_faults
from domain.wall_time import local_date
from resolvers.commands.enrollment_conflicts import conflicts_of_enrollments, may_view_conflicts
from resolvers.commands.locking import lock_active_group
from resolvers.commands.transaction import transaction
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class PatientResult:
    """What happened to one patient: the enrollment, or the faults.

    `conflicts` are what the enrollment makes the patient attend at once; empty if they are not measured.
    """

    enrollment: Enrollment | None
    faults: tuple[Fault, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class EnrolledPatients:
    """The result of enrolling many patients.

    Attributes:
        results: What happened to each patient, in the order of the input.
        disclosed_patients: The ids of the patients of whom the results say something.
    """

    results: tuple[PatientResult, ...]
    disclosed_patients: tuple[str, ...]


async def enroll_patients(
    context: Context,
    group_id: str,
    patient_ids: Sequence[str],
    stay: Stay,
    *,
    dry_run: bool = False,
    with_conflicts: bool = False,
) -> EnrolledPatients:
    """Enroll patients in a group, in order, each as if alone. The number of statements is constant.

    Args:
        context: The request.
        group_id: The group.
        patient_ids: The patients.
        stay: The days of their stay.
        dry_run: Whether to store nothing.
        with_conflicts: Whether to find the patients' conflicts. Callers who may not view them get none.

    Raises:
        Refusal: NOT_FOUND for the group, GROUP_DELETED, the faults of the stay, and a list that is empty or too long.
            The faults of a patient are in that patient's result.
    """
    limit = context.clinic.waitlist_limit
    return await _enroll_all(
        context,
        group_id,
        tuple(patient_ids),
        stay,
        limit,
        dry_run=dry_run,
        with_conflicts=with_conflicts and may_view_conflicts(context),
    )


@transaction
async def _enroll_all(
    work: UnitOfWork,
    group_id: str,
    patient_ids: tuple[str, ...],
    stay: Stay,
    waitlist_limit: int,
    *,
    dry_run: bool,
    with_conflicts: bool,
) -> EnrolledPatients:
    faults: list[Fault] = []
    group = await lock_active_group(work, group_id, "groupDefinitionId", faults)
    faults += count_faults(patient_ids)
    faults += stay_faults(stay, None if group is None else local_date(work.now, group.time_zone))
    if group is None or faults:
        raise Refusal(*faults)
    is_active = await activity_of_patients(work, patient_ids)
    patients = [(patient_id, work.new_id()) for patient_id in patient_ids]
    roster = await load_roster(work, group)
    decisions = list(enroll_in_order(roster, patients, is_active, stay, work.now, waitlist_limit))
    await save_roster(work, *(decision.change for decision in decisions if decision.change is not None))
    enrolled = [None if decision.change is None else decision.change.changed[0] for decision in decisions]
    new = [enrollment for enrollment in enrolled if enrollment is not None]
    conflicts = await conflicts_of_enrollments(work, group, new) if with_conflicts else {}
    if dry_run:
        work.discard()
    return EnrolledPatients(
        tuple(
            PatientResult(
                enrollment, decision.faults, () if enrollment is None else conflicts.get(enrollment.patient_id, ())
            )
            for enrollment, decision in zip(enrolled, decisions, strict=True)
        ),
        tuple(
            patient_id
            for patient_id, decision in zip(patient_ids, decisions, strict=True)
            if decision.change is not None or decision.is_disclosed
        ),
    )
