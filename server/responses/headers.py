"""Headers of an ASGI request."""

from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any, Final, TypeVar

_MAX_CACHED_LENGTH: Final = 256
"""Browsers and libraries send about 150 characters. Longer values would let a client fill the memory."""
_CACHE_SIZE: Final = 100
Parsed = TypeVar("Parsed")


def cached_parser(parse: Callable[[str | None], Parsed]) -> Callable[[str | None], Parsed]:
    """Decorate the parser of a header with a small cache of recent short values."""
    cached = lru_cache(_CACHE_SIZE)(parse)

    def parse_cached(value: str | None) -> Parsed:
        return cached(value) if value is None or len(value) <= _MAX_CACHED_LENGTH else parse(value)

    return parse_cached


def header(scope: MutableMapping[str, Any], name: bytes) -> str | None:
    """Return the first line of a header, or None if it is missing.

    Starlette's `Headers` takes three times as long, and each request reads about six headers.

    Args:
        scope: The request.
        name: The name of the header in lower case.
    """
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def joined_header(scope: MutableMapping[str, Any], name: bytes) -> str | None:
    """Return all lines of a header joined with commas (RFC 9110 section 5.3), or None if it is missing.

    Use it for a header that may appear only once. If a client sends it twice, the joined value is invalid. Otherwise a
    proxy might read one line and this server the other.
    """
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ", ".join(lines) if lines else None


def quality_values(value: str) -> dict[str, float]:
    """Return the quality (0 to 1) of each item in a header such as Accept (RFC 9110 section 12.4.2), in lower case.

    The default quality is 1; an invalid one counts as 0. If an item is repeated, the highest quality counts.
    """
    qualities: dict[str, float] = {}
    for item in value.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, number = parameter.partition("=")
            if key.strip() == "q":
                quality = _quality(number.strip())
        qualities[name] = max(quality, qualities.get(name, 0.0))
    return qualities


def _quality(number: str) -> float:
    try:
        quality = float(number)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
