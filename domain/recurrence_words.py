"""The BY parts of a rule in English: the days that they select, and the months and weeks in which these lie."""

from collections.abc import Callable, Sequence
from typing import Final

from domain.calendar_names import MONTHS, WEEKDAYS, in_list, numeral, ordinal
from domain.recurrence_rule import Frequency, RuleDay, RuleParts

ALL_WORKING_DAYS: Final = "weekdays (Monday to Friday)"
_WORKING_DAYS: Final = tuple(RuleDay(day) for day in range(5))
_WEEKEND: Final = (RuleDay(5), RuleDay(6))
_WEEK: Final = (*_WORKING_DAYS, *_WEEKEND)
_KINDS: Final = {_WORKING_DAYS: "weekday (Monday to Friday)", _WEEKEND: "weekend day", _WEEK: "day"}
_ALL_OF_A_WEEK: Final = {_WORKING_DAYS: ALL_WORKING_DAYS, _WEEK: "all days"}
_MAX_DATES: Final = 4
_SHORTEST_RUN: Final = 3


def dates_of_year(parts: RuleParts) -> str:
    """Return the dates, such as "November 23"; nothing unless the parts select only a few dates of the year."""
    if parts.by_day or parts.by_year_day or parts.by_week_number or parts.by_set_position:
        return ""
    if parts.frequency is not Frequency.YEARLY or not all(day > 0 for day in parts.by_month_day):
        return ""
    dates = [f"{MONTHS[month - 1]} {day}" for month in parts.by_month for day in parts.by_month_day]
    return in_list(dates) if len(dates) <= _MAX_DATES else ""


def days_of_period(parts: RuleParts) -> str:
    """Return the days, such as "the second Monday"; nothing if all days are selected."""
    if parts.by_set_position:
        return _at_positions(parts)
    if not parts.by_day:
        return _numbers(parts, "and") or ("every day" if parts.by_week_number else "")
    if _is_weekday_with_number(parts):
        return f"{WEEKDAYS[parts.by_day[0].weekday]} the {numeral(parts.by_month_day[0])}"
    return _falling_on_numbers(_weekdays(parts, "or" if _has_numbers(parts) else "and"), parts)


def months_and_weeks(parts: RuleParts) -> str:
    """Return the months and weeks in which the days lie, such as "in June" or "in week 20 of the year"."""
    phrases = []
    is_yearly = parts.frequency is Frequency.YEARLY
    if parts.by_week_number:
        phrases.append(f"in {_weeks(parts.by_week_number)} of the year")
    if parts.by_month:
        is_part_of_month = is_yearly and not (parts.by_week_number or parts.by_year_day)
        phrases.append(_months(parts.by_month, is_part_of_month))
        if is_yearly and parts.by_set_position and len(parts.by_month) > 1:
            phrases.append("together")
    elif is_yearly and not phrases and not parts.by_year_day and not _has_ordinals(parts):
        if parts.by_set_position:
            phrases.append("of the year")
        elif parts.by_month_day:
            phrases.append("of every month")
    return " ".join(phrases)


def _at_positions(parts: RuleParts) -> str:
    places = f"the {in_list([ordinal(at) for at in _in_order(parts.by_set_position)])}"
    if parts.frequency is Frequency.WEEKLY:
        return f"{places} {_any_of(parts.by_day)} of each week"
    if _has_ordinals(parts):
        return f"{places} of {_falling_on_numbers(_weekdays(parts, 'and'), parts)}"
    if parts.by_day:
        return _falling_on_numbers(f"{places} {_any_of(parts.by_day)}", parts)
    return f"{places} of {_numbers(parts, 'and')}" if _has_numbers(parts) else f"{places} day"


def _any_of(days: tuple[RuleDay, ...]) -> str:
    return _KINDS.get(days) or in_list([WEEKDAYS[day.weekday] for day in days], "or")


def _weekdays(parts: RuleParts, word: str) -> str:
    """Return the weekdays as a list whose last items are joined by a word."""
    in_order = sorted(day.weekday for day in parts.by_day if not day.ordinal)
    if parts.frequency is Frequency.WEEKLY:
        in_order.sort(key=lambda weekday: (weekday - parts.week_start) % 7)
    plain = [WEEKDAYS[weekday] for weekday in in_order]
    # A week has one Monday; a month or a year has several.
    if plain and parts.frequency in (Frequency.MONTHLY, Frequency.YEARLY) and not parts.by_week_number:
        plain = [f"every {_KINDS.get(parts.by_day) or in_list(plain, word)}"]
    elif parts.by_day in _ALL_OF_A_WEEK:
        plain = [_ALL_OF_A_WEEK[parts.by_day]]
    ordinals: dict[int, list[str]] = {}
    for day in parts.by_day:
        if day.ordinal:
            ordinals.setdefault(day.weekday, []).append(ordinal(day.ordinal))
    places = [f"the {in_list(numbers)} {WEEKDAYS[weekday]}" for weekday, numbers in ordinals.items()]
    in_year = " of the year" if places and not parts.counts_in_months else ""
    return in_list([*plain, *places], word) + in_year


def _falling_on_numbers(days: str, parts: RuleParts) -> str:
    if not _has_numbers(parts):
        return days
    return f"{days} {'if it' if _has_ordinals(parts) else 'that'} falls on {_numbers(parts, 'or')}"


def _numbers(parts: RuleParts, word: str) -> str:
    """Return the days by their numbers in the month, in the year, or both."""
    phrases = []
    if parts.by_month_day:
        phrases.append(_numbered(parts.by_month_day, "", word))
    if parts.by_year_day:
        phrases.append(f"{_numbered(parts.by_year_day, ' day', word)} of the year")
    return " that is also ".join(phrases)


def _numbered(numbers: tuple[int, ...], noun: str, word: str) -> str:
    from_start = _with_runs([number for number in numbers if number > 0], numeral)
    from_end = [f"the {ordinal(number)} day" for number in _in_order(numbers) if number < 0]
    if not from_end:
        return f"the {in_list(from_start, word)}{noun}"
    return in_list([*(f"the {number}{noun}" for number in from_start), *from_end], word)


def _weeks(numbers: tuple[int, ...]) -> str:
    from_start = [number for number in numbers if number > 0]
    weeks = [f"week{'s' if len(from_start) > 1 else ''} {in_list(_with_runs(from_start, str))}"] if from_start else []
    return in_list([*weeks, *(f"the {ordinal(number)} week" for number in _in_order(numbers) if number < 0)])


def _months(months: tuple[int, ...], is_part_of_month: bool) -> str:
    [*names] = _with_runs(list(months), lambda month: MONTHS[month - 1])
    if len(names) == 1 and len(months) > 1:
        return f"{'of each month ' if is_part_of_month else ''}from {names[0]}"
    return f"{'of' if is_part_of_month else 'in'} {in_list(names)}"


def _with_runs(numbers: Sequence[int], name: Callable[[int], str]) -> list[str]:
    """Return the names of ascending numbers, with "1 to 3" for three or more in a row."""
    names: list[str] = []
    begin = 0
    for index, number in enumerate(numbers):
        if index + 1 < len(numbers) and numbers[index + 1] == number + 1:
            continue
        run = numbers[begin : index + 1]
        names += [f"{name(run[0])} to {name(number)}"] if len(run) >= _SHORTEST_RUN else map(name, run)
        begin = index + 1
    return names


def _in_order(numbers: tuple[int, ...]) -> list[int]:
    """Return the numbers in the order of the calendar: those from the start, then those from the end."""
    return sorted(numbers, key=lambda number: (number < 0, number))


def _is_weekday_with_number(parts: RuleParts) -> bool:
    """Return whether the days are such as Friday the 13th."""
    is_one_of_each = len(parts.by_day) == len(parts.by_month_day) == 1 and not parts.by_year_day
    return is_one_of_each and not _has_ordinals(parts) and parts.by_month_day[0] > 0


def _has_numbers(parts: RuleParts) -> bool:
    return bool(parts.by_month_day or parts.by_year_day)


def _has_ordinals(parts: RuleParts) -> bool:
    return any(day.ordinal for day in parts.by_day)
