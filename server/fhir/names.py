"""Which of a person's names is shown, and how it is written."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from server.fhir.dates import first_day, last_day
from server.fhir.refusal import RefusedLine, is_legible, is_masked, required, spaced
from server.fhir.resources import HumanName, Period

LONGEST_NAME: Final = 300

# Best first; None stands for names without a use, and any other word counts as temp does.
_USES: Final = ("official", "usual", None, "temp", "nickname", "anonymous", "old", "maiden")
_FORMER_USES: Final = frozenset({"old", "maiden"})


def is_current(period: Period | None, today: date) -> bool:
    """Return whether the period includes today, as far as it says."""
    if period is None:
        return True
    start, end = first_day(period.start), last_day(period.end)
    return (start is None or start <= today) and (end is None or end >= today)


def best_name(names: Sequence[HumanName], today: date) -> HumanName | None:
    """Return the name to show: a current one before others, then by its use, then the one that began last.

    Names that are blank or masked (`***`) are left out; None where no other is left.
    """
    shown = [name for name in names if is_legible(written(name))]
    return min(shown, key=lambda name: _rank(name, today), default=None)


def written_name(names: Sequence[HumanName], today: date) -> str:
    """Return the name to show as text. Raise RefusedLine where there is none, or it is too long."""
    name = best_name(names, today)
    if name is None and any(is_masked(written(name)) for name in names):
        raise RefusedLine("name is masked")
    return required(written(name) if name else None, "name", LONGEST_NAME)


def written(name: HumanName) -> str:
    """Return the name as one text: its own, or else its parts."""
    return spaced(name.text) or joined([*name.given, name.family], " ")


def joined(parts: Iterable[str | None], separator: str) -> str:
    """Return the parts that are not blank, with the separator between them."""
    return separator.join(text for part in parts if (text := spaced(part)))


def _rank(name: HumanName, today: date) -> tuple[bool, int, int]:
    former = name.use in _FORMER_USES or not is_current(name.period, today)
    use = _USES.index(name.use if name.use in _USES else "temp")
    start = first_day(name.period.start) if name.period else None
    return former, use, -(start or date.min).toordinal()
