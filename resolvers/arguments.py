"""Checks of what queries are asked with."""

from datetime import date
from uuid import UUID

from domain.recurrence_rule import FIRST_YEAR, LAST_YEAR
from domain.search_text import MAX_WORDS, search_words
from domain.texts import is_storable
from resolvers.errors import BadInput
from resolvers.ids import parse_id

LONGEST_SEARCH = 200


def our_id(text: str, argument: str) -> UUID:
    """Return the id of a group, session or enrollment. Raise BadInput where the text is no UUID."""
    found = parse_id(text)
    if found is None:
        raise BadInput(f"{argument} must be a UUID, for example 01890a5d-ac96-774b-bcce-b302099a8057.")
    return found


def storable(text: str | None, argument: str) -> str | None:
    """Return the text. Raise BadInput where it holds what no database can hold."""
    if text is not None and not is_storable(text):
        raise BadInput(f"{argument} holds a character that is not text.")
    return text


def day(value: date | None, argument: str) -> date | None:
    """Return the day. Raise BadInput where it is in no year that is scheduled here."""
    if value is not None and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise BadInput(f"{argument} must be in the years {FIRST_YEAR} to {LAST_YEAR}.")
    return value


def in_order(first: date | None, last: date | None) -> None:
    """Raise BadInput where through lies before from."""
    if first is not None and last is not None and last < first:
        raise BadInput("through must not be before from.")


def search(text: str | None, argument: str) -> str | None:
    """Return the text to search for. Raise BadInput where it is longer than a name, or holds what is not text."""
    if text is not None and len(text) > LONGEST_SEARCH:
        raise BadInput(f"{argument} may have at most {LONGEST_SEARCH} characters.")
    if len(search_words(text)) > MAX_WORDS:
        raise BadInput(f"{argument} may have at most {MAX_WORDS} words.")
    return storable(text, argument)
