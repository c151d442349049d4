"""The input for a recurrence: a rule, or lines of a calendar file, that must agree with the start date and time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time

from domain.calendar_moments import are_alike
from domain.recurrence import Recurrence, occurrence_dates
from domain.recurrence_days import LAST_DAY
from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR, InvalidRule, canonical, read_rule
from domain.recurrence_sense import empty_parts, no_days
from domain.recurrence_text import MAX_EXCLUDED_DATES, RecurrenceText, read_text, with_local_until
from domain.refusal import Fault, FaultCode, FieldPath, Refusal, refuse_if_any
from domain.session_length import SAME_DAY, SHORTEST_MINUTES, latest_start, minutes_until_midnight

_YEARS = f"must be between {FIRST_YEAR}-01-01 and {LAST_YEAR}-12-31."


@dataclass(frozen=True, slots=True)
class RecurrenceDraft:
    """The input for a recurrence.

    Attributes:
        rule: The rule, or lines with DTSTART, RRULE and EXDATE.
        start_date: The local date that the rule counts from.
        start_time: The local time of every session.
        excluded_dates: The days without a session; None to keep those of the group. Those of EXDATE lines are added.
    """

    rule: str
    start_date: date
    start_time: time
    excluded_dates: tuple[date, ...] | None


def parse_recurrence(
    draft: RecurrenceDraft,
    zone: str,
    *,
    is_zone_known: bool = True,
    current_exclusions: Iterable[date] = (),
    field: FieldPath = ("input", "recurrence"),
) -> Recurrence:
    """Return the recurrence of an input, with the canonical form of its rule.

    Args:
        draft: The input. Its dates must be in the years 2000 to 2100.
        zone: The IANA time zone of the group.
        is_zone_known: Whether the group has this time zone. If not, the time zone of DTSTART takes its place.
        current_exclusions: The excluded dates that the group has now.
        field: The path of the recurrence in the input, for the faults.

    Raises:
        Refusal: With all faults: INVALID_RECURRENCE_RULE, OUT_OF_RANGE for dates, INVALID for the rest.
    """
    text = read_text(draft.rule)
    if not is_zone_known and text.start and text.start.zone not in (None, "UTC"):
        zone = text.start.zone
    rule = with_local_until(text.rule, draft.start_time.replace(tzinfo=None), zone)
    rule_messages = [*text.mistakes, *_mistakes_of_rule(rule, text, draft.start_date)]
    days_of_lines, disagreements = _compared(text, draft, zone, field)
    given = current_exclusions if draft.excluded_dates is None else draft.excluded_dates
    excluded = tuple(sorted({*given, *days_of_lines}))
    faults = [_rule_fault(message, field) for message in rule_messages]
    faults += disagreements
    faults += _faults_of_values(draft, excluded, field)
    refuse_if_any(faults)
    recurrence = Recurrence(canonical(read_rule(rule)), draft.start_date, draft.start_time, excluded)
    if next(occurrence_dates(recurrence, draft.start_date, LAST_DAY), None) is None:
        message = "Every day of the rule is excluded. Exclude fewer dates, or change the rule."
        raise Refusal(Fault(FaultCode.INVALID, message, (*field, "excludedDates" if draft.excluded_dates else "rule")))
    return recurrence


def parse_preview(draft: RecurrenceDraft, default_zone: str) -> Recurrence:
    """Return the recurrence of an input that belongs to no group yet. Raise Refusal with all faults.

    Its times are in the time zone of DTSTART, if it has one, or else in the default zone. It is refused if not even the
    shortest session ends before midnight.
    """
    field = ("recurrence",)
    faults: list[Fault] = []
    if minutes_until_midnight(draft.start_time) < SHORTEST_MINUTES:
        faults.append(late_start(SHORTEST_MINUTES, (*field, "startTime")))
    try:
        recurrence = parse_recurrence(draft, default_zone, is_zone_known=False, field=field)
    except Refusal as refusal:
        raise Refusal(*refusal.faults, *faults) from refusal
    refuse_if_any(faults)
    return recurrence


def late_start(minutes: int, field: FieldPath) -> Fault:
    """Return the fault of a start time after which sessions of some minutes would end on the next day."""
    message = f"{SAME_DAY} Start at {latest_start(minutes):%H:%M} or earlier, or shorten the duration."
    return Fault(FaultCode.INVALID, message, field)


def _mistakes_of_rule(rule: str, text: RecurrenceText, start_date: date) -> list[str]:
    """Return the messages about the rule, whose UNTIL is a day."""
    if text.mistakes and not rule:
        return []  # the lines could not be read
    try:
        until = read_rule(rule).until
    except InvalidRule as invalid:
        return list(invalid.messages)
    if not _in_range(start_date):
        return []
    # A time in UTC may be on another day than its digits say.
    in_zone = "" if until is None or text.rule == rule else f" In the group's time zone, its last day is {until}."
    return empty_parts(rule, start_date) or [f"{message}{in_zone}" for message in no_days(rule, start_date)]


def _compared(
    text: RecurrenceText, draft: RecurrenceDraft, zone: str, field: FieldPath
) -> tuple[list[date], list[Fault]]:
    """Return the days of the EXDATE lines, and the faults of lines that contradict the start date, time or zone."""
    start, at = text.start, draft.start_time.replace(tzinfo=None)
    if not _in_range(draft.start_date):
        return [], []
    if start and start.zone and not are_alike(start.zone, zone, draft.start_date, at):
        message = "DTSTART is in another time zone than the group. Change one of them, or write DTSTART in local time."
        return [], [_rule_fault(message, field)]
    faults: list[Fault] = []
    if start and start.day != draft.start_date:
        message = "The start date must be the day of DTSTART. Change one of them, or remove DTSTART."
        faults.append(Fault(FaultCode.INVALID, message, (*field, "startDate")))
    if start and start.at not in (None, at):
        message = "The start time must be the time of DTSTART. Change one of them, or remove DTSTART."
        faults.append(Fault(FaultCode.INVALID, message, (*field, "startTime")))
    days = [moment.day_at(at, zone) for moment in text.excluded]
    if None in days and not faults:
        message = (
            "An EXDATE is not at the start of a session, so it excludes nothing. Write the start time in the group's "
            "time zone, or only the day, such as EXDATE;VALUE=DATE:20261225."
        )
        faults.append(_rule_fault(message, field))
    if not all(day is None or _in_range(day) for day in days):
        faults.append(_rule_fault(f"Each EXDATE {_YEARS}", field))
    return [day for day in days if day is not None], faults


def _faults_of_values(draft: RecurrenceDraft, excluded: tuple[date, ...], field: FieldPath) -> Iterator[Fault]:
    if not _in_range(draft.start_date):
        yield Fault(FaultCode.OUT_OF_RANGE, f"The start date {_YEARS}", (*field, "startDate"))
    start = draft.start_time
    if start.second or start.microsecond or start.tzinfo:
        message = "The start time must be a local time in whole minutes, such as 09:30:00."
        yield Fault(FaultCode.INVALID, message, (*field, "startTime"))
    if len(excluded) > MAX_EXCLUDED_DATES:
        message = f"A recurrence may have at most {MAX_EXCLUDED_DATES:,} excluded dates."
        yield Fault(FaultCode.INVALID, message, (*field, "excludedDates" if draft.excluded_dates else "rule"))
    if not all(map(_in_range, draft.excluded_dates or ())):
        yield Fault(FaultCode.OUT_OF_RANGE, f"Each excluded date {_YEARS}", (*field, "excludedDates"))


def _rule_fault(message: str, field: FieldPath) -> Fault:
    return Fault(FaultCode.INVALID_RECURRENCE_RULE, message, (*field, "rule"))


def _in_range(day: date) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR
