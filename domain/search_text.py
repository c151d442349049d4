"""The normalized text by which names are searched and sorted."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from domain.texts import is_ignorable

# Longer than any name. A key of a PostgreSQL index may have at most 2,700 bytes.
MAX_LENGTH = 500
MAX_WORDS = 10

# Letters with a stroke and ligatures that people type as plain letters. Unicode does not decompose them.
_PLAIN_LETTERS = str.maketrans(
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
# People leave apostrophes out or type another one: O'Neil is the same as ONeil.
_APOSTROPHES = dict.fromkeys(
    map(
        ord,
        "'`\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}"
        "\N{MODIFIER LETTER TURNED COMMA}\N{PRIME}\N{ACUTE ACCENT}",
    )
)
# These separate words as spaces do: Johns, Abbey; Jean-Luc; J. R. A point between digits belongs to a number.
_SEPARATORS = re.compile(
    r'[-\u2010-\u2015\u2212\u058a\u30fb\u00b7,;:/()\[\]"\u201c-\u201f\u00ab\u00bb]|(?<![0-9])\.|\.(?![0-9])'
)


def search_text(*parts: str | None) -> str:
    """Return the text to search in and to sort by: the words of all parts, then the joined forms of divided words.

    "Jean-Luc O'Neil" becomes "jean luc oneil jeanluc", so that "luc", "oneil" and "jeanluc" all match.
    """
    words: list[str] = []
    joined: list[str] = []
    for word in _folded(part for part in parts if part).split():
        pieces = _SEPARATORS.sub(" ", word).split()
        words += pieces
        if len(pieces) > 1:
            joined.append("".join(pieces))
    return " ".join([*words, *joined])[:MAX_LENGTH]


def search_words(text: str | None) -> tuple[str, ...]:
    """Return the words that a search text must contain. The longest, which is the most selective, comes first."""
    return tuple(_not_within_others(sorted(set(words_of(text or "")), key=lambda word: (-len(word), word))))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a name or a search, in their order."""
    return tuple(_SEPARATORS.sub(" ", _folded((text,))).split())


def _folded(parts: Iterable[str]) -> str:
    """Return the parts without case, accents, apostrophes and invisible characters."""
    joined = " ".join(parts).translate(_APOSTROPHES)
    if joined.isascii():
        return joined.lower()
    text = unicodedata.normalize("NFKD", joined).translate(_APOSTROPHES)  # NFKD makes fullwidth apostrophes plain
    letters = (letter for letter in text if not unicodedata.combining(letter) and not is_ignorable(letter))
    return "".join(letters).casefold().translate(_PLAIN_LETTERS)


def _not_within_others(words: list[str]) -> Iterator[str]:
    for number, word in enumerate(words):
        if not any(word in longer for longer in words[:number]):
            yield word
