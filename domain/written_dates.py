"""Finds dates in the text of a search, in the forms that people write."""

import re
from collections.abc import Iterator
from datetime import date

from domain.calendar_names import MONTHS

_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in MONTHS)
_PATTERNS = (
    re.compile(r"(?P<year>[0-9]{4})(?P<sign>[-/.])(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<first>[0-9]{1,2})(?P<sign>[-/.])(?P<second>[0-9]{1,2})(?P=sign)(?P<year>[0-9]{4})"),
    re.compile(rf"(?P<day>[0-9]{{1,2}})[-. ]{{1,2}}(?P<name>{_MONTH})[-.,]? ?(?P<year>[0-9]{{4}})", re.IGNORECASE),
    re.compile(rf"(?P<name>{_MONTH})\.? (?P<day>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}})", re.IGNORECASE),
)
_WHOLE_WORD = r"(?<![^\s,;]){}(?![^\s,;])"
_DATES = tuple(re.compile(_WHOLE_WORD.format(pattern.pattern), pattern.flags) for pattern in _PATTERNS)


def take_dates(text: str) -> tuple[str, tuple[date, ...]]:
    """Return the text without its first date, and the days that the date may stand for.

    3/4/1987 may be March 4 or April 3. 1987-03-04 and 4 March 1987 stand for one day.
    """
    for pattern in _DATES:
        for match in pattern.finditer(text):
            days = tuple(dict.fromkeys(_possible_days(match.groupdict())))
            if days:
                return f"{text[: match.start()]} {text[match.end() :]}", days
    return text, ()


def _possible_days(parts: dict[str, str | None]) -> Iterator[date]:
    year = int(parts["year"] or 0)
    month_days: list[tuple[int, int]] = []
    if first := parts.get("first"):
        second = int(parts["second"] or 0)
        month_days += [(int(first), second), (second, int(first))]
    elif name := parts.get("name"):
        number = [month[:3].lower() for month in MONTHS].index(name[:3].lower()) + 1
        month_days.append((number, int(parts["day"] or 0)))
    else:
        month_days.append((int(parts["month"] or 0), int(parts["day"] or 0)))
    for month, day in month_days:
        try:
            yield date(year, month, day)
        except ValueError:
            continue
