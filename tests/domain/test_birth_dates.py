"""Birth dates that nobody of today has are told."""

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
        (date(2026, 11, 28), date(2026, 11, 28), None),  # today, where the sun is already up
        (date(2026, 11, 29), date(2026, 11, 29), "is ahead of today"),
        (date(2026, 1, 1), date(2026, 12, 31), None),
        (date(2027, 1, 1), date(2027, 12, 31), "is ahead of today"),
    ],
)
def test_a_birth_date_is_of_somebody_who_may_live(first: date, last: date, fault: str | None) -> None:
    assert birth_fault(first, last, TODAY) == fault
