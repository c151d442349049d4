"""Dates in the text of a search."""

from datetime import date

import pytest

from domain.written_dates import take_dates

MARCH = date(1987, 3, 14)


@pytest.mark.parametrize(
    "text",
    [
        *("1987-03-14", "1987/3/14", "1987.03.14", "3/14/1987", "14/3/1987", "03-14-1987", "14.03.1987"),
        *("14 March 1987", "14 mar 1987", "14-MAR-1987", "14. March 1987", "March 14, 1987", "Mar. 14 1987"),
    ],
)
def test_a_date_is_found_in_any_common_form(text: str) -> None:
    assert take_dates(text) == (" ", (MARCH,))
    assert take_dates(f"johns {text}, abbey") == ("johns  , abbey", (MARCH,))


def test_an_ambiguous_date_stands_for_both_days() -> None:
    assert take_dates("3/4/1987")[1] == (date(1987, 3, 4), date(1987, 4, 3))
    assert take_dates("4/4/1987")[1] == (date(1987, 4, 4),)


@pytest.mark.parametrize(
    "text", ["", "johns", "1987", "1987-02-30", "13/13/1987", "MR-1987-03-14", "1987-03-145", "3/14/87", "0000-01-01"]
)
def test_text_that_is_no_date_stays(text: str) -> None:
    assert take_dates(text) == (text, ())
