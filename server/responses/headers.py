"""Headers of a request, as ASGI has them."""

from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any, Final, TypeVar

_LONGEST_KEPT: Final = 256
"""Those of browsers and libraries have some 150 characters. Longer ones are made to fill memory."""
Parsed = TypeVar("Parsed")


def cached(parse: Callable[[str | None], Parsed]) -> Callable[[str | None], Parsed]:
    """Keep what a function makes of a header's value, for the values seen last, if they are short."""
    kept = lru_cache(100)(parse)

    def parse_cached(value: str | None) -> Parsed:
        return kept(value) if value is None or len(value) <= _LONGEST_KEPT else parse(value)

    return parse_cached


def header(scope: MutableMapping[str, Any], name: bytes) -> str | None:
    """Return the first line of a header; None where there is none.

    Starlette's own mapping takes three times as long, and half a dozen headers are looked at for each request.

    Args:
        scope: The request.
        name: The header's name, in small letters.
    """
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def joined_header(scope: MutableMapping[str, Any], name: bytes) -> str | None:
    """Return all lines of a header, joined with commas (RFC 9110 section 5.3); None if there is none.

    For a header that may come once: a second line must make it wrong, or a proxy and we may each read another one.
    """
    lines = [value.decode("latin-1") for key, value in scope["headers"] if key == name]
    return ", ".join(lines) if lines else None
