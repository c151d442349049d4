"""The grammar of recurrence rules: RFC 5545, section 3.3.10, as far as group sessions need it, and strictly.

Nothing finer than a day (the time of a session is its group's), no COUNT or INTERVAL without a bound, UNTIL as a date.
"""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

MAX_LENGTH = 500
MAX_INTERVAL = 1_000
MAX_COUNT = 10_000
FIRST_YEAR, LAST_YEAR = 2000, 2100
WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ECHOED = 30


class Frequency(StrEnum):
    """The period that a rule repeats by."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class RuleDay:
    """A weekday (0 is Monday) of BYDAY: the one at the ordinal, from the end where negative; 0: every one."""

    weekday: int
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class RuleParts:
    """What a rule says, part by part. A part that it leaves out is empty or None. Lists are sorted, without repeats."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | None = None
    by_day: tuple[RuleDay, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week_number: tuple[int, ...] = ()
    by_set_position: tuple[int, ...] = ()
    week_start: int = 0

    @property
    def counts_in_months(self) -> bool:
        """Whether the ordinals of BYDAY count within each month, rather than within the year."""
        return self.frequency is Frequency.MONTHLY or bool(self.by_month)


class InvalidRule(ValueError):
    """A text that is no recurrence rule of ours; complaints holds a sentence for each thing wrong."""

    def __init__(self, complaints: tuple[str, ...]) -> None:
        super().__init__(" ".join(complaints))
        self.complaints = complaints


def normalized(text: str) -> str:
    """Return a rule as it is kept: upper-case, without surrounding spaces and without the "RRULE:" prefix."""
    value = text.strip(" ")
    if not value.isascii():  # upper() would turn some foreign letters into ours
        return value
    return value.upper().removeprefix("RRULE:")


@lru_cache(maxsize=256)
def read_rule(rule: str) -> RuleParts:
    """Read a normalized rule.

    Raises:
        InvalidRule: With everything that is wrong with it.
    """
    if complaint := _unreadable(rule):
        raise InvalidRule((complaint,))
    complaints: list[str] = []
    values: dict[str, object] = {}
    for part in rule.split(";"):
        name, _, text = part.partition("=")
        try:
            reader = _reader(part, given=values)
            values[name] = None
            values[name] = reader(name, text)
        except _Complaint as complaint:
            complaints.append(str(complaint))
    complaints += _contradictions(values)
    if complaints:
        raise InvalidRule(tuple(complaints))
    return RuleParts(**{_FIELDS[name]: value for name, value in values.items()})  # type: ignore[arg-type]  # as read


class _Complaint(Exception):
    """One sentence or two about one part."""


def _reader(part: str, given: Container[str]) -> Callable[[str, str], object]:
    name, equals, _ = part.partition("=")
    if not equals:
        raise _Complaint(f"{_quoted(part)} is no rule part. Write NAME=VALUE parts with one ; between them.")
    if name not in _READERS:
        raise _Complaint(_NOT_TAKEN.get(name) or f"{_quoted(name)} is not a rule part. {_KNOWN_PARTS}")
    if name in given:
        raise _Complaint(f"{name} is given twice. Give each part once, with its values separated by commas.")
    return _READERS[name]


def _unreadable(rule: str) -> str | None:
    if not rule:
        return "The recurrence rule is empty. Write one such as FREQ=WEEKLY;BYDAY=MO,WE,FR."
    if len(rule) > MAX_LENGTH:
        return f"The recurrence rule is too long: {len(rule)} characters, and it may have {MAX_LENGTH}."
    if not rule.isascii() or not rule.isprintable():
        return "A recurrence rule is one line of plain letters, digits and signs, such as FREQ=WEEKLY;BYDAY=MO,WE,FR."
    if " " in rule:
        return "A recurrence rule has no spaces in it: write FREQ=WEEKLY;BYDAY=MO,WE,FR."
    return None


def _quoted(text: str) -> str:
    return f'"{text[:_ECHOED]}…"' if len(text) > _ECHOED else f'"{text}"'


def _frequency(name: str, text: str) -> Frequency:
    if text not in Frequency.__members__:
        raise _Complaint(f"{name} cannot be {_quoted(text)}. Write DAILY, WEEKLY, MONTHLY or YEARLY.")
    return Frequency(text)


def _number_up_to(most: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not re.fullmatch(r"[0-9]+", text) or not 1 <= int(text) <= most:
            raise _Complaint(f"{name} cannot be {_quoted(text)}. Write a whole number from 1 to {most}.")
        return int(text)

    return read


def _numbers_up_to(most: int, from_end: bool = True) -> Callable[[str, str], tuple[int, ...]]:
    number = re.compile(r"[+-]?[0-9]{1,3}" if from_end else r"[0-9]{1,3}")
    wanted = f"1 to {most}, or -{most} to -1 to count from the end" if from_end else f"1 to {most}"

    def read(name: str, text: str) -> tuple[int, ...]:
        items = text.split(",")
        for item in items:
            if not number.fullmatch(item) or not 1 <= abs(int(item)) <= most:
                raise _Complaint(f"{name} cannot hold {_quoted(item)}. Write numbers from {wanted}, with commas.")
        return tuple(sorted({int(item) for item in items}))

    return read


def _until(name: str, text: str) -> date:
    if match := re.fullmatch(r"([0-9]{8})T[0-9]{6}Z?", text):
        raise _Complaint(f"{name} is a date without a time, and that day still counts: write {name}={match[1]}.")
    until = _date(text)
    if until is None:
        raise _Complaint(f"{name} cannot be {_quoted(text)}. Write a date such as {name}=20261231.")
    if not FIRST_YEAR <= until.year <= LAST_YEAR:
        raise _Complaint(f"{name} must be in the years {FIRST_YEAR} to {LAST_YEAR}. Leave it out for no end.")
    return until


def _date(text: str) -> date | None:
    match = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _days(name: str, text: str) -> tuple[RuleDay, ...]:
    days = set()
    for item in text.split(","):
        match = re.fullmatch(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", item)
        if not match or (match[1] and not 1 <= abs(int(match[1])) <= 53):
            raise _Complaint(
                f"{name} cannot hold {_quoted(item)}. Write days as MO, TU, WE, TH, FR, SA or SU, with commas; "
                "2TU is the second Tuesday of a month, -1FR its last Friday."
            )
        days.add(RuleDay(WEEKDAY_CODES.index(match[2]), int(match[1] or 0)))
    return tuple(sorted(days, key=lambda day: (day.ordinal < 0, day.ordinal, day.weekday)))


def _week_start(name: str, text: str) -> int:
    if text not in WEEKDAY_CODES:
        raise _Complaint(f"{name} cannot be {_quoted(text)}. Write one day: MO, TU, WE, TH, FR, SA or SU.")
    return WEEKDAY_CODES.index(text)


def _contradictions(values: dict[str, object]) -> list[str]:
    """Parts that are well written, but not beside each other: the table and the notes of section 3.3.10."""
    frequency, days = values.get("FREQ"), values.get("BYDAY")
    with_ordinals = isinstance(days, tuple) and any(day.ordinal for day in days)
    checks = (
        ("FREQ" not in values, "FREQ is missing. Start with FREQ=DAILY, FREQ=WEEKLY, FREQ=MONTHLY or FREQ=YEARLY."),
        ("COUNT" in values and "UNTIL" in values, "COUNT and UNTIL both end the rule. Keep one of them."),
        (
            with_ordinals and frequency in (Frequency.DAILY, Frequency.WEEKLY),
            "BYDAY takes a number before the day only with FREQ=MONTHLY or FREQ=YEARLY. Write the day alone.",
        ),
        (
            with_ordinals and "BYWEEKNO" in values,
            "BYDAY takes no number before the day beside BYWEEKNO. Write the day alone.",
        ),
        (
            "BYMONTHDAY" in values and frequency is Frequency.WEEKLY,
            "BYMONTHDAY does not go with FREQ=WEEKLY. Use BYDAY, or FREQ=MONTHLY.",
        ),
        (
            "BYYEARDAY" in values and frequency not in (Frequency.YEARLY, None),
            "BYYEARDAY goes only with FREQ=YEARLY.",
        ),
        ("BYWEEKNO" in values and frequency not in (Frequency.YEARLY, None), "BYWEEKNO goes only with FREQ=YEARLY."),
        (
            "BYSETPOS" in values and values.keys().isdisjoint(_LIMITS - {"BYSETPOS"}),
            "BYSETPOS picks from the days of another part, and there is none. Add BYDAY, BYMONTHDAY or the like.",
        ),
    )
    return [sentence for wrong, sentence in checks if wrong]


_READERS: dict[str, Callable[[str, str], object]] = {
    "FREQ": _frequency,
    "INTERVAL": _number_up_to(MAX_INTERVAL),
    "COUNT": _number_up_to(MAX_COUNT),
    "UNTIL": _until,
    "BYDAY": _days,
    "BYMONTHDAY": _numbers_up_to(31),
    "BYMONTH": _numbers_up_to(12, from_end=False),
    "BYYEARDAY": _numbers_up_to(366),
    "BYWEEKNO": _numbers_up_to(53),
    "BYSETPOS": _numbers_up_to(366),
    "WKST": _week_start,
}
_FIELDS = {
    "FREQ": "frequency",
    "INTERVAL": "interval",
    "COUNT": "count",
    "UNTIL": "until",
    "BYDAY": "by_day",
    "BYMONTHDAY": "by_month_day",
    "BYMONTH": "by_month",
    "BYYEARDAY": "by_year_day",
    "BYWEEKNO": "by_week_number",
    "BYSETPOS": "by_set_position",
    "WKST": "week_start",
}
_LIMITS = {name for name in _READERS if name.startswith("BY")}
_KNOWN_PARTS = f"The parts are {', '.join(_READERS)}."
_TIME_OF_DAY = "{} is not taken: the time of day is the recurrence's start time."
_NOT_TAKEN = {
    **{name: _TIME_OF_DAY.format(name) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")},
    "DTSTART": "DTSTART is not taken: the recurrence's start date and start time are given beside the rule.",
    "EXDATE": "EXDATE is not taken: give the days without a session as excluded dates.",
    "RDATE": "RDATE is not taken: schedule single sessions one by one.",
    "BYWEEKDAY": "BYWEEKDAY is not a rule part. Write BYDAY.",
}
