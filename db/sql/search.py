"""Search by text: a match contains every word of the text, in any order."""

from typing import Final

from sqlalchemy import ColumnElement, Text, bindparam

from domain.search_text import MAX_WORDS, search_words

_NAMES: Final = tuple(f"word_{number}" for number in range(MAX_WORDS))


def word_conditions(column: ColumnElement[str]) -> dict[str, ColumnElement[bool]]:
    """Return a condition for each word that a search may have: a column of search_text contains the word."""
    return {name: column.like(bindparam(name, type_=Text()), escape="\\") for name in _NAMES}


def contains_words(words: tuple[str, ...]) -> dict[str, str]:
    """Return the conditions of `word_conditions`, with their values, that match all the words. Escape % and _."""
    return {name: containing(word) for name, word in zip(_NAMES, words, strict=False)}


def matches(text: str | None) -> dict[str, str]:
    """Return the conditions that match every word of the text."""
    return contains_words(search_words(text))


def containing(word: str) -> str:
    """Return the pattern of LIKE that matches texts with a word. A backslash escapes % and _."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
