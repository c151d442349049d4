"""Search for patients by words of their names and record numbers, and by birth date, at index speed.

The table of endings has each ending of each word of a patient's text, so a word is a range of its index by plain
comparison. PostgreSQL's indexes for LIKE and for arrays do not help here: under row-level security it uses such an
operator only after it has checked that the row is visible.

The rarest word narrows the list, and the other words are compared with the rows that are left. If many patients match
each word, those who match two words are found by both ranges. If even these are many, the list is read in its order
and compared row by row: then matches are frequent.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, bindparam, or_, select

from db.sql.listings import Conditions
from db.sql.search import contains_words
from db.sql.statement import Statement, of_organization
from db.tables import patient_endings, patients
from db.transactions.snapshots import Snapshot
from domain.search_text import search_words
from domain.written_dates import take_dates

MAX_MATCHES: Final = 3_000
_INDEXED_LETTERS: Final = 16
_LAST_LETTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_MAX_LOOKUPS: Final = 3
"""How many words are looked up, the longest first."""
_RARE: Final = 100
"""A word with at most so many matches is rare enough: no other word is looked up."""
_MIN_LETTERS_OF_PAIR: Final = 3
"""Shorter words have too many matches for a lookup of two words."""

_columns = patient_endings.c


def _matching(number: int) -> Select[Any]:
    start, end = (bindparam(f"{name}_{number}", type_=_columns.ending.type) for name in ("start", "end"))
    return select(_columns.patient_id).where(
        of_organization(patient_endings), _columns.ending >= start, _columns.ending < end
    )


_MATCHES = Statement(_matching(0).limit(MAX_MATCHES + 1))
_MATCHES_OF_TWO = Statement(_matching(0).intersect(_matching(1)).limit(MAX_MATCHES + 1))
_BORN = Statement(
    select(patients.c.id).where(
        of_organization(patients),
        or_(*(patients.c.birth_date == bindparam(name, type_=patients.c.birth_date.type) for name in ("one", "other"))),
    )
)


async def search_conditions(snapshot: Snapshot, text: str | None) -> Conditions:
    """Return the conditions of the list of patients that match every word of the text, and the birth date if any."""
    rest, days = take_dates(text or "")
    words = search_words(rest)
    if days:
        return {**contains_words(words), "among": await _born(snapshot, days)}
    rarest, among = await _rarest(snapshot, words[:_MAX_LOOKUPS])
    if among is not None:
        other_words = tuple(word for word in words if word != rarest or len(word) > _INDEXED_LETTERS)
        return {**contains_words(other_words), "among": among}
    longest = [word for word in words[:2] if len(word) >= _MIN_LETTERS_OF_PAIR]
    if len(longest) == 2 and (among := await _matches(snapshot, _MATCHES_OF_TWO, *longest)) is not None:
        return {**contains_words(words), "among": among}
    return contains_words(words)


async def _rarest(snapshot: Snapshot, words: Sequence[str]) -> tuple[str, list[str] | None]:
    """Return the word with the fewest matches, and the patients; None for them if each word has too many matches."""
    rarest, fewest = "", None
    for word in words:
        patient_ids = await _matches(snapshot, _MATCHES, word)
        if patient_ids is not None and (fewest is None or len(patient_ids) < len(fewest)):
            rarest, fewest = word, patient_ids
        if fewest is not None and len(fewest) <= _RARE:
            break
    return rarest, fewest


async def _born(snapshot: Snapshot, days: Sequence[date]) -> list[str]:
    return [row[0] for row in await snapshot.fetch(_BORN, {"one": days[0], "other": days[-1]})]


async def _matches(snapshot: Snapshot, statement: Statement, *words: str) -> list[str] | None:
    """Return the patients whose texts contain the words; None if they are more than MAX_MATCHES."""
    parameters: dict[str, str] = {}
    for number, word in enumerate(words):
        start = word[:_INDEXED_LETTERS]
        parameters |= {f"start_{number}": start, f"end_{number}": _end_of_prefix(start)}
    rows = await snapshot.fetch(statement, parameters)
    return list({row[0] for row in rows}) if len(rows) <= MAX_MATCHES else None


def _end_of_prefix(start: str) -> str:
    # Both databases compare UTF-8 by bytes, so in the order of code points.
    prefix = start.rstrip(chr(_LAST_LETTER))
    if not prefix:
        return chr(_LAST_LETTER) * (_INDEXED_LETTERS + 1)
    following = ord(prefix[-1]) + 1
    if following in _SURROGATES:
        following = _SURROGATES.stop
    return prefix[:-1] + chr(following)
