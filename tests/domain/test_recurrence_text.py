"""Recurrences as calendar programs write them: what is accepted, what is stored, and what is explained."""

from datetime import date, time, timedelta

import pytest

from domain.recurrence import Recurrence
from domain.recurrence_input import RecurrenceDraft, parse_preview, parse_recurrence
from domain.recurrence_text import MAX_EXCLUDED_DATES, MAX_TEXT_LENGTH
from domain.refusal import Fault, Refusal

LAST_DAY = date(2100, 12, 31)
START = date(2027, 1, 5)  # a Tuesday
EVENING = time(17, 30)
PHOENIX, DENVER = "America/Phoenix", "America/Denver"


def parsed(
    text: str, zone: str = PHOENIX, start: date = START, at: time = EVENING, excluded: tuple[date, ...] = ()
) -> Recurrence:
    return parse_recurrence(RecurrenceDraft(text, start, at, excluded), zone)


def faults(
    text: str, zone: str = PHOENIX, start: date = START, at: time = EVENING, excluded: tuple[date, ...] = ()
) -> tuple[Fault, ...]:
    with pytest.raises(Refusal) as refusal:
        parsed(text, zone, start, at, excluded)
    return refusal.value.faults


def rule_of(text: str, zone: str = PHOENIX, at: time = EVENING) -> str:
    return parsed(text, zone, START, at).rule


# What programs export

GOOGLE = """DTSTART;TZID=America/Phoenix:20270105T173000\r
RRULE:FREQ=WEEKLY;WKST=SU;UNTIL=20270219T065959Z;BYDAY=TH,TU\r
EXDATE;TZID=America/Phoenix:20270112T173000\r
EXDATE;TZID=America/Phoenix:20270114T173000\r
"""
OUTLOOK = """DTSTART;TZID="US Mountain Standard Time":20270105T173000\r
RRULE:FREQ=WEEKLY;UNTIL=20270219T003000Z;INTERVAL=1;BYDAY=TU,TH;WKST=SU\r
EXDATE;TZID="US Mountain Standard Time":20270112T173000,20270114T\r
 173000\r
"""
APPLE = """RRULE:FREQ=WEEKLY;INTERVAL=1;UNTIL=20270219T065959Z;BYDAY=TU,TH;WKST=SU
DTSTART;TZID=America/Phoenix:20270105T173000
EXDATE;TZID=America/Phoenix:20270112T173000
EXDATE;TZID=America/Phoenix:20270114T173000"""
EVOLUTION = """DTSTART;TZID=/freeassociation.sourceforge.net/America/Phoenix:20270105T173000
RRULE;X-EVOLUTION-ENDDATE=20270219T003000Z:FREQ=WEEKLY;WKST=SU;UNTIL=20270218T173000;BYDAY=TU,
\tTH
EXDATE;VALUE=DATE:20270112,20270114"""
BY_HAND = """dtstart:20270105t173000
freq=weekly;byday=tu,th;wkst=su;until=20270218;

exdate:20270113t003000z , 20270115t003000z
"""
WITH_END = GOOGLE.replace("RRULE", "DTEND;TZID=America/Phoenix:20270105T183000\r\nRRULE")


@pytest.mark.parametrize("text", [GOOGLE, OUTLOOK, APPLE, EVOLUTION, BY_HAND])
def test_the_exports_of_calendar_programs_are_one_rule(text: str) -> None:
    assert parsed(text) == Recurrence(
        "FREQ=WEEKLY;BYDAY=TU,TH;WKST=SU;UNTIL=20270218", START, EVENING, (date(2027, 1, 12), date(2027, 1, 14))
    )


@pytest.mark.parametrize("ending", ["", ";", "\r\n", ";\r\n", "\n\n", " ", "\r"])
def test_an_ending_of_a_rule_is_ignored(ending: str) -> None:
    assert rule_of(f"RRULE:FREQ=DAILY{ending}") == rule_of(f"freq=daily{ending}") == "FREQ=DAILY"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("FREQ=DAILY;INTERVAL=1;WKST=MO", "FREQ=DAILY"),
        ("BYDAY=TH,MO,TH;INTERVAL=02;FREQ=WEEKLY;WKST=SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=SU"),
        ("FREQ=MONTHLY;COUNT=4;BYDAY=-1FR,+2MO,TU", "FREQ=MONTHLY;BYDAY=TU,2MO,-1FR;COUNT=4"),
        (
            "FREQ=YEARLY;BYSETPOS=-1;BYDAY=MO;BYMONTHDAY=09,+8;BYMONTH=3,1",
            "FREQ=YEARLY;BYMONTH=1,3;BYMONTHDAY=8,9;BYDAY=MO;BYSETPOS=-1",
        ),
        ("FREQ=YEARLY;BYYEARDAY=-1,5;BYWEEKNO=1", "FREQ=YEARLY;BYWEEKNO=1;BYYEARDAY=-1,5"),
    ],
)
def test_the_canonical_rule_is_stored(text: str, rule: str) -> None:
    assert rule_of(text) == rule


# UNTIL


@pytest.mark.parametrize(
    ("zone", "at", "until", "last"),
    [
        (PHOENIX, time(17, 30), "20270219T003000Z", "20270218"),  # the start itself
        (PHOENIX, time(17, 30), "20270219T002959Z", "20270217"),
        (PHOENIX, time(17, 31), "20270219T003000Z", "20270217"),
        (PHOENIX, time(16, 59), "20270219T000000Z", "20270218"),  # midnight in UTC
        (PHOENIX, time(17, 1), "20270219T000000Z", "20270217"),
        (PHOENIX, time(9), "20270219T065959Z", "20270218"),  # the last second of the day
        (PHOENIX, time(0), "20270219T070000Z", "20270219"),  # the first of the next
        (DENVER, time(17, 30), "20270314T003000Z", "20270313"),  # the clocks go forward on 14 March
        (DENVER, time(17, 30), "20270314T233000Z", "20270314"),
        (DENVER, time(17, 30), "20270314T232959Z", "20270313"),
        (DENVER, time(2, 30), "20270314T093000Z", "20270314"),  # 2:30 does not exist, and is read as 3:30
        (DENVER, time(2, 30), "20270314T092959Z", "20270313"),
        (DENVER, time(1, 30), "20271107T073000Z", "20271107"),  # 1:30 exists twice, and the first is meant
        (DENVER, time(1, 30), "20271107T072959Z", "20271106"),
        ("Pacific/Kiritimati", time(9), "20270218T190000Z", "20270219"),
        ("Pacific/Kiritimati", time(9), "20270218T185959Z", "20270218"),
        ("Pacific/Kiritimati", time(9), "20270218", "20270218"),
        ("Pacific/Pago_Pago", time(22), "20270219T090000Z", "20270218"),
        ("Pacific/Pago_Pago", time(22), "20270219T085959Z", "20270217"),
        ("UTC", time(0), "20280229T000000Z", "20280229"),
        ("UTC", time(0, 1), "20280301T000000Z", "20280229"),
        (PHOENIX, time(17, 30), "20270218T173000", "20270218"),  # local time
        (PHOENIX, time(17, 30), "20270218T172959", "20270217"),
        (PHOENIX, time(17, 30), "20270218T235960", "20270218"),
        (PHOENIX, time(17, 30), "21010101T003000Z", "21001231"),
        (PHOENIX, time(17, 30), "20270218", "20270218"),
    ],
)
def test_until_becomes_the_last_day_that_starts_no_later(zone: str, at: time, until: str, last: str) -> None:
    assert rule_of(f"FREQ=DAILY;UNTIL={until}", zone, at) == f"FREQ=DAILY;UNTIL={last}"


def test_an_until_before_the_start_is_explained_in_the_time_zone_of_the_group() -> None:
    before = "UNTIL must not be before the start date."
    [fault] = faults("FREQ=DAILY;UNTIL=20270106T002959Z")
    assert fault.message == f"{before} In the group's time zone, its last day is 2027-01-04."
    [fault] = faults("FREQ=DAILY;UNTIL=20270104")
    assert fault.message == before


# Lines


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("DTSTART:20270106T173000\nRRULE:FREQ=DAILY", "startDate", "must be the day of DTSTART"),
        ("DTSTART;VALUE=DATE:20270106\nRRULE:FREQ=DAILY", "startDate", "must be the day of DTSTART"),
        ("DTSTART:20270105T173001\nRRULE:FREQ=DAILY", "startTime", "must be the time of DTSTART"),
        ("DTSTART;TZID=America/Denver:20270105T173000\nRRULE:FREQ=DAILY", "rule", "another time zone than the group"),
        ("DTSTART:20270106T003000Z\nRRULE:FREQ=DAILY", "rule", "another time zone than the group"),
        (
            "DTSTART;TZID=Moon/Base:20270105T173000\nRRULE:FREQ=DAILY",
            "rule",
            "(TZID) of DTSTART is unknown",
        ),
        ("DTSTART;TZID=/a/b/c:20270105T173000\nRRULE:FREQ=DAILY", "rule", "(TZID) of DTSTART is unknown"),
        ("DTSTART;TZID=:20270105T173000\nRRULE:FREQ=DAILY", "rule", "(TZID) of DTSTART is unknown"),
        ("DTSTART:2027-01-05\nRRULE:FREQ=DAILY", "rule", "DTSTART must be a date or a time"),
        ("DTSTART:20270105T250000\nRRULE:FREQ=DAILY", "rule", "DTSTART must be a date or a time"),
        ("DTSTART:20270105\nDTSTART:20270105\nRRULE:FREQ=DAILY", "rule", "DTSTART occurs twice"),
        ("RRULE:FREQ=DAILY\nRRULE:FREQ=DAILY", "rule", "RRULE occurs twice"),
        ("RRULE:FREQ=DAILY\nFREQ=DAILY", "rule", "RRULE occurs twice"),
        ("DTSTART:20270105T173000", "rule", "RRULE is missing"),
        ("RRULE:FREQ=DAILY\nEXDATE:", "rule", "EXDATE must be a date or a time"),
        ("RRULE:FREQ=DAILY\nEXDATE:20270106,tomorrow", "rule", "EXDATE must be a date or a time"),
        ("RRULE:FREQ=DAILY\nEXDATE:20270106T090000", "rule", "An EXDATE is not at the start of a session"),
        ("RRULE:FREQ=DAILY\nEXDATE:20270106T173000Z", "rule", "An EXDATE is not at the start of a session"),
        ("RRULE:FREQ=DAILY\nEXDATE:19991231", "rule", "Each EXDATE must be between 2000-01-01 and 2100-12-31"),
        ("RRULE:FREQ=DAILY\nEXDATE:99991231T235959Z", "rule", "An EXDATE is not at the start of a session"),
        ("RRULE:FREQ=DAILY\nRDATE:20270106T173000", "rule", "RDATE is not supported"),
        ("RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "rule", "EXRULE is not supported"),
        (WITH_END, "rule", "Remove all other lines"),
        ("BEGIN:VEVENT\nRRULE:FREQ=DAILY\nEND:VEVENT", "rule", "Remove all other lines"),
        ("FREQ=DAILY\u2028COUNT=3", "rule", "plain ASCII text"),
        ("RRULE:FREQ=DAILY\nEXDATE:" + "20270106," * 1_000 + "20270106", "rule", "at most 1,000 dates"),
        ("RRULE:FREQ=DAILY" + "\n" * MAX_TEXT_LENGTH, "rule", "at most 50,000 characters"),
    ],
)
def test_lines_that_cannot_be_accepted_are_explained_at_the_field(text: str, field: str, message: str) -> None:
    [fault] = faults(text)
    assert (fault.field or ())[-1] == field
    assert message in fault.message


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("US/Arizona", PHOENIX),
        ("US Mountain Standard Time", PHOENIX),
        ("America/Boise", DENVER),
        ("Mountain Standard Time", DENVER),
        ("/freeassociation.sourceforge.net/America/Indiana/Knox", "America/Chicago"),
        ("/mozilla.org/20070129_1/America/New_York", "US/Eastern"),
        ("/citadel.org/UTC", "Etc/UTC"),
    ],
)
def test_names_of_zones_whose_clocks_agree_are_accepted(name: str, zone: str) -> None:
    assert parsed(f"DTSTART;TZID={name}:20270105T173000\nRRULE:FREQ=DAILY", zone).rule == "FREQ=DAILY"


def test_zones_whose_clocks_agreed_only_once_are_refused() -> None:
    # Indianapolis had no daylight saving time until 2006.
    lines = "DTSTART;TZID=America/Jamaica:20040106T173000\nRRULE:FREQ=DAILY"
    assert [fault.field for fault in faults(lines, "America/Indiana/Indianapolis", date(2004, 1, 6))] == [
        ("input", "recurrence", "rule")
    ]


def test_a_preview_takes_the_time_zone_of_its_lines() -> None:
    draft = RecurrenceDraft(
        "DTSTART;TZID=Asia/Tokyo:20270105T173000\nRRULE:FREQ=DAILY;UNTIL=20270110T083000Z", START, EVENING, ()
    )
    assert parse_preview(draft, PHOENIX).rule == "FREQ=DAILY;UNTIL=20270110"
    in_utc = RecurrenceDraft("DTSTART:20270105T173000Z\nRRULE:FREQ=DAILY", START, EVENING, ())
    with pytest.raises(Refusal, match="another time zone"):
        parse_preview(in_utc, PHOENIX)


def test_exclusions_of_lines_and_of_the_input_are_bounded_together() -> None:
    days = [START + timedelta(days=number) for number in range(MAX_EXCLUDED_DATES + 1)]
    lines = "RRULE:FREQ=DAILY\nEXDATE:" + ",".join(f"{day:%Y%m%d}" for day in days[:600])
    assert len(parsed(lines, excluded=tuple(days[500:-1])).excluded_dates) == MAX_EXCLUDED_DATES
    [fault] = faults(lines, excluded=tuple(days[500:]))
    assert "at most 1,000 excluded dates" in fault.message
