"""Which patients are expected at a session. `db.sql.expected` has the same rule in SQL."""

from datetime import date, datetime

from domain.records import Enrollment


def is_expected(enrollment: Enrollment, session_date: date, starts_at: datetime) -> bool:
    """Return whether the patient is expected at a session of the group, by its local date and the instant it starts.

    Three things decide, and all must hold:

    1. The patient has a seat when the session starts. The seat counts from the instant at which it was given
       (`enrolled_at`) up to the one at which it was taken back (`disenrolled_at`). If a person named its start
       (`counts_from_start`), it counts from the beginning of that day, whenever it was entered. A reinstated patient
       may have to wait for a seat again: from `waitlisted_at`, when the seat was taken back, until `promoted_at`.
    2. The session's date is neither before `start_date` nor after `end_date`. A missing date limits nothing.
    3. The enrollment has not been removed. One that was made in error never counted.

    A patient who has a seat at present keeps it, so that this also answers for sessions in the future.
    """
    if enrollment.deleted_at is not None or enrollment.enrolled_at is None:
        return False
    if enrollment.enrolled_at > starts_at and not enrollment.counts_from_start:
        return False
    if enrollment.disenrolled_at is not None and enrollment.disenrolled_at <= starts_at:
        return False
    if _waits_again(enrollment, starts_at):
        return False
    first, last = enrollment.start_date or date.min, enrollment.end_date or date.max
    return first <= session_date <= last


def wait_of_reinstated(enrollment: Enrollment) -> tuple[datetime, datetime | None] | None:
    """Return from when until when a reinstated patient waits for a seat again; None without such a wait.

    The wait begins when the seat was taken back. Its end is None while it lasts.
    """
    lost_at = enrollment.waitlisted_at
    if lost_at is None or enrollment.enrolled_at is None or lost_at < enrollment.enrolled_at:
        return None
    return lost_at, enrollment.promoted_at


def _waits_again(enrollment: Enrollment, starts_at: datetime) -> bool:
    """Return whether a patient who had a seat before waits for one at an instant."""
    wait = wait_of_reinstated(enrollment)
    if wait is None:
        return False
    lost_at, regained_at = wait
    return lost_at <= starts_at and (regained_at is None or regained_at > starts_at)
