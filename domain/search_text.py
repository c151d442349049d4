"""How names are compared in searches."""

import unicodedata


def search_text(*parts: str | None) -> str:
    """Gives what is searched for and searched in: no case, no accents, single spaces."""
    joined = " ".join(part for part in parts if part)
    letters = (letter for letter in unicodedata.normalize("NFKD", joined) if not unicodedata.combining(letter))
    return " ".join("".join(letters).casefold().split())
