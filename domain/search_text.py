"""How names are compared: in searches, and for their order."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from domain.texts import is_ignorable

# Longer than any name; longer keys would not fit into an index of PostgreSQL, which takes 2,700 bytes.
LONGEST = 500
MOST_WORDS = 10

# What people mean by the same key, though Unicode knows no common form of it: letters with a stroke, and ligatures.
_SAME = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ŧ": "t",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)
# People leave them out, and type one for another: O'Neil is ONeil.
_APOSTROPHES = dict.fromkeys(
    map(
        ord,
        "'`\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}"
        "\N{MODIFIER LETTER TURNED COMMA}\N{PRIME}\N{ACUTE ACCENT}",
    )
)
# They divide words as spaces do: Johns, Abbey; Jean-Luc; J. R. But a point between digits belongs to a number.
_DIVIDERS = re.compile(
    r'[-\u2010-\u2015\u2212\u058a\u30fb\u00b7,;:/()\[\]"\u201c-\u201f\u00ab\u00bb]|(?<![0-9])\.|\.(?![0-9])'
)


def search_text(*parts: str | None) -> str:
    """Return what is searched in and ordered by: the words of all parts, and those in one piece that are divided.

    "Jean-Luc O'Neil" is "jean luc oneil jeanluc", so that "luc", "oneil" and "jeanluc" are all found in it.
    """
    words: list[str] = []
    joined: list[str] = []
    for written in _folded(part for part in parts if part).split():
        pieces = _DIVIDERS.sub(" ", written).split()
        words += pieces
        if len(pieces) > 1:
            joined.append("".join(pieces))
    return " ".join([*words, *joined])[:LONGEST]


def search_words(text: str | None) -> tuple[str, ...]:
    """Return the words to search for, each of them anywhere in a search_text; the longest, which fewest hold, first."""
    words = sorted(set(_DIVIDERS.sub(" ", _folded((text or "",))).split()), key=lambda word: (-len(word), word))
    return tuple(_not_within_others(words))


def _folded(parts: Iterable[str]) -> str:
    """Return the parts without case, accents, apostrophes and what does not show."""
    written = " ".join(parts).translate(_APOSTROPHES)
    if written.isascii():
        return written.lower()
    text = unicodedata.normalize("NFKD", written).translate(_APOSTROPHES)  # fullwidth ones are plain now
    letters = (letter for letter in text if not unicodedata.combining(letter) and not is_ignorable(letter))
    return "".join(letters).casefold().translate(_SAME)


def _not_within_others(words: list[str]) -> Iterator[str]:
    for number, word in enumerate(words):
        if not any(word in longer for longer in words[:number]):
            yield word
