"""How exactly a search matches a patient. Exact matches are listed first."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import permutations
from typing import Final

from domain.search_text import words_of


class SearchRank(IntEnum):
    """How exactly a search matches a patient, best first."""

    RECORD_NUMBER = 0
    WHOLE_NAME = 1
    LAST_NAME = 2
    WHOLE_WORDS = 3
    PARTS_OF_WORDS = 4


EXACT: Final = tuple(rank for rank in SearchRank if rank < SearchRank.PARTS_OF_WORDS)
"""The ranks of exact matches."""

_MAX_PERMUTED: Final = 3


@dataclass(frozen=True, slots=True)
class RankedSearch:
    """The words of a search, in their order.

    Attributes:
        words: All words.
        last_name: The words of the last name: those before the comma in "Rivera, Dana", or else all words.
    """

    words: tuple[str, ...]
    last_name: tuple[str, ...]

    @staticmethod
    def of(text: str) -> "RankedSearch":
        """Return the words of a text."""
        last_name, comma, first_name = text.partition(",")
        words = words_of(text)
        is_divided = comma and words_of(last_name) and words_of(first_name)
        return RankedSearch(words, words_of(last_name) if is_divided else words)

    @property
    def longest_of_last_name(self) -> str:
        """The longest word of the last name, which every exact match has. Some word must exist."""
        return max(self.last_name, key=len)

    @property
    def phrases(self) -> tuple[str, ...]:
        """The texts of which an exact name or record number has one: the words as one, and in a row, in any order.

        More words than three are only in their order, and with the last name at the end.
        """
        orders = permutations(self.words) if len(self.words) <= _MAX_PERMUTED else (self.words, self._last_name_last)
        return tuple(dict.fromkeys(("".join(self.words), *map(" ".join, orders))))

    @property
    def _last_name_last(self) -> tuple[str, ...]:
        return (*self.words[len(self.last_name) :], *self.last_name)

    def rank(self, display_name: str, record_number: str, preferred_name: str | None = None) -> SearchRank:
        """Return how exactly the words match a patient's names or record number. Some match must exist."""
        name, number = words_of(display_name), words_of(record_number)
        if self.words in {number, ("".join(number),)}:
            return SearchRank.RECORD_NUMBER
        if sorted(self.words) == sorted(name):
            return SearchRank.WHOLE_NAME
        if self.last_name == _last_name(display_name, name, len(self.last_name)):
            return SearchRank.LAST_NAME
        if set(self.words) <= {*name, *number, *words_of(preferred_name or "")}:
            return SearchRank.WHOLE_WORDS
        return SearchRank.PARTS_OF_WORDS


def _last_name(display_name: str, name: Sequence[str], length: int) -> tuple[str, ...]:
    """Return the last name: the words before the comma in "Rivera, Dana", or else as many of the last words."""
    before, comma, after = display_name.partition(",")
    return words_of(before) if comma and words_of(after) else tuple(name[-length:])
