"""Tokens that were found good, so that a signature is checked once, and not with every request."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from resolvers.caller import Caller

KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token that was found good.

    Attributes:
        caller: Whom it names.
        key_id: Which key signed it; None for a shared secret.
        key: That key. Once the key set has another in its place, the token is no longer known.
        good_until: When it ends, in seconds since 1970.
    """

    caller: Caller
    key_id: str | None
    key: object
    good_until: float


class KnownTokens:
    """Known tokens, by their SHA-256: the tokens themselves are not kept. The oldest is forgotten for a new one."""

    def __init__(self, clock: Callable[[], float] = time.time, kept: int = KEPT) -> None:
        self._clock = clock
        self._kept = kept
        self._known: dict[bytes, KnownToken] = {}

    def find(self, token: str) -> KnownToken | None:
        """Gives what is known of the token; None where it is not known, or has ended."""
        known = self._known.get(_digest(token))
        return known if known is not None and self._clock() < known.good_until else None

    def keep(self, token: str, known: KnownToken) -> None:
        """Remembers the token."""
        digest = _digest(token)
        self._known.pop(digest, None)
        while len(self._known) >= self._kept:
            del self._known[next(iter(self._known))]
        self._known[digest] = known


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
