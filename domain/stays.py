"""A patient's stay in a group: the first and the last local day on which the patient is expected."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.records import Enrollment
from domain.refusal import Fault, FaultCode
from domain.session_drafts import date_fault

MOST_DAYS_BACK: Final = 90
"""How far a start may lie in the past: a late entry."""
MOST_DAYS_AHEAD: Final = 366

_START: Final = ("input", "startDate")
_END: Final = ("input", "endDate")


@dataclass(frozen=True, slots=True)
class Stay:
    """The first and the last day of a stay as a person names them, both in the group's time zone.

    Without a start, it is the day on which the seat is given. Without an end, it is open.
    """

    start: date | None = None
    end: date | None = None


OPEN_STAY: Final = Stay()


def stay_faults(stay: Stay, today: date | None) -> list[Fault]:
    """Return the faults of a new stay. `today` is the local day of the group, None if the group is not known."""
    faults: list[Fault] = []
    if stay.start is not None and today is not None:
        faults += start_faults(stay.start, today)
    if stay.end is not None and (fault := date_fault(stay.end, _END)) is not None:
        faults.append(fault)
    if faults or stay.end is None:
        return faults
    if stay.start is not None:
        return order_faults(stay.start, stay.end, is_start_named=True)
    return [] if today is None else order_faults(today, stay.end, is_start_named=False)


def start_faults(start: date, today: date) -> list[Fault]:
    """Return OUT_OF_RANGE for a start that lies too far in the past or in the future."""
    earliest, latest = today - timedelta(days=MOST_DAYS_BACK), today + timedelta(days=MOST_DAYS_AHEAD)
    if earliest <= start <= latest:
        return []
    message = (
        f"The start must be between {earliest} and {latest}: at most {MOST_DAYS_BACK} days back and"
        f" {MOST_DAYS_AHEAD} days ahead."
    )
    return [Fault(FaultCode.OUT_OF_RANGE, message, _START)]


def order_faults(start: date, end: date, *, is_start_named: bool) -> list[Fault]:
    """Return INVALID for a start after the end, at the start if the input names it, otherwise at the end."""
    if start <= end:
        return []
    if is_start_named:
        return [Fault(FaultCode.INVALID, f"The start must not be after the end, {end}.", _START)]
    return [Fault(FaultCode.INVALID, f"The end must not be before the start, {start}.", _END)]


def last_day_faults(enrollment: Enrollment, end: date | None, today: date) -> list[Fault]:
    """Return the faults of the last day of a patient who is disenrolled today. None stands for no last day."""
    if end is None:
        return []
    if enrollment.enrolled_at is None:
        message = "A patient who never had a seat has no last day. Leave out `endDate`."
        return [Fault(FaultCode.INVALID, message, _END)]
    if end > today:
        message = f"The last day must be {today} or earlier. To let a stay end later, edit the enrollment's end."
        return [Fault(FaultCode.OUT_OF_RANGE, message, _END)]
    return order_faults(enrollment.start_date or end, end, is_start_named=False)


def start_of_seat(enrollment: Enrollment, today: date) -> date:
    """Return the start of a waiting patient who gets a seat today.

    A start in the future stays. One that has passed becomes today, because nobody was expected before the seat was
    given. If the end has passed too, the stay is over: it starts on its last day, and the patient is expected on none.
    """
    start = max(enrollment.start_date or today, today)
    return start if enrollment.end_date is None else min(start, enrollment.end_date)
