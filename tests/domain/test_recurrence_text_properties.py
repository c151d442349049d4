"""Recurrences as calendar programs write them: they have the dates that python-dateutil finds in their time zone."""

import time as clock
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.recurrence import Recurrence, occurrence_dates
from domain.recurrence_input import RecurrenceDraft, parse_recurrence
from domain.refusal import Fault, Refusal
from tests.support.recurrence_rules import rules, rules_that_dateutil_evaluates_alike

START, EVENING, LAST_DAY = date(2027, 1, 5), time(17, 30), date(2100, 12, 31)
ZONES = [
    *("America/Phoenix", "America/Denver", "America/St_Johns", "America/Anchorage", "Pacific/Honolulu"),
    *("Pacific/Pago_Pago", "UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland"),
    "Pacific/Kiritimati",
]


def parsed(text: str, zone: str, start: date = START, at: time = EVENING) -> Recurrence:
    return parse_recurrence(RecurrenceDraft(text, start, at, ()), zone)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[str, str, date, time]:
    """Draw lines with their time zone, start date and start time. Each EXDATE is at the start time of a day."""
    zone, start = draw(st.sampled_from(ZONES)), draw(st.dates(date(2019, 1, 1), date(2029, 12, 31)))
    at = time(draw(st.integers(0, 23)), draw(st.sampled_from([0, 15, 30, 59])))
    rule = draw(rules_that_dateutil_evaluates_alike())
    if "COUNT" not in rule:
        until = datetime.combine(start, time(), UTC) + draw(st.timedeltas(timedelta(0), timedelta(days=900)))
        if draw(st.booleans()):  # at, just before or just after a start
            day = start + timedelta(days=draw(st.integers(0, 900)))
            until = datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
            until += timedelta(seconds=draw(st.integers(-1, 1)))
        rule += f";UNTIL={until:%Y%m%dT%H%M%SZ}"
    lines = [f"DTSTART;TZID={zone}:{start:%Y%m%d}T{at:%H%M%S}", f"RRULE:{rule}"]
    for offset in draw(st.lists(st.integers(0, 60), max_size=5)):
        moment = datetime.combine(start + timedelta(days=offset), at, ZoneInfo(zone))
        # To Python, a time that occurs twice or not at all is no time of another zone (PEP 495).
        is_unique = moment.utcoffset() == moment.replace(fold=1).utcoffset()
        if is_unique and draw(st.booleans()):
            lines.append(f"EXDATE:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        else:
            lines.append(f"EXDATE;TZID={zone}:{moment:%Y%m%dT%H%M%S}")
    return "\n".join(lines), zone, start, at


@settings(max_examples=200, deadline=None)
@given(blocks(), st.sampled_from(["\n", "\r\n"]), st.integers(1, 75))
def test_lines_have_the_dates_that_dateutil_finds(
    block: tuple[str, str, date, time], line_end: str, width: int
) -> None:
    text, zone, start, at = block
    folded = line_end.join(
        f"{line_end} ".join(line[index : index + width] for index in range(0, len(line), width))
        for line in text.splitlines()
    )
    last = start + timedelta(days=1_000)
    try:
        recurrence = parsed(folded + line_end, zone, start, at)
    except Refusal as refusal:
        recurrence = None
        # Without an end, dateutil searches for 8,000 years. A position that never selects a day is refused.
        if "COUNT" in text or "A position in BYSETPOS" in str(refusal):
            return
    ours = [] if recurrence is None else list(occurrence_dates(recurrence, start, last))
    found = rrulestr(text, forceset=True, tzids=ZoneInfo)
    theirs = [moment.date() for moment in found.between(*_window(start, last, zone), inc=True)]
    assert ours == theirs


def _window(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    return datetime.combine(first, time.min, ZoneInfo(zone)), datetime.combine(last, time.max, ZoneInfo(zone))


@settings(max_examples=200, deadline=None)
@given(rules(), st.dates(date(2000, 1, 1), LAST_DAY), st.sampled_from(ZONES))
def test_an_accepted_rule_is_accepted_again_and_stays_the_same(rule: str, start: date, zone: str) -> None:
    try:
        recurrence = parsed(rule, zone, start)
    except Refusal:
        return
    assert parsed(recurrence.rule, zone, start) == recurrence
    assert parsed(f"RRULE:{recurrence.rule.lower()};\r\n", "Asia/Tokyo", start) == recurrence


MARKER = "ZQXJ"
PIECES = st.sampled_from(
    [
        *(
            "RRULE:",
            "DTSTART",
            "EXDATE:",
            ";TZID=",
            ";VALUE=DATE",
            "RDATE:",
            "FREQ=",
            "WEEKLY",
            "UNTIL=",
            "BYDAY=",
            "MO",
        ),
        *(
            "COUNT=3",
            "\r\n ",
            "\r\n",
            "\n",
            "\t",
            ";",
            ":",
            ",",
            "=",
            '"',
            "20270105",
            "T173000",
            "Z",
            "99999999",
            "-1",
        ),
        *("\x00", "\x0b", "\u0130", "\u017f", "\U0001f600", "America/Phoenix", MARKER, MARKER.lower(), "0" * 50),
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=300), st.sampled_from(ZONES))
@example("RRULE:FREQ=DAILY;UNTIL=00010101T000000Z", "Pacific/Pago_Pago")
@example("RRULE:FREQ=DAILY;UNTIL=99991231T235959Z", "Pacific/Kiritimati")
@example("DTSTART:00010101T000000Z\nRRULE:FREQ=DAILY\nEXDATE:00010101T000000Z,99991231T235959Z", "Asia/Kolkata")
def test_any_text_is_accepted_or_refused_without_repeating_it(text: str, zone: str) -> None:
    found: tuple[Fault, ...] = ()
    try:
        assert parsed(text, zone).rule.startswith("FREQ=")
    except Refusal as refusal:
        found = refusal.faults
    for fault in found:
        assert MARKER not in fault.message.upper()
        assert (fault.field or ())[:2] == ("input", "recurrence")


@pytest.mark.timing
@pytest.mark.parametrize(
    "text",
    [
        "EXDATE:" + "20270105," * 5_500,
        "EXDATE:" + "20270105T003000Z," * 2_900,
        "EXDATE;TZID=America/Denver:" + "20270105T173000," * 3_100,
        "EXDATE:20270105\n" * 3_000,
        "DTSTART" + ";A=b" * 12_000,
        "DTSTART" + ';A="b' * 9_000,
        "A" * 49_000,
        "A;" * 24_000,
        ";" * 49_000,
        "\n " * 24_000,
        "\r\n" * 24_000,
        "DTSTART;TZID=" + "/a" * 24_000 + ":20270105",
        "RRULE:" + ";UNTIL=20270105T000000Z" * 2_000,
        "FREQ=DAILY;UNTIL=" + "1" * 49_000,
    ],
    ids=lambda text: text[:30].encode("unicode_escape").decode(),
)
def test_long_texts_take_little_time(text: str) -> None:
    began = clock.thread_time()
    with pytest.raises(Refusal):
        parsed(f"RRULE:FREQ=HOURLY\n{text}", "Europe/Berlin")
    assert clock.thread_time() - began < 0.05
