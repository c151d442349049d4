"""The identity provider's key set (RFC 7517): cached, refreshed, and fetched at a limited rate."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import jwt

from server.auth.refusals import FetchFault, FetchFaultKind, KeysUnavailable

ALGORITHMS: Final = frozenset({"RS256", "ES256"})
FRESH_SECONDS: Final = 300.0
"""The age at which a key set is fetched again."""
STALE_SECONDS: Final = 3600.0
"""The age at which known keys become invalid if the provider is unavailable: a withdrawn key must not live on."""
COOLDOWN_SECONDS: Final = 10.0
"""The minimum interval between two fetches, successful or not, so that made-up key ids cause no flood of fetches."""
MAX_KEYS: Final = 100
_RSA_BITS: Final = range(2048, 8193)
"""Shorter keys are weak (RFC 7518 section 3.3). Signatures of longer ones take too long to check."""

_log = logging.getLogger("group_sessions.sign_in")


class Jwks:
    """The signing keys of an identity provider, by key id.

    All requests that need a fetch share one. Requests with a known key do not wait for it. A fetch continues even if
    the request that started it is cancelled.
    """

    def __init__(self, fetch: Callable[[], Awaitable[object]], clock: Callable[[], float] = time.monotonic) -> None:
        """Start without keys.

        Args:
            fetch: Returns the key set as parsed JSON within a bounded time, or raises FetchFault.
            clock: A monotonic clock in seconds.
        """
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = -STALE_SECONDS
        self._tried_at = -COOLDOWN_SECONDS
        self._available = False
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return the RS256 or ES256 key with this id, or None if the key set does not contain it.

        Raises:
            KeysUnavailable: The key is unknown, and the key set could not be fetched.
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
        """Return the fetch in progress, or start one. Return None if the last one is too recent."""
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
        except Exception as fault:  # must not fail the request, but must be logged
            self._unavailable(FetchFaultKind.UNEXPECTED, type(fault).__name__, fault)
        else:
            if not keys:  # accepted, because the provider may have withdrawn all keys
                _log.warning("the identity provider's key set has no RS256 or ES256 key with an id (kid)")
            elif not self._available:
                _log.info("the identity provider's keys were fetched", extra={"fields": {"keys": len(keys)}})
            self._keys, self._fetched_at, self._available = keys, self._clock(), True

    def _unavailable(self, kind: FetchFaultKind, detail: str, fault: Exception | None = None) -> None:
        self._available = False
        fields = {"cause": kind.value, "detail": detail, "keys_known": bool(self._keys)}
        _log.warning("the identity provider's keys cannot be fetched", exc_info=fault, extra={"fields": fields})


def signing_keys(key_set: object) -> dict[str, jwt.PyJWK]:
    """Return the keys of a key set that can sign tokens, by id. Ignore other keys.

    Raises:
        FetchFault: The value is not a key set, or has too many keys.
    """
    keys = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(keys, list):
        raise FetchFault(FetchFaultKind.CONTENT, "the key set is not a JSON object with a list of keys")
    if len(keys) > MAX_KEYS:
        raise FetchFault(FetchFaultKind.SIZE, f"the key set has more than {MAX_KEYS} keys")
    parsed_keys = filter(None, map(_signing_key, keys))
    return {key.key_id: key for key in parsed_keys if key.key_id}


def _signing_key(key: Any) -> jwt.PyJWK | None:
    if not isinstance(key, dict) or not all(isinstance(key.get(name), str) for name in ("kid", "kty")):
        return None
    if key["kty"] not in {"RSA", "EC"} or "d" in key or not _is_for_signatures(key):
        return None
    try:
        parsed = jwt.PyJWK(key)
    except (jwt.PyJWTError, TypeError, ValueError, LookupError, ArithmeticError, NotImplementedError):
        return None  # NotImplementedError: the library accepts the algorithm "none" but cannot parse a key for it
    if parsed.algorithm_name not in ALGORITHMS:
        return None
    return None if key["kty"] == "RSA" and parsed.key.key_size not in _RSA_BITS else parsed


def _is_for_signatures(key: dict[str, Any]) -> bool:
    operations = key.get("key_ops", ["verify"])
    return key.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
