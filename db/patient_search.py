"""Finding patients by any part of their names and record numbers, at index speed however many there are.

The table of endings tells whose text holds what is searched: those with an ending that starts with it, one stretch of
an index by plain comparison. PostgreSQL's indexes for LIKE and for arrays are of no use here: under row-level security
it looks a row up by such an operator only after it has made sure that the row may be seen.

Where very many are found, no list of them is made: then some are soon met by going through all in the order asked for.
"""

from typing import Any, Final

from sqlalchemy import bindparam, select

from db.search import pattern
from db.snapshots import Snapshot
from db.statement import Statement, of_organization
from db.tables import patient_endings
from domain.search_text import search_text

VERY_MANY: Final = 3_000
_LETTERS: Final = 16
_LAST_LETTER: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)

_columns = patient_endings.c
_START, _END = (bindparam(name, type_=_columns.ending.type) for name in ("start", "end"))
_STARTING = Statement(
    select(_columns.patient_id)
    .where(of_organization(patient_endings), _columns.ending >= _START, _columns.ending < _END)
    .limit(VERY_MANY + 1)
)


async def search_filters(snapshot: Snapshot, text: str | None) -> dict[str, Any]:
    """Gives the filters of the list of patients that leave those whose name or record number holds the text."""
    letters = search_text(text)
    if not letters:
        return {}
    start = letters[:_LETTERS]
    found = await snapshot.fetch(_STARTING, {"start": start, "end": _after_all_that_start_with(start)})
    filters: dict[str, Any] = {"search": pattern(letters)}
    if len(found) <= VERY_MANY:
        filters["among"] = list({row[0] for row in found})
    return filters


def _after_all_that_start_with(start: str) -> str:
    # Both databases compare UTF-8 by bytes, which is the order of code points.
    kept = start.rstrip(chr(_LAST_LETTER))
    if not kept:
        return chr(_LAST_LETTER) * (_LETTERS + 1)
    following = ord(kept[-1]) + 1
    if following in _SURROGATES:
        following = _SURROGATES.stop
    return kept[:-1] + chr(following)
