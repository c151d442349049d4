"""Implausible birth dates are detected."""

from datetime import date

import pytest

from domain.birth_dates import birth_fault

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("first", "last", "fault"),
    [
        (date(1880, 1, 1), date(1880, 1, 1), None),
        (date(1879, 12, 31), date(1879, 12, 31), "is before 1880"),
        (date(1879, 1, 1), date(1879, 12, 31), "is before 1880"),
        (TODAY, TODAY, None),
        (date(2026, 11, 28), date(2026, 11, 28), None),  # today in a time zone that is ahead of UTC
        (date(2026, 11, 29), date(2026, 11, 29), "is in the future"),
        (date(2026, 1, 1), date(2026, 12, 31), None),
        (date(2027, 1, 1), date(2027, 12, 31), "is in the future"),
    ],
)
def test_a_birth_date_is_between_1880_and_today(first: date, last: date, fault: str | None) -> None:
    assert birth_fault(first, last, TODAY) == fault
