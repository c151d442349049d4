"""The cache of valid tokens, so that a token's signature is checked once and not with every request."""

import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from resolvers.caller import Caller

CACHE_BYTES: Final = 8_000_000
"""Enough for about 10,000 tokens. The limit is in bytes because the size of an entry depends on the token."""
_ENTRY_BYTES: Final = 500
"""The overhead of an entry: digest, dictionary slot, caller, expiry and key id."""


@dataclass(frozen=True, slots=True)
class CachedToken:
    """A valid token.

    Attributes:
        caller: The caller that the token names.
        key_id: The id of the key that signed the token; None for a shared secret.
        key: The key that signed the token. The entry is invalid once the key set has another key with this id.
        valid_until: The time at which the token expires, in seconds since 1970.
    """

    caller: Caller
    key_id: str | None
    key: object
    valid_until: float

    @property
    def size(self) -> int:
        """The estimated size in bytes, without the key, which belongs to the key set."""
        caller = self.caller
        texts = (caller.subject, caller.organization_id, self.key_id)
        return _ENTRY_BYTES + sum(map(sys.getsizeof, texts)) + sys.getsizeof(caller.permissions)


class TokenCache:
    """Caches valid tokens by their SHA-256 digest, without storing the tokens. Evicts the oldest entries."""

    def __init__(self, clock: Callable[[], float] = time.time, limit: int = CACHE_BYTES) -> None:
        """Start empty.

        Args:
            clock: Returns the seconds since 1970.
            limit: The maximum total size of the entries in bytes.
        """
        self._clock = clock
        self._limit = limit
        self._size = 0
        self._entries: dict[bytes, CachedToken] = {}

    def find(self, token: str) -> CachedToken | None:
        """Return the token's entry, or None if there is none or the token has expired."""
        digest = _digest(token)
        entry = self._entries.get(digest)
        if entry is not None and self._clock() >= entry.valid_until:
            self._remove(digest)
            return None
        return entry

    def put(self, token: str, entry: CachedToken) -> None:
        """Add or replace the token's entry."""
        digest = _digest(token)
        self._remove(digest)
        self._size += entry.size
        while self._entries and self._size > self._limit:
            self._remove(next(iter(self._entries)))
        self._entries[digest] = entry

    def _remove(self, digest: bytes) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self._size -= entry.size


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
