"""The grammar of recurrence rules: a strict subset of RFC 5545, section 3.3.10.

Rules select only days, because the time of a session comes from its group. COUNT and INTERVAL are limited, and UNTIL is
a date: `domain.recurrence_text` converts times.
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


class Frequency(StrEnum):
    """The period of a rule."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class RuleDay:
    """A day of BYDAY. The weekday is 0 for Monday. The ordinal counts from the end if negative; 0 is every week."""

    weekday: int
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class RuleParts:
    """The parts of a rule. A missing part is empty, None or the default. Lists are sorted and unique."""

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
    """The text is not a valid recurrence rule. `messages` has a message for each kind of mistake."""

    def __init__(self, messages: tuple[str, ...]) -> None:
        super().__init__(" ".join(messages))
        self.messages = messages


def canonical(parts: RuleParts) -> str:
    """Return the rule with these parts as it is stored: one text for all orders and spellings.

    Parts with their default value are left out. BY parts are in the order in which RFC 5545 applies them.
    """
    texts = {
        "FREQ": parts.frequency.value,
        "INTERVAL": "" if parts.interval == 1 else str(parts.interval),
        "BYMONTH": _joined(parts.by_month),
        "BYWEEKNO": _joined(parts.by_week_number),
        "BYYEARDAY": _joined(parts.by_year_day),
        "BYMONTHDAY": _joined(parts.by_month_day),
        "BYDAY": ",".join(f"{day.ordinal or ''}{WEEKDAY_CODES[day.weekday]}" for day in parts.by_day),
        "BYSETPOS": _joined(parts.by_set_position),
        "WKST": WEEKDAY_CODES[parts.week_start] if parts.week_start else "",
        "COUNT": "" if parts.count is None else str(parts.count),
        "UNTIL": "" if parts.until is None else parts.until.isoformat().replace("-", ""),
    }
    return ";".join(f"{name}={text}" for name, text in texts.items() if text)


def _joined(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


@lru_cache(maxsize=256)
def read_rule(rule: str) -> RuleParts:
    """Read a rule in upper case, without the "RRULE:" prefix.

    Raises:
        InvalidRule: With all mistakes.
    """
    if message := _text_mistake(rule):
        raise InvalidRule((message,))
    messages: list[str] = []
    values: dict[str, object] = {}
    for part in rule.split(";"):
        name, _, text = part.partition("=")
        try:
            reader = _reader(part, earlier=values)
            values[name] = None
            values[name] = reader(name, text)
        except _Mistake as mistake:
            messages.append(str(mistake))
    messages += _conflicts(values)
    if messages:
        raise InvalidRule(tuple(dict.fromkeys(messages)))
    return RuleParts(**{_FIELDS[name]: value for name, value in values.items()})  # type: ignore[arg-type]  # as read


class _Mistake(Exception):
    """The message about one part."""


def _reader(part: str, earlier: Container[str]) -> Callable[[str, str], object]:
    name, equals, _ = part.partition("=")
    if not equals:
        raise _Mistake(
            "Each part of the rule must be NAME=VALUE. Separate parts by semicolons, as in FREQ=WEEKLY;BYDAY=MO."
        )
    if name not in _READERS:
        raise _Mistake(_UNSUPPORTED.get(name) or f"The rule has an unknown part. {_KNOWN_PARTS}")
    if name in earlier:
        raise _Mistake(f"{name} occurs twice. Write each part once, with its values separated by commas.")
    return _READERS[name]


def _text_mistake(rule: str) -> str | None:
    if not rule:
        return "The recurrence rule is empty. Write a rule such as FREQ=WEEKLY;BYDAY=MO,WE,FR."
    if len(rule) > MAX_LENGTH:
        return f"The recurrence rule may have at most {MAX_LENGTH} characters."
    if not rule.isascii() or not rule.isprintable():
        return "A recurrence rule must be one line of plain ASCII text, such as FREQ=WEEKLY;BYDAY=MO,WE,FR."
    if " " in rule:
        return "A recurrence rule must not contain spaces. Write a rule such as FREQ=WEEKLY;BYDAY=MO,WE,FR."
    return None


def _frequency(name: str, text: str) -> Frequency:
    if text not in Frequency.__members__:
        raise _Mistake(f"{name} must be DAILY, WEEKLY, MONTHLY or YEARLY.")
    return Frequency(text)


def _number_up_to(most: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not re.fullmatch(r"[0-9]+", text) or not 1 <= int(text) <= most:
            raise _Mistake(f"{name} must be a whole number from 1 to {most}.")
        return int(text)

    return read


def _numbers_up_to(most: int, from_end: bool = True) -> Callable[[str, str], tuple[int, ...]]:
    number = re.compile(r"[+-]?[0-9]{1,3}" if from_end else r"[0-9]{1,3}")
    range_ = f"1 to {most}, or -{most} to -1 to count from the end" if from_end else f"1 to {most}"

    def read(name: str, text: str) -> tuple[int, ...]:
        items = text.split(",")
        for item in items:
            if not number.fullmatch(item) or not 1 <= abs(int(item)) <= most:
                raise _Mistake(f"{name} must contain numbers from {range_}, separated by commas.")
        return tuple(sorted({int(item) for item in items}))

    return read


def _until(name: str, text: str) -> date:
    until = _date(text)
    if until is None:
        raise _Mistake(
            f"{name} must be the last day, such as {name}=20261231, or the last start, in the group's time zone or in "
            "UTC with a Z at the end."
        )
    if not FIRST_YEAR <= until.year <= LAST_YEAR:
        raise _Mistake(f"{name} must be between {FIRST_YEAR}-01-01 and {LAST_YEAR}-12-31. Leave it out for no end.")
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
            raise _Mistake(
                f"{name} must contain MO, TU, WE, TH, FR, SA or SU, separated by commas. "
                "2TU is the second Tuesday, -1FR the last Friday."
            )
        days.add(RuleDay(WEEKDAY_CODES.index(match[2]), int(match[1] or 0)))
    return tuple(sorted(days, key=lambda day: (day.ordinal < 0, day.ordinal, day.weekday)))


def _week_start(name: str, text: str) -> int:
    if text not in WEEKDAY_CODES:
        raise _Mistake(f"{name} must be one day: MO, TU, WE, TH, FR, SA or SU.")
    return WEEKDAY_CODES.index(text)


def _conflicts(values: dict[str, object]) -> list[str]:
    """Return messages about well-formed parts that must not be combined (the table and notes of section 3.3.10)."""
    frequency, days = values.get("FREQ"), values.get("BYDAY")
    with_ordinals = isinstance(days, tuple) and any(day.ordinal for day in days)
    checks = (
        ("FREQ" not in values, "FREQ is missing. Start with FREQ=DAILY, FREQ=WEEKLY, FREQ=MONTHLY or FREQ=YEARLY."),
        ("COUNT" in values and "UNTIL" in values, "COUNT and UNTIL cannot be combined. Remove one of them."),
        (
            with_ordinals and frequency in (Frequency.DAILY, Frequency.WEEKLY),
            "BYDAY accepts a number before the day only with FREQ=MONTHLY or FREQ=YEARLY. Write only the day.",
        ),
        (
            with_ordinals and "BYWEEKNO" in values,
            "BYDAY accepts no number before the day together with BYWEEKNO. Write only the day.",
        ),
        (
            "BYMONTHDAY" in values and frequency is Frequency.WEEKLY,
            "BYMONTHDAY cannot be combined with FREQ=WEEKLY. Use BYDAY or FREQ=MONTHLY.",
        ),
        (
            "BYYEARDAY" in values and frequency not in (Frequency.YEARLY, None),
            "BYYEARDAY requires FREQ=YEARLY.",
        ),
        ("BYWEEKNO" in values and frequency not in (Frequency.YEARLY, None), "BYWEEKNO requires FREQ=YEARLY."),
        (
            "BYSETPOS" in values and values.keys().isdisjoint(_LIMITS - {"BYSETPOS"}),
            "BYSETPOS requires another BY part to select from. Add one, such as BYDAY or BYMONTHDAY.",
        ),
    )
    return [message for is_wrong, message in checks if is_wrong]


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
_KNOWN_PARTS = f"The rule parts are {', '.join(_READERS)}."
_TIME_OF_DAY = "{} is not supported. Sessions start at the recurrence's start time."
_UNSUPPORTED = {
    **{name: _TIME_OF_DAY.format(name) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")},
    "DTSTART": "DTSTART is not part of a rule. Leave it out, or write it in a line of its own.",
    "EXDATE": "EXDATE is not part of a rule. Use the excluded dates, or write it in a line of its own.",
    "RDATE": "RDATE is not supported. Schedule additional sessions individually.",
    "BYWEEKDAY": "BYWEEKDAY is not a rule part. Write BYDAY.",
}
