"""How names are compared: in searches, and for their order."""

import unicodedata

# Longer than any name; longer keys would not fit into an index of PostgreSQL, which takes 2,700 bytes.
LONGEST = 500

# What people mean by the same key, though Unicode knows no common form of it: letters with a stroke, ligatures, and
# the apostrophes and hyphens that telephones and word processors put in place of those on the keyboard.
_SAME = str.maketrans(
    {
        **dict.fromkeys(
            "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}", "'"
        ),
        **dict.fromkeys("\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}", "-"),
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


def search_text(*parts: str | None) -> str:
    """Gives what is searched for, searched in and ordered by: no case, no accents, single spaces."""
    joined = " ".join(part for part in parts if part)
    letters = (letter for letter in unicodedata.normalize("NFKD", joined) if not unicodedata.combining(letter))
    return " ".join("".join(letters).casefold().translate(_SAME).split())[:LONGEST]
