"""Dates as people write them, found in a text that is searched for."""

import re
from collections.abc import Iterator
from datetime import date

from domain.calendar_names import MONTHS

_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in MONTHS)
_PATTERNS = (
    re.compile(r"(?P<year>[0-9]{4})(?P<sign>[-/.])(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<one>[0-9]{1,2})(?P<sign>[-/.])(?P<other>[0-9]{1,2})(?P=sign)(?P<year>[0-9]{4})"),
    re.compile(rf"(?P<day>[0-9]{{1,2}})[-. ]{{1,2}}(?P<name>{_MONTH})[-.,]? ?(?P<year>[0-9]{{4}})", re.IGNORECASE),
    re.compile(rf"(?P<name>{_MONTH})\.? (?P<day>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}})", re.IGNORECASE),
)
_NOT_WITHIN_A_WORD = r"(?<![^\s,;]){}(?![^\s,;])"
_WRITTEN = tuple(re.compile(_NOT_WITHIN_A_WORD.format(pattern.pattern), pattern.flags) for pattern in _PATTERNS)


def take_dates(text: str) -> tuple[str, tuple[date, ...]]:
    """Return the text without the first date that is written in it, and the days that the date may be.

    3/4/1987 is 3 April to some and March 4 to others, so it may be either; 1987-03-04 and 4 March 1987 are one day.
    """
    for pattern in _WRITTEN:
        for found in pattern.finditer(text):
            days = tuple(dict.fromkeys(_readings(found.groupdict())))
            if days:
                return f"{text[: found.start()]} {text[found.end() :]}", days
    return text, ()


def _readings(parts: dict[str, str | None]) -> Iterator[date]:
    year = int(parts["year"] or 0)
    months: list[tuple[int, int]] = []
    if one := parts.get("one"):
        other = int(parts["other"] or 0)
        months += [(int(one), other), (other, int(one))]
    elif name := parts.get("name"):
        number = [month[:3].lower() for month in MONTHS].index(name[:3].lower()) + 1
        months.append((number, int(parts["day"] or 0)))
    else:
        months.append((int(parts["month"] or 0), int(parts["day"] or 0)))
    for month, day in months:
        try:
            yield date(year, month, day)
        except ValueError:
            continue
