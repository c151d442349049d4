"""Who is expected at a session: who has a seat when it starts, on a day of their stay."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from domain import expected
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
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


def is_expected(enrollment: Enrollment, starts_at: datetime, session_date: date = TODAY) -> bool:
    return expected.is_expected(enrollment, session_date, starts_at)


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


@pytest.mark.parametrize(("days", "is_there"), [(-8, False), (-7, True), (-1, True), (0, True)])
def test_a_late_entry_is_expected_from_its_start(days: int, is_there: bool) -> None:
    late = replace(SEATED, start_date=TODAY - 7 * DAY, counts_from_start=True)
    assert is_expected(late, NOW + days * DAY - MINUTE, TODAY + days * DAY) == is_there


def test_a_start_that_nobody_named_covers_only_what_comes_after_the_seat() -> None:
    seated = replace(SEATED, start_date=TODAY)
    assert not is_expected(seated, NOW - MINUTE)
    assert is_expected(seated, NOW)
    assert is_expected(replace(seated, counts_from_start=True), NOW - MINUTE)


@pytest.mark.parametrize(("days", "is_there"), [(0, False), (4, False), (5, True), (9, True), (10, False)])
def test_a_patient_is_expected_on_the_days_of_the_stay(days: int, is_there: bool) -> None:
    stay = replace(SEATED, start_date=TODAY + 5 * DAY, end_date=TODAY + 9 * DAY, counts_from_start=True)
    assert is_expected(stay, NOW + days * DAY, TODAY + days * DAY) == is_there


def test_a_past_last_day_ends_the_stay_before_the_seat_was_taken_back() -> None:
    left = replace(
        SEATED,
        status=EnrollmentStatus.DISENROLLED,
        start_date=TODAY,
        end_date=TODAY + 2 * DAY,
        disenrolled_at=NOW + 5 * DAY,
    )
    assert is_expected(left, NOW + 2 * DAY, TODAY + 2 * DAY)
    assert not is_expected(left, NOW + 3 * DAY, TODAY + 3 * DAY)
