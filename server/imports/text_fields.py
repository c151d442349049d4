"""Checks of the texts in files."""

import re
from typing import Final

from domain.texts import is_storable, shows

MAX_NAME_LENGTH: Final = 300
INVALID_ID: Final = "id must be 1 to 64 letters, digits, hyphens and dots"
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


class InvalidResource(Exception):
    """A resource is not imported. The reason names fields and limits, and contains no personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_fhir_id(id: object) -> bool:
    """Return whether this is a valid id of a FHIR resource."""
    return isinstance(id, str) and _ID.fullmatch(id) is not None


def require_text(text: str | None, field: str, max_length: int) -> str:
    """Return the text as `clean_text` does. Raise InvalidResource also if it is missing or has no visible character."""
    result = clean_text(text, field, max_length)
    if not result:
        raise InvalidResource(f"{field} is missing")
    if not shows(result):
        raise InvalidResource(f"{field} has no visible character")
    return result


def clean_text(text: str | None, field: str, max_length: int) -> str:
    """Return the text with single spaces. Raise InvalidResource if it is too long or cannot be stored."""
    result = collapse_spaces(text)
    if not is_storable(result):
        raise InvalidResource(f"{field} contains an invalid character")
    if len(result) > max_length:
        raise InvalidResource(f"{field} is longer than {max_length} characters")
    return result


def is_masked(text: str) -> bool:
    """Return whether the text, or a part of it, is replaced by asterisks."""
    return "**" in text


def is_legible(text: str) -> bool:
    """Return whether the text contains a letter or digit and is not masked."""
    return shows(text) and any(character.isalnum() for character in text) and not is_masked(text)


def collapse_spaces(text: str | None) -> str:
    """Return the text with single spaces and no surrounding ones."""
    return " ".join((text or "").split())
