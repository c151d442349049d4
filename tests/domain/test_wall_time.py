"""The instants of wall-clock times."""

from datetime import UTC, date, datetime, time

import pytest

from domain.wall_time import instant, is_time_zone, local_date

SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)  # the clocks of New York change at 2:00 on these days


def test_a_wall_time_is_read_with_the_offset_of_its_day() -> None:
    assert instant(date(2026, 1, 15), time(9), "America/New_York") == datetime(2026, 1, 15, 14, tzinfo=UTC)
    assert instant(date(2026, 7, 15), time(9), "America/New_York") == datetime(2026, 7, 15, 13, tzinfo=UTC)
    assert instant(date(2026, 7, 15), time(9), "America/Phoenix") == datetime(2026, 7, 15, 16, tzinfo=UTC)


def test_instants_are_in_utc() -> None:
    assert instant(SPRING, time(9), "America/Phoenix").tzinfo is UTC


def test_a_time_that_occurs_twice_is_the_first_of_the_two() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert instant(AUTUMN, time(1, 30), "America/New_York") == first
    assert instant(AUTUMN, time(1, 30, fold=1), "America/New_York") == first


def test_a_time_that_does_not_occur_is_read_with_the_offset_before_the_gap() -> None:
    assert instant(SPRING, time(2, 30), "America/New_York") == instant(SPRING, time(3, 30), "America/New_York")


def test_a_midnight_that_does_not_occur_is_the_moment_the_clocks_change() -> None:
    assert instant(date(2024, 4, 26), time(), "Africa/Cairo") == datetime(2024, 4, 25, 22, tzinfo=UTC)


def test_the_date_of_an_instant_depends_on_the_zone() -> None:
    moment = datetime(2026, 1, 15, 2, tzinfo=UTC)
    assert local_date(moment, "America/Phoenix") == date(2026, 1, 14)
    assert local_date(moment, "Europe/Berlin") == date(2026, 1, 15)


@pytest.mark.parametrize("name", ["America/Phoenix", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+7"])
def test_a_name_of_the_time_zone_database_is_a_time_zone(name: str) -> None:
    assert is_time_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\0",
        "America/Phoenix\0",
        "../etc/passwd",
        "/usr/share/zoneinfo/UTC",
        "America",
        "America/",
        "america/phoenix",
        " America/Phoenix",
        "Mars/Olympus_Mons",
        "localtime",
        "posixrules",
        "Factory",
        "\ud800",
        "A" * 100_000,
    ],
)
def test_any_other_text_is_not_a_time_zone(name: str) -> None:
    assert not is_time_zone(name)
