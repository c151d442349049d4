"""Tokens that were found valid, so that a signature is checked once and not with every request."""

import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from resolvers.caller import Caller

CACHE_BYTES: Final = 8_000_000
"""About 10,000 tokens of usual callers. The size of an entry follows from what the token says, so bytes are counted."""
_ENTRY_BYTES: Final = 500
"""The entry's own objects: digest, dictionary slot, caller, end and key id."""


@dataclass(frozen=True, slots=True)
class CachedToken:
    """A token that was found valid.

    Attributes:
        caller: The caller that it names.
        key_id: The id of the key that signed it; None for a shared secret.
        key: That key. Once the key set has another in its place, the entry no longer holds.
        valid_until: When it ends, in seconds since 1970.
    """

    caller: Caller
    key_id: str | None
    key: object
    valid_until: float

    @property
    def size(self) -> int:
        """An estimate of the bytes that the entry keeps; the key belongs to the key set."""
        caller = self.caller
        texts = (caller.subject, caller.organization_id, self.key_id)
        return _ENTRY_BYTES + sum(map(sys.getsizeof, texts)) + sys.getsizeof(caller.permissions)


class TokenCache:
    """Valid tokens by their SHA-256: the tokens themselves are not kept. The oldest make room for new ones."""

    def __init__(self, clock: Callable[[], float] = time.time, limit: int = CACHE_BYTES) -> None:
        """Start empty.

        Args:
            clock: Seconds since 1970.
            limit: The most bytes that the entries may take together.
        """
        self._clock = clock
        self._limit = limit
        self._size = 0
        self._entries: dict[bytes, CachedToken] = {}

    def find(self, token: str) -> CachedToken | None:
        """Return the token's entry; None if there is none, or the token has ended."""
        digest = _digest(token)
        entry = self._entries.get(digest)
        if entry is not None and self._clock() >= entry.valid_until:
            self._remove(digest)
            return None
        return entry

    def keep(self, token: str, entry: CachedToken) -> None:
        """Add the token."""
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
