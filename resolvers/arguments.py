"""Checks of the arguments of queries."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR
from domain.search_text import MAX_WORDS, search_words
from domain.texts import is_storable
from resolvers.errors import BadInput
from resolvers.ids import RegistryIds, parse_id

MAX_SEARCH_LENGTH: Final = 200
MAX_IDS: Final = 100
"""The maximum number of ids in a list of a filter."""


def uuid(text: str, argument: str) -> UUID:
    """Return the id of a group, session or enrollment. Raise BadInput if the text is not a UUID."""
    parsed = parse_id(text)
    if parsed is None:
        raise BadInput(f"`{argument}` must be a UUID, for example 01890a5d-ac96-774b-bcce-b302099a8057.", argument)
    return parsed


def storable(text: str | None, argument: str) -> str | None:
    """Return the text. Raise BadInput if a database cannot store it."""
    if text is not None and not is_storable(text):
        raise BadInput(f"`{argument}` contains an invalid character.", argument)
    return text


def registry_id(ids: RegistryIds, text: str | None, argument: str) -> str | None:
    """Return the registry's own id. Raise BadInput if a database cannot store it."""
    storable(text, argument)
    return None if text is None else ids.registry_id(text)


def registry_ids(ids: RegistryIds, texts: Sequence[str] | None, argument: str) -> frozenset[str] | None:
    """Return the registry's own ids. Raise BadInput if there are too many, or a database cannot store one."""
    if texts is None:
        return None
    if len(texts) > MAX_IDS:
        raise BadInput(f"`{argument}` may have at most {MAX_IDS} ids.", argument)
    for text in texts:
        storable(text, argument)
    return frozenset(map(ids.registry_id, texts))


def instant(value: datetime | None, argument: str) -> datetime | None:
    """Return the instant. Raise BadInput if its year is not supported."""
    day(None if value is None else value.date(), argument)
    return value


def day(value: date | None, argument: str) -> date | None:
    """Return the date. Raise BadInput if its year is not supported."""
    if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise BadInput(f"`{argument}` must be in the years {FIRST_YEAR} to {LAST_YEAR}.", argument)
    return value


def in_order(first: date | None, last: date | None, argument: str = "through", first_argument: str = "from") -> None:
    """Raise BadInput if the last date, which `argument` names, is before the first."""
    if first is not None and last is not None and last < first:
        name = argument.rpartition(".")[2]
        raise BadInput(f"`{name}` must not be before `{first_argument}`.", argument)


def search(text: str | None, argument: str) -> str | None:
    """Return the search text. Raise BadInput if it is too long or cannot be stored."""
    if text is not None and len(text) > MAX_SEARCH_LENGTH:
        raise BadInput(f"`{argument}` may have at most {MAX_SEARCH_LENGTH} characters.", argument)
    if len(search_words(text)) > MAX_WORDS:
        raise BadInput(f"`{argument}` may have at most {MAX_WORDS} words.", argument)
    return storable(text, argument)
