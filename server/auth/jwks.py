"""The identity provider's public keys (RFC 7517): cached, rotated, and fetched at a bounded rate."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import jwt

from server.auth.refusals import FetchFault, FetchFaultKind, KeysUnavailable

ALGORITHMS: Final = frozenset({"RS256", "ES256"})
FRESH_SECONDS: Final = 300.0
"""A key set is used for so long before it is fetched again."""
STALE_SECONDS: Final = 3600.0
"""Known keys stay valid for so long while the provider is away; a withdrawn key must end some day."""
COOLDOWN_SECONDS: Final = 10.0
"""The key set is fetched at most once in this time, whatever key ids callers make up, in success and in failure."""
MOST_KEYS: Final = 100
_RSA_BITS: Final = range(2048, 8193)
"""Shorter keys are weak (RFC 7518 section 3.3), and a signature by a longer one takes too long to check."""

_log = logging.getLogger("group_sessions.sign_in")


class Jwks:
    """The signing keys of an identity provider, by key id.

    One fetch serves all requests that wait for it. Requests with a known key do not wait: a fetch runs beside them, and
    ends even if the request that started it goes away.
    """

    def __init__(self, fetch: Callable[[], Awaitable[object]], clock: Callable[[], float] = time.monotonic) -> None:
        """Fetch nothing yet.

        Args:
            fetch: Returns the key set as parsed JSON, within a bounded time, or raises FetchFault.
            clock: Seconds that only go forward.
        """
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = -STALE_SECONDS
        self._tried_at = -COOLDOWN_SECONDS
        self._available = False
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return the RS256 or ES256 key with this id; None if the key set has none.

        Raises:
            KeysUnavailable: The key is not known, and the key set could not be fetched.
        """
        key = self._known(key_id)
        if key is None or self._age() >= FRESH_SECONDS:
            refreshing = self._refresh()
            if key is None and refreshing is not None:
                await asyncio.shield(refreshing)
                key = self._known(key_id)
        if key is None and not self._available:
            raise KeysUnavailable
        return key

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _known(self, key_id: str) -> jwt.PyJWK | None:
        return self._keys.get(key_id) if self._age() < STALE_SECONDS else None

    def _refresh(self) -> "asyncio.Task[None] | None":
        """Return the fetch that is under way, or start one; None if the last one was too short a time ago."""
        if self._refreshing is None and self._clock() - self._tried_at >= COOLDOWN_SECONDS:
            self._tried_at = self._clock()
            self._refreshing = asyncio.create_task(self._fetch_keys())
            self._refreshing.add_done_callback(self._refreshed)
        return self._refreshing

    def _refreshed(self, _task: "asyncio.Task[None]") -> None:
        self._refreshing = None

    async def _fetch_keys(self) -> None:
        try:
            keys = signing_keys(await self._fetch())
        except FetchFault as fault:
            self._unavailable(fault.kind, fault.detail)
        except Exception as fault:  # whatever else goes wrong must not end the request, or hide
            self._unavailable(FetchFaultKind.UNEXPECTED, type(fault).__name__, fault)
        else:
            if not keys:  # all of them may be withdrawn, so this is taken at its word
                _log.warning("the identity provider's key set has no RS256 or ES256 key with an id (kid)")
            elif not self._available:
                _log.info("the identity provider's keys were fetched", extra={"fields": {"keys": len(keys)}})
            self._keys, self._fetched_at, self._available = keys, self._clock(), True

    def _unavailable(self, kind: FetchFaultKind, detail: str, fault: Exception | None = None) -> None:
        self._available = False
        fields = {"cause": kind.value, "detail": detail, "keys_known": bool(self._keys)}
        _log.warning("the identity provider's keys cannot be fetched", exc_info=fault, extra={"fields": fields})


def signing_keys(key_set: object) -> dict[str, jwt.PyJWK]:
    """Return the keys of a key set that may sign tokens here, by their ids; others are left out.

    Raises:
        FetchFault: The value is no key set, or has too many keys.
    """
    keys = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(keys, list):
        raise FetchFault(FetchFaultKind.CONTENT, "the key set is not a JSON object with a list of keys")
    if len(keys) > MOST_KEYS:
        raise FetchFault(FetchFaultKind.SIZE, f"the key set has more than {MOST_KEYS} keys")
    found = [key for each in keys if (key := _signing_key(each)) is not None]
    return {key.key_id: key for key in found if key.key_id}


def _signing_key(key: Any) -> jwt.PyJWK | None:
    if not isinstance(key, dict) or not all(isinstance(key.get(name), str) for name in ("kid", "kty")):
        return None
    if key["kty"] not in {"RSA", "EC"} or "d" in key or not _is_for_signatures(key):
        return None
    try:
        parsed = jwt.PyJWK(key)
    except (jwt.PyJWTError, TypeError, ValueError, LookupError, ArithmeticError, NotImplementedError):
        return None  # the last one: the library knows the algorithm "none", and no key of it
    if parsed.algorithm_name not in ALGORITHMS:
        return None
    return None if key["kty"] == "RSA" and parsed.key.key_size not in _RSA_BITS else parsed


def _is_for_signatures(key: dict[str, Any]) -> bool:
    operations = key.get("key_ops", ["verify"])
    return key.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
