"""Which patients are expected at a session. `db.sql.expected` has the same rule in SQL."""

from datetime import datetime

from domain.records import Enrollment


def is_expected(enrollment: Enrollment, starts_at: datetime) -> bool:
    """Return whether the patient is expected at a session of the group that starts at an instant.

    The patient has a seat at that instant: it was given before, and not taken back before. An enrollment that was
    removed, because it was made in error, never counted. A patient who has a seat at present keeps it, so that this
    also answers for sessions in the future.
    """
    if enrollment.deleted_at is not None or enrollment.enrolled_at is None or enrollment.enrolled_at > starts_at:
        return False
    return enrollment.disenrolled_at is None or enrollment.disenrolled_at > starts_at
