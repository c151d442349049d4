"""Cross-origin requests (CORS). Only pages of the origins in the settings may send them."""

from collections.abc import Collection
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

_ALLOWED_HEADERS: Final = ("Authorization", "Content-Type", "X-Request-ID", "Idempotency-Key")
_EXPOSED_HEADERS: Final = ("X-Request-ID", "Server-Timing", "Retry-After", "Idempotency-Replayed")


def cors_middleware(origins: Collection[str]) -> list[Middleware]:
    """Return the middleware that allows these origins, or nothing if there are none.

    Credentials are not allowed. Clients send a token with each request and no cookies, so a page of another origin
    cannot act for the person who visits it.
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
