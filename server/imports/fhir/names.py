"""The choice of a person's display name."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from server.imports.dates import first_day, last_day
from server.imports.fhir.resources import HumanName, Period
from server.imports.text_fields import (
    MAX_NAME_LENGTH,
    InvalidResource,
    collapse_spaces,
    is_legible,
    is_masked,
    require_text,
)

# The best use first. None stands for names without a use. An unknown use counts as temp.
_USES: Final = ("official", "usual", None, "temp", "nickname", "anonymous", "old", "maiden")
_PREFERRED_USES: Final = ("usual", "nickname")
_FORMER_USES: Final = frozenset({"old", "maiden"})


def is_current(period: Period | None, today: date) -> bool:
    """Return whether the period includes today. A missing or invalid start or end is unbounded."""
    if period is None:
        return True
    start, end = first_day(period.start), last_day(period.end)
    return (start is None or start <= today) and (end is None or end >= today)


def best_name(names: Sequence[HumanName], today: date) -> HumanName | None:
    """Return the name to display: current names first, then by use, then the one with the latest start.

    Blank and masked names (`***`) are ignored. Return None if no other name is left.
    """
    legible = [name for name in names if is_legible(name_text(name))]
    return min(legible, key=lambda name: _rank(name, today), default=None)


def display_name(names: Sequence[HumanName], today: date) -> str:
    """Return the text of the name to display. Raise InvalidResource if there is none, or if it is too long."""
    name = best_name(names, today)
    if name is None and any(is_masked(name_text(name)) for name in names):
        raise InvalidResource("name is masked")
    return require_text(name_text(name) if name else None, "name", MAX_NAME_LENGTH)


def preferred_name(names: Sequence[HumanName], today: date) -> str | None:
    """Return the name that a person goes by: the given names of a current usual name or nickname, or else its text.

    Return None if there is none, or if it is also the name to display or its first name. Raise InvalidResource if it is
    too long.
    """
    preferred = [name for name in names if name.use in _PREFERRED_USES and is_current(name.period, today)]
    legible = [name for name in preferred if is_legible(_called(name))]
    best, shown = min(legible, key=lambda name: _rank(name, today), default=None), best_name(names, today)
    if best is None or shown is None:
        return None
    called, text = _called(best), name_text(shown)
    if called.casefold() in {same.casefold() for same in (text, text.split()[0], _called(shown))}:
        return None
    return require_text(called, "preferred name", MAX_NAME_LENGTH)


def _called(name: HumanName) -> str:
    return join_nonblank(name.given, " ") or name_text(name)


def name_text(name: HumanName) -> str:
    """Return the text of a name, or its parts joined if it has no text."""
    return collapse_spaces(name.text) or join_nonblank([*name.given, name.family], " ")


def join_nonblank(parts: Iterable[str | None], separator: str) -> str:
    """Join the parts that are not blank with the separator."""
    return separator.join(text for part in parts if (text := collapse_spaces(part)))


def _rank(name: HumanName, today: date) -> tuple[bool, int, int]:
    former = name.use in _FORMER_USES or not is_current(name.period, today)
    use = _USES.index(name.use if name.use in _USES else "temp")
    start = first_day(name.period.start) if name.period else None
    return former, use, -(start or date.min).toordinal()
