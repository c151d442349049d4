"""Search for patients by words of their names and record numbers, and by birth date, at index speed.

The table of endings has each ending of each word of a patient's text, so a word is a range of its index by plain
comparison. PostgreSQL's indexes for LIKE and for arrays do not help here: under row-level security it uses such an
operator only after it has checked that the row is visible.

The rarest word narrows the list, and the other words are compared with the rows that are left. If many patients match
each word, those who match two words are found by both ranges. If even these are many, the list is read in its order
and compared row by row: then matches are frequent.

Exact matches are listed first. They are among those with a whole word of the search, which are read and ranked. If more
than MAX_MATCHES patients have that word, such as a frequent name, those whose name or number is the whole search are
found by its words in a row, and the database compares the others by whole words.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date
from functools import cache, partial
from itertools import chain
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    literal_column,
    or_,
    select,
)

from db.sql.listings import Conditions, Ranking
from db.sql.search import containing, contains_words, word_conditions
from db.sql.statement import AnyOf, Statement, of_organization
from db.tables import patient_endings, patients
from db.transactions.snapshots import Snapshot
from domain.search_rank import EXACT, RankedSearch, SearchRank
from domain.search_text import MAX_WORDS, search_words
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

_RANKED_AT_ONCE: Final = 250
"""How many patients are ranked before other requests get the event loop."""
_WHOLE_SEARCH: Final = (SearchRank.RECORD_NUMBER, SearchRank.WHOLE_NAME)
"""The ranks of those whose record number or name is the whole search."""

_columns = patient_endings.c


_ROWS: Final = bindparam("rows", type_=Integer())


def _matching(number: int) -> Select[Any]:
    start, end = (bindparam(f"{name}_{number}", type_=_columns.ending.type) for name in ("start", "end"))
    return select(_columns.patient_id).where(
        of_organization(patient_endings), _columns.ending >= start, _columns.ending < end
    )


_MATCHES = Statement(_matching(0).limit(_ROWS))
_MATCHES_OF_TWO = Statement(_matching(0).intersect(_matching(1)).limit(_ROWS))
_BORN = Statement(
    select(patients.c.id).where(
        of_organization(patients),
        or_(*(patients.c.birth_date == bindparam(name, type_=patients.c.birth_date.type) for name in ("one", "other"))),
    )
)


def _has_whole_word(rows: FromClause, parameter: str) -> ColumnElement[bool]:
    return (" " + rows.c.search_text + " ").like(bindparam(parameter, type_=Text()), escape="\\")


_WITH_WHOLE_WORD: Final = _has_whole_word(patients, "whole_word")


@cache
def _candidates(words: int) -> Statement:
    """Return the statement that selects the names of those patients who may be exact matches of so many words."""
    contains = list(word_conditions(patients.c.search_text).values())[:words]
    return Statement(
        select(
            patients.c.id, patients.c.display_name, patients.c.medical_record_number, patients.c.preferred_name
        ).where(of_organization(patients), AnyOf(patients.c.id, "among"), _WITH_WHOLE_WORD, *contains)
    )


def _rank(rows: FromClause, other: ColumnElement[int]) -> ColumnElement[int]:
    ranks = ((AnyOf(rows.c.id, f"exact_{rank}"), literal_column(str(rank), Integer())) for rank in map(int, EXACT))
    return case(*ranks, else_=other)


RANKING: Final = Ranking(
    _rank,
    int(SearchRank.PARTS_OF_WORDS),
    "exact",
    "ranked",
    "ranked_first",
    {f"whole_{number}": partial(_has_whole_word, parameter=f"whole_{number}") for number in range(MAX_WORDS)},
)


async def search_conditions(snapshot: Snapshot, text: str | None, *, ranked: bool = True) -> Conditions:
    """Return the conditions of the list of patients that match every word of the text, and the birth date if any.

    `ranked` is whether to rank the matches.
    """
    rest, days = take_dates(text or "")
    words = search_words(rest)
    conditions = (
        {**contains_words(words), "among": await _born(snapshot, days)} if days else await _narrow(snapshot, words)
    )
    if not ranked:
        return conditions
    return {**conditions, **await _ranks(snapshot, RankedSearch.of(rest), words, conditions.get("among"))}


async def _narrow(snapshot: Snapshot, words: tuple[str, ...]) -> Conditions:
    """Return the conditions of the patients who match every word."""
    rarest, among = await _rarest(snapshot, words[:_MAX_LOOKUPS])
    if among is not None:
        other_words = tuple(word for word in words if word != rarest or len(word) > _INDEXED_LETTERS)
        return {**contains_words(other_words), "among": among}
    longest = [word for word in words[:2] if len(word) >= _MIN_LETTERS_OF_PAIR]
    if len(longest) == 2:
        among = await _matches(snapshot, _MATCHES_OF_TWO, MAX_MATCHES, *map(_starting_with, longest))
    return contains_words(words) if among is None else {**contains_words(words), "among": among}


async def _ranks(
    snapshot: Snapshot, search: RankedSearch, words: tuple[str, ...], among: Sequence[str] | None
) -> Conditions:
    """Return the conditions that rank the exact matches; none if there are none."""
    if not search.words:
        return {}
    few = among is not None
    if among is None:
        among = await _matches(snapshot, _MATCHES, MAX_MATCHES, _whole_word(search.longest_of_last_name))
    if among is None:
        known = await _exact(snapshot, search, words, await _with_words_in_a_row(snapshot, search), _WHOLE_SEARCH)
        whole = (containing(f" {word} ") for word in dict.fromkeys(search.last_name))
        return {RANKING.many: known, **dict(zip(RANKING.whole, whole, strict=False))}
    known = await _exact(snapshot, search, words, among, EXACT)
    return {RANKING.few if few else RANKING.many: known} if known[RANKING.exact] else {}


async def _exact(
    snapshot: Snapshot,
    search: RankedSearch,
    words: tuple[str, ...],
    among: Sequence[str],
    ranks: Collection[SearchRank],
) -> dict[str, list[str]]:
    """Return the parameters of the ranking: the exact matches with one of the ranks, by rank and all together."""
    exact: dict[str, list[str]] = {f"exact_{int(rank)}": [] for rank in EXACT}
    whole_word = containing(f" {search.longest_of_last_name} ")
    parameters = {**contains_words(words), "whole_word": whole_word, "among": among}
    rows = await snapshot.fetch(_candidates(len(words)), parameters) if among else ()
    for number, (patient_id, name, record_number, preferred) in enumerate(rows, 1):
        rank = search.rank(name, record_number, preferred)
        if rank in ranks:
            exact[f"exact_{int(rank)}"].append(patient_id)
        if number % _RANKED_AT_ONCE == 0:
            await asyncio.sleep(0)  # let other requests run
    return {**exact, RANKING.exact: list(chain.from_iterable(exact.values()))}


async def _with_words_in_a_row(snapshot: Snapshot, search: RankedSearch) -> list[str]:
    """Return the patients who may have exactly the words of a search as their name or record number.

    If too many have the words in a row, such as one frequent name, these are left out.
    """
    joined, *_ = search.phrases
    # A record number without signs is the last word of most texts, so one that is also a frequent word is found there.
    ranges = [(joined[:_INDEXED_LETTERS], f"{joined[:_INDEXED_LETTERS]} ")]
    ranges += [_whole_word(phrase) for phrase in search.phrases if phrase != search.longest_of_last_name]
    found = [await _matches(snapshot, _MATCHES, MAX_MATCHES, range_) for range_ in ranges]
    return list(dict.fromkeys(chain.from_iterable(ids for ids in found if ids is not None)))


async def _rarest(snapshot: Snapshot, words: Sequence[str]) -> tuple[str, list[str] | None]:
    """Return the word with the fewest matches, and the patients; None for them if each word has too many matches."""
    rarest, fewest = "", None
    for word in words:
        # A word is of no use if it has as many matches as one before.
        most = MAX_MATCHES if fewest is None else len(fewest)
        patient_ids = await _matches(snapshot, _MATCHES, most, _starting_with(word))
        if patient_ids is not None and (fewest is None or len(patient_ids) < len(fewest)):
            rarest, fewest = word, patient_ids
        if fewest is not None and len(fewest) <= _RARE:
            break
    return rarest, fewest


async def _born(snapshot: Snapshot, days: Sequence[date]) -> list[str]:
    return [row[0] for row in await snapshot.fetch(_BORN, {"one": days[0], "other": days[-1]})]


async def _matches(snapshot: Snapshot, statement: Statement, most: int, *ranges: tuple[str, str]) -> list[str] | None:
    """Return the patients with an ending in each of the ranges; None if more than `most` endings are in them."""
    parameters: dict[str, Any] = {"rows": most + 1}
    for number, (start, end) in enumerate(ranges):
        parameters |= {f"start_{number}": start, f"end_{number}": end}
    rows = await snapshot.fetch(statement, parameters)
    return list({row[0] for row in rows}) if len(rows) <= most else None


def _starting_with(word: str) -> tuple[str, str]:
    """Return the range of the endings that start with a word."""
    start = word[:_INDEXED_LETTERS]
    return start, _end_of_prefix(start)


def _whole_word(word: str) -> tuple[str, str]:
    """Return the range of the endings whose first word this is, and perhaps others."""
    start = word[:_INDEXED_LETTERS]
    # After a word there is a space, or nothing. No character of a text is less than a space.
    return (start, _end_of_prefix(start)) if len(start) == _INDEXED_LETTERS else (start, f"{start}!")


def _end_of_prefix(start: str) -> str:
    # Both databases compare UTF-8 by bytes, so in the order of code points.
    prefix = start.rstrip(chr(_LAST_LETTER))
    if not prefix:
        return chr(_LAST_LETTER) * (_INDEXED_LETTERS + 1)
    following = ord(prefix[-1]) + 1
    if following in _SURROGATES:
        following = _SURROGATES.stop
    return prefix[:-1] + chr(following)
