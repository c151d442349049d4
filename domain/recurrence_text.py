"""Recurrences as calendar files contain them: lines with DTSTART, RRULE and EXDATE (RFC 5545, sections 3.1 and 3.8).

Google, Outlook and Apple Calendar export such lines. A rule without the name of its property is a line as well.
"""

import re
from dataclasses import dataclass, field
from datetime import time
from typing import Final

from domain.calendar_moments import CalendarMoment, read_moment, zone_of

MAX_TEXT_LENGTH: Final = 50_000
MAX_EXCLUDED_DATES: Final = 1_000
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_FOLD: Final = re.compile(r"(?:\r\n|\n|\r)[ \t]")
_PROPERTY: Final = re.compile(r"([A-Z0-9-]++)((?:;[A-Z0-9-]++=(?:\"[^\"]*+\"|[^\":;]*+))*+):(.*+)", re.IGNORECASE)
_TZID: Final = re.compile(r";TZID=(?:\"([^\"]*)\"|([^\":;]*))", re.IGNORECASE)
_UNTIL_TIME: Final = re.compile(r"(?<=;UNTIL=)[0-9]{8}T[0-9]{6}Z?(?=;)")
_UNSUPPORTED: Final = {
    "RDATE": "RDATE is not supported. Schedule additional sessions individually.",
    "EXRULE": "EXRULE is not supported. List the days without a session as excluded dates.",
}
_UNKNOWN_ZONE: Final = (
    "The time zone (TZID) of {} is unknown. Write an IANA name, such as America/Phoenix, or remove TZID if the times "
    "are in the group's time zone."
)
_UNREADABLE: Final = (
    "{} must be a date or a time as calendar files write it, such as 20261231, 20261231T173000 or 20261231T173000Z."
)
_OTHER_LINE: Final = "The rule may have lines with DTSTART, RRULE and EXDATE. Remove all other lines."


@dataclass(slots=True)
class RecurrenceText:
    """The lines of a recurrence.

    Attributes:
        rule: The value of RRULE in upper case, without semicolons at its end.
        start: The value of DTSTART, if there is one.
        excluded: The values of all EXDATE lines.
        mistakes: A message for each kind of mistake in the lines. Mistakes in the rule itself are not among them.
    """

    rule: str = ""
    start: CalendarMoment | None = None
    excluded: list[CalendarMoment] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def read_text(text: str) -> RecurrenceText:
    """Read the lines of a recurrence. Folded lines are joined, and empty lines are ignored."""
    if len(text) > MAX_TEXT_LENGTH:
        return RecurrenceText(mistakes=[f"The recurrence rule may have at most {MAX_TEXT_LENGTH:,} characters."])
    if not text.isascii():  # upper() would turn some non-ASCII letters into ASCII
        message = "A recurrence rule must be plain ASCII text, such as FREQ=WEEKLY;BYDAY=MO,WE,FR."
        return RecurrenceText(mistakes=[message])
    values: dict[str, list[tuple[str, str]]] = {"RRULE": [], "DTSTART": [], "EXDATE": []}
    mistakes: list[str] = []
    for line in _lines(text):
        name, parameters, value = _property(line)
        if name in values:
            values[name].append((parameters, value))
        else:
            mistakes.append(_UNSUPPORTED.get(name, _OTHER_LINE))
    mistakes += [f"{name} occurs twice. Write it once." for name in ("DTSTART", "RRULE") if len(values[name]) > 1]
    if not values["RRULE"] and any(values.values()):
        mistakes.append("RRULE is missing. Add a line such as RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR.")
    [*starts] = _moments("DTSTART", values["DTSTART"], mistakes)
    [*excluded] = _moments("EXDATE", values["EXDATE"], mistakes)
    rule = values["RRULE"][0][1] if values["RRULE"] else ""
    return RecurrenceText(rule, starts[0] if starts else None, excluded, list(dict.fromkeys(mistakes)))


def with_local_until(rule: str, start: time, zone: str) -> str:
    """Return a rule with an UNTIL that is a day: the last day in the zone on which a session starts no later.

    An UNTIL that is already a day, or invalid, stays as it is.
    """

    def last_day(match: re.Match[str]) -> str:
        until = read_moment(match[0])
        return until.last_day_at(start, zone).isoformat().replace("-", "") if until else match[0]

    return _UNTIL_TIME.sub(last_day, f";{rule};")[1:-1]


def _lines(text: str) -> list[str]:
    unfolded = _FOLD.sub("", text.strip(" \t\r\n"))
    return [stripped for line in _LINE_END.split(unfolded) if (stripped := line.strip(" \t"))]


def _property(line: str) -> tuple[str, str, str]:
    """Return the name, the parameters and the value of a line. Only TZID keeps its case."""
    match = _PROPERTY.fullmatch(line)
    name, parameters, value = match.groups() if match else ("RRULE", "", line)
    return name.upper(), parameters, value.upper().rstrip("; \t")


def _moments(name: str, values: list[tuple[str, str]], mistakes: list[str]) -> list[CalendarMoment]:
    """Return the dates and times of the lines of a property, and add its mistakes."""
    if sum(value.count(",") + 1 for _, value in values) > MAX_EXCLUDED_DATES:
        mistakes.append(f"{name} may have at most {MAX_EXCLUDED_DATES:,} dates.")
        return []
    moments: list[CalendarMoment] = []
    for parameters, value in values:
        zone_name = _TZID.search(parameters)
        zone = zone_of(zone_name[1] or zone_name[2] or "") if zone_name else None
        if zone_name and zone is None:
            mistakes.append(_UNKNOWN_ZONE.format(name))
            continue
        found = [read_moment(text.strip(" \t"), zone) for text in value.split(",")]
        if None in found:
            mistakes.append(_UNREADABLE.format(name))
        moments += filter(None, found)
    return moments
