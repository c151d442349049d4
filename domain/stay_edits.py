"""Editing the dates of an enrollment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import Fault, FaultCode, refuse_if_any
from domain.roster_changes import UPDATED, RosterChange, Step
from domain.session_drafts import date_fault
from domain.stays import order_faults, start_faults


def edit_stay(enrollment: Enrollment, edits: Mapping[str, date | None], today: date, now: datetime) -> RosterChange:
    """Edit the start and the end of an enrollment. Nobody gains or loses a seat.

    If the edits contain the start of a seat, the seat counts from the beginning of that day, also if the day is the
    same.
    The dates of an enrollment that has ended can be corrected, so that past sessions show who was there.

    Args:
        enrollment: The enrollment.
        edits: The new values of `start_date` and `end_date`. What is left out stays.
        today: The local day of the group.
        now: The instant of the change.

    Raises:
        Refusal: NOT_ACTIVE if it was removed; REQUIRED, OUT_OF_RANGE or INVALID for a date.
    """
    faults = _faults(enrollment, edits, today)
    if enrollment.deleted_at is not None:
        faults.append(Fault(FaultCode.NOT_ACTIVE, "This enrollment has been removed.", ("input", "enrollmentId")))
    refuse_if_any(faults)
    names_start = "start_date" in edits and enrollment.enrolled_at is not None
    after = replace(
        enrollment,
        start_date=edits.get("start_date", enrollment.start_date),
        end_date=edits.get("end_date", enrollment.end_date),
        counts_from_start=enrollment.counts_from_start or names_start,
    )
    if after == enrollment:
        return RosterChange(())
    after = replace(after, version=enrollment.version + 1, updated_at=now)
    return RosterChange((Step(enrollment, after, UPDATED),))


def _faults(enrollment: Enrollment, edits: Mapping[str, date | None], today: date) -> list[Fault]:
    start, end = (edits.get(name, getattr(enrollment, name)) for name in ("start_date", "end_date"))
    names_start = "start_date" in edits
    faults: list[Fault] = []
    if names_start and start is None and enrollment.enrolled_at is not None:
        message = "A patient who has or had a seat has a start."
        faults.append(Fault(FaultCode.REQUIRED, message, ("input", "startDate")))
    elif start is not None and start != enrollment.start_date:
        faults += start_faults(start, today)
    if end is not None and (fault := date_fault(end, ("input", "endDate"))) is not None:
        faults.append(fault)
    if faults or end is None:
        return faults
    if start is not None:
        return order_faults(start, end, is_start_named=names_start)
    is_waiting = enrollment.status == EnrollmentStatus.WAITLISTED
    # A waiting patient without a start is expected from today at the earliest.
    return order_faults(today, end, is_start_named=False) if is_waiting and "end_date" in edits else []
