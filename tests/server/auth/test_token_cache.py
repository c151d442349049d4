"""The cache of valid tokens: an entry ends with the token or its key, and the size is bounded."""

import time
import tracemalloc

import jwt
import pytest

from resolvers.caller import Caller, PermissionKey
from server.auth.authenticator import LEEWAY_SECONDS, Authenticator
from server.auth.token_cache import CachedToken, TokenCache
from tests.server.auth.tokens import ManualClock

pytestmark = pytest.mark.anyio

SECRET = "a-shared-secret-of-32-bytes-or-more"
CALLER = Caller("dana", "clinic-1", frozenset())


def token(**changes: object) -> str:
    claims = {"sub": "dana", "organization_id": "clinic-1", "exp": int(time.time()) + 600}
    return jwt.encode(claims | changes, SECRET, algorithm="HS256")


async def test_a_cached_token_expires() -> None:
    clock = ManualClock(time.time())
    cache = TokenCache(clock)
    end = int(time.time()) + 600
    valid_token = token(exp=end)
    assert await Authenticator(SECRET, cache=cache).authenticate(f"Bearer {valid_token}") == CALLER
    clock.now = end + LEEWAY_SECONDS - 0.01
    entry = cache.find(valid_token)
    assert entry is not None
    assert entry.caller == CALLER
    clock.now = end + LEEWAY_SECONDS
    assert cache.find(valid_token) is None


async def test_an_entry_is_valid_for_its_token_and_key_only() -> None:
    cache = TokenCache()
    first, second = Authenticator(SECRET, cache=cache), Authenticator(SECRET[::-1], cache=cache)
    valid_token = token()
    assert await first.authenticate(f"Bearer {valid_token}") == CALLER
    assert cache.find(valid_token + "x") is None
    with pytest.raises(Exception, match="is invalid"):
        await second.authenticate(f"Bearer {valid_token}")


async def test_a_refused_token_is_not_cached() -> None:
    cache = TokenCache()
    bad = token(exp=int(time.time()) - 600)
    with pytest.raises(Exception, match="expired"):
        await Authenticator(SECRET, cache=cache).authenticate(f"Bearer {bad}")
    assert cache.find(bad) is None


def test_the_oldest_entries_are_evicted() -> None:
    entry = CachedToken(CALLER, None, SECRET, time.time() + 60)
    cache = TokenCache(limit=2 * entry.size)
    for name in ("one", "two", "three"):
        cache.put(name, entry)
    assert [cache.find(name) is not None for name in ("one", "two", "three")] == [False, True, True]
    cache.put("three", entry)
    assert cache.find("two") is not None


def test_the_memory_of_the_cache_is_bounded_for_any_tokens() -> None:
    limit = 1_000_000
    cache = TokenCache(limit=limit)
    keys = list(PermissionKey)
    tracemalloc.start()
    for number in range(5_000):
        subject = f"{number:06}" + chr(0x1F600) * 249  # four bytes each, the most that a character takes
        caller = Caller(subject, f"{number:06}" + chr(0x1F600) * 58, frozenset(keys[number % 12 :]))
        cache.put(str(number), CachedToken(caller, f"key-{number}", SECRET, time.time() + 60))
    size, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert cache.find("4999") is not None
    assert limit / 2 < size < limit * 1.2
