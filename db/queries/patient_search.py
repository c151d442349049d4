"""Finding patients by words of their names and record numbers and by birth date, at index speed however many there are.

The table of endings says whose text holds a word: those with an ending that starts with it, one stretch of an index by
plain comparison. PostgreSQL's indexes for LIKE and for arrays are of no use here: under row-level security it looks a
row up by such an operator only after it has made sure that the row may be seen.

The word that few hold narrows the list, and the others are looked for in what is left. Where very many hold each word,
those who hold two are found by both stretches; where even these are very many, no list of them is made: then some are
soon met by going through all in the order asked for.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, bindparam, or_, select

from db.sql.search import filters_of
from db.sql.statement import Statement, of_organization
from db.tables import patient_endings, patients
from db.transactions.snapshots import Snapshot
from domain.search_text import search_words
from domain.written_dates import take_dates

VERY_MANY: Final = 3_000
_LETTERS: Final = 16
_LAST_LETTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_LOOKED_UP: Final = 3
"""Words that are looked up, the longest, before the list is gone through instead."""
_FEW: Final = 100
"""A word that no more hold is rare enough: the next are not looked up."""
_COMMON: Final = 3
"""Words shorter than this are held by too many to look up who holds two of them."""

_columns = patient_endings.c


def _holding(number: int) -> Select[Any]:
    start, end = (bindparam(f"{name}_{number}", type_=_columns.ending.type) for name in ("start", "end"))
    return select(_columns.patient_id).where(
        of_organization(patient_endings), _columns.ending >= start, _columns.ending < end
    )


_HOLDING = Statement(_holding(0).limit(VERY_MANY + 1))
_HOLDING_BOTH = Statement(_holding(0).intersect(_holding(1)).limit(VERY_MANY + 1))
_BORN = Statement(
    select(patients.c.id).where(
        of_organization(patients),
        or_(*(patients.c.birth_date == bindparam(name, type_=patients.c.birth_date.type) for name in ("one", "other"))),
    )
)


async def search_filters(snapshot: Snapshot, text: str | None) -> dict[str, Any]:
    """Return the filters of the list of patients that leave those who hold every word, and are born on the date."""
    left, days = take_dates(text or "")
    words = search_words(left)
    if days:
        return {**filters_of(words), "among": await _born(snapshot, days)}
    rarest, among = await _rarest(snapshot, words[:_LOOKED_UP])
    if among is not None:
        left_to_find = tuple(word for word in words if word != rarest or len(word) > _LETTERS)
        return {**filters_of(left_to_find), "among": among}
    longest = [word for word in words[:2] if len(word) >= _COMMON]
    if len(longest) == 2 and (among := await _few(snapshot, _HOLDING_BOTH, *longest)) is not None:
        return {**filters_of(words), "among": among}
    return filters_of(words)


async def _rarest(snapshot: Snapshot, words: Sequence[str]) -> tuple[str, list[str] | None]:
    """Return the word that fewest hold, and who; None where very many hold each."""
    rarest, fewest = "", None
    for word in words:
        found = await _few(snapshot, _HOLDING, word)
        if found is not None and (fewest is None or len(found) < len(fewest)):
            rarest, fewest = word, found
        if fewest is not None and len(fewest) <= _FEW:
            break
    return rarest, fewest


async def _born(snapshot: Snapshot, days: Sequence[date]) -> list[str]:
    return [row[0] for row in await snapshot.fetch(_BORN, {"one": days[0], "other": days[-1]})]


async def _few(snapshot: Snapshot, statement: Statement, *words: str) -> list[str] | None:
    """Return the patients whose texts hold the words; None where they are very many."""
    parameters: dict[str, str] = {}
    for number, word in enumerate(words):
        start = word[:_LETTERS]
        parameters |= {f"start_{number}": start, f"end_{number}": _after_all_that_start_with(start)}
    found = await snapshot.fetch(statement, parameters)
    return list({row[0] for row in found}) if len(found) <= VERY_MANY else None


def _after_all_that_start_with(start: str) -> str:
    # Both databases compare UTF-8 by bytes, which is the order of code points.
    kept = start.rstrip(chr(_LAST_LETTER))
    if not kept:
        return chr(_LAST_LETTER) * (_LETTERS + 1)
    following = ord(kept[-1]) + 1
    if following in _SURROGATES:
        following = _SURROGATES.stop
    return kept[:-1] + chr(following)
