"""Who is expected at a session: who has a seat when it starts."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.expected import is_expected
from domain.records import Enrollment, EnrollmentStatus
from tests.support.clinic import NOW

MINUTE = timedelta(minutes=1)
SEATED = Enrollment(
    id=UUID(int=1),
    group_definition_id=UUID(int=2),
    patient_id="patient-1",
    status=EnrollmentStatus.ENROLLED,
    waitlist_position=None,
    waitlisted_at=None,
    enrolled_at=NOW,
    promoted_at=None,
    disenrolled_at=None,
    disenrollment_reason=None,
    version=1,
    created_at=NOW,
    updated_at=NOW,
    deleted_at=None,
)


@pytest.mark.parametrize(
    ("starts_at", "expected"), [(NOW - MINUTE, False), (NOW, True), (NOW + timedelta(days=300), True)]
)
def test_a_seated_patient_is_expected_from_when_the_seat_was_given(starts_at: datetime, expected: bool) -> None:
    assert is_expected(SEATED, starts_at) == expected


@pytest.mark.parametrize(("minutes", "expected"), [(-1, True), (0, False), (1, False)])
def test_a_patient_who_left_is_expected_at_no_later_session(minutes: int, expected: bool) -> None:
    left = replace(SEATED, status=EnrollmentStatus.DISENROLLED, disenrolled_at=NOW + timedelta(hours=2))
    assert is_expected(left, NOW + timedelta(hours=2, minutes=minutes)) == expected


def test_a_patient_who_only_waited_is_never_expected() -> None:
    waiting = replace(SEATED, status=EnrollmentStatus.WAITLISTED, enrolled_at=None)
    assert not is_expected(waiting, NOW + MINUTE)
    assert not is_expected(replace(waiting, disenrolled_at=NOW + timedelta(days=1)), NOW + MINUTE)


def test_a_removed_enrollment_never_counted() -> None:
    removed = replace(SEATED, deleted_at=NOW + timedelta(days=9), disenrolled_at=NOW + timedelta(days=9))
    assert not is_expected(removed, NOW + MINUTE)
