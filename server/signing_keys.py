"""The identity provider's public keys: fetched, cached, rotated, and asked for at a bounded rate."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

import jwt

ALGORITHMS: Final = frozenset({"RS256", "ES256"})
FRESH_SECONDS: Final = 300.0
"""For so long a fetched key set is used without asking again."""
STALE_SECONDS: Final = 3600.0
"""For so long known keys stay good while the key set's host cannot be reached; a withdrawn key must end some day."""
COOLDOWN_SECONDS: Final = 10.0
"""At most one request in this time, whatever key ids callers make up and whether or not the host answers."""
_TIMEOUT_SECONDS: Final = 5.0


class KeySetUnreachable(Exception):
    """The key set cannot be had now: the token may well be good, and the caller may try again."""


class SigningKeys:
    """The signing keys of one JSON Web Key Set (RFC 7517), by key id."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Fetches nothing yet.

        Args:
            url: The key set's address; redirects are not followed.
            clock: Seconds that only go forward.
        """
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=_TIMEOUT_SECONDS)
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = -STALE_SECONDS
        self._asked_at: float | None = None
        self._reachable = False
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Gives the RS256 or ES256 key with this id; None where the key set has none.

        Raises:
            KeySetUnreachable: The key is not known, and the key set could not be fetched.
        """
        # While one caller asks again, those with a known key do not wait for it.
        if self._age() < FRESH_SECONDS or self._fetching.locked():
            known = self._known(key_id)
            if known is not None:
                return known
        async with self._fetching:
            known = self._known(key_id)
            if (known is None or self._age() >= FRESH_SECONDS) and not self._cooling_down():
                await self._fetch()
                known = self._known(key_id)
        if known is None and not self._reachable:
            raise KeySetUnreachable("The identity provider's signing keys cannot be fetched at the moment.")
        return known

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _known(self, key_id: str) -> jwt.PyJWK | None:
        return self._keys.get(key_id) if self._age() < STALE_SECONDS else None

    def _cooling_down(self) -> bool:
        return self._asked_at is not None and self._clock() - self._asked_at < COOLDOWN_SECONDS

    async def _fetch(self) -> None:
        self._asked_at = self._clock()
        self._reachable = False
        try:
            key_set = await asyncio.to_thread(self._client.get_jwk_set)
        except (jwt.PyJWTError, OSError, ValueError, RecursionError):  # no answer, or one that is no key set
            return
        self._keys = {
            key.key_id: key
            for key in key_set.keys
            if key.key_id and key.public_key_use in {None, "sig"} and key.algorithm_name in ALGORITHMS
        }
        self._fetched_at = self._clock()
        self._reachable = True
