"""Why a line is not imported."""

import re
from typing import Final

from domain.texts import is_storable, shows

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


class RefusedLine(Exception):
    """A line that is not imported. Its reason names fields and limits, never what the line says of a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_fhir_id(id: object) -> bool:
    """Return whether this is the id of a FHIR resource."""
    return isinstance(id, str) and _ID.fullmatch(id) is not None


def required(text: str | None, field: str, longest: int) -> str:
    """Return the text as `bounded` does. Raises RefusedLine also where nothing of it shows."""
    result = bounded(text, field, longest)
    if not result:
        raise RefusedLine(f"{field} is missing")
    if not shows(result):
        raise RefusedLine(f"{field} shows nothing")
    return result


def bounded(text: str | None, field: str, longest: int) -> str:
    """Return the text with single spaces. Raise RefusedLine where it cannot be stored or is too long."""
    result = spaced(text)
    if not is_storable(result):
        raise RefusedLine(f"{field} holds a character that is not text")
    if len(result) > longest:
        raise RefusedLine(f"{field} is longer than {longest} characters")
    return result


def is_masked(text: str) -> bool:
    """Return whether somebody put asterisks in place of the text, or of a part of it."""
    return "**" in text


def is_legible(text: str) -> bool:
    """Return whether the text shows a letter or a digit, and is not masked."""
    return shows(text) and any(character.isalnum() for character in text) and not is_masked(text)


def spaced(text: str | None) -> str:
    """Return the text with single spaces, and none around it."""
    return " ".join((text or "").split())
