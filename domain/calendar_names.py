"""English names of days and months, ordinals and lists. strftime is not used, because it depends on the locale."""

from collections.abc import Sequence
from datetime import date, time

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def short_date(day: date) -> str:
    """Return a date without its year, such as "Jan 15"."""
    return f"{MONTHS[day.month - 1][:3]} {day.day}"


def clock_time(moment: time) -> str:
    """Return a time of day in whole minutes, such as "9:00 AM"."""
    return f"{moment.hour % 12 or 12}:{moment.minute:02} {'AM' if moment.hour < 12 else 'PM'}"


def in_list(items: Sequence[str], word: str = "and") -> str:
    """Return the items as a list in prose, such as "Monday, Wednesday and Friday"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def ordinal(number: int) -> str:
    """Return an ordinal, such as "second" or "21st". A negative number counts from the end: "second to last"."""
    if number == -1:
        return "last"
    if number < 0:
        return f"{ordinal(-number)} to last"
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else numeral(number)


def numeral(number: int) -> str:
    """Return a positive ordinal in digits, such as "2nd" or "21st"."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
