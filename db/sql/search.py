"""Search by text: what is found holds every word of it, in any order."""

from typing import Final

from sqlalchemy import ColumnElement, Text, bindparam

from domain.search_text import MAX_WORDS, search_words

_FILTERS: Final = tuple(f"word_{number}" for number in range(MAX_WORDS))


def word_conditions(column: ColumnElement[str]) -> dict[str, ColumnElement[bool]]:
    """Return the conditions that a column of search_text holds a word, by the names of `word_filters`."""
    return {name: column.like(bindparam(name, type_=Text()), escape="\\") for name in _FILTERS}


def word_filters(text: str | None) -> dict[str, str]:
    """Return the filters of a list by `word_conditions` that leave what holds every word of the text."""
    return filters_of(search_words(text))


def filters_of(words: tuple[str, ...]) -> dict[str, str]:
    """Return the filters that leave what holds all the words. % and _ are letters."""
    return {name: _pattern(word) for name, word in zip(_FILTERS, words, strict=False)}


def _pattern(word: str) -> str:
    letters = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{letters}%"
