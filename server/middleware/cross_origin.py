"""Cross-origin requests (CORS): refused to every page, but for those of the origins that the settings name."""

from collections.abc import Collection
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

_ALLOWED_HEADERS: Final = ("Authorization", "Content-Type", "X-Request-ID", "Idempotency-Key")
_EXPOSED_HEADERS: Final = ("X-Request-ID", "Server-Timing", "Retry-After", "Idempotency-Replayed")


def cross_origin(origins: Collection[str]) -> list[Middleware]:
    """Return the middleware that lets pages of these origins call; none where there are none.

    Callers send a token with each request and no cookie, so no credentials are allowed: a page of another origin has
    nothing to send for a person who visits it.
    """
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=tuple(origins),
            allow_methods=("GET", "POST"),
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        )
    ]
