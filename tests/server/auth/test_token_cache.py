"""A token that was found valid is not checked again, but for its end and its key; the cache is bounded."""

import time
import tracemalloc

import jwt
import pytest

from resolvers.caller import Caller, PermissionKey
from server.auth.authenticator import LEEWAY_SECONDS, Authenticator
from server.auth.token_cache import CachedToken, TokenCache

pytestmark = pytest.mark.anyio

SECRET = "a-shared-secret-of-32-bytes-or-more"
CALLER = Caller("dana", "clinic-1", frozenset())


class Clock:
    """Seconds since 1970 that a test moves."""

    now = time.time()

    def __call__(self) -> float:
        return self.now


def token(**changes: object) -> str:
    claims = {"sub": "dana", "organization_id": "clinic-1", "exp": int(time.time()) + 600}
    return jwt.encode(claims | changes, SECRET, algorithm="HS256")


async def test_a_known_token_ends_when_it_says() -> None:
    clock = Clock()
    cache = TokenCache(clock)
    end = int(time.time()) + 600
    good = token(exp=end)
    assert await Authenticator(SECRET, cache=cache).authenticate(f"Bearer {good}") == CALLER
    clock.now = end + LEEWAY_SECONDS - 0.01
    found = cache.find(good)
    assert found is not None
    assert found.caller == CALLER
    clock.now = end + LEEWAY_SECONDS
    assert cache.find(good) is None


async def test_what_is_known_answers_for_the_same_token_and_key_only() -> None:
    cache = TokenCache()
    first, second = Authenticator(SECRET, cache=cache), Authenticator(SECRET[::-1], cache=cache)
    good = token()
    assert await first.authenticate(f"Bearer {good}") == CALLER
    assert cache.find(good + "x") is None
    with pytest.raises(Exception, match="not valid"):
        await second.authenticate(f"Bearer {good}")


async def test_a_refused_token_is_not_known() -> None:
    cache = TokenCache()
    bad = token(exp=int(time.time()) - 600)
    with pytest.raises(Exception, match="expired"):
        await Authenticator(SECRET, cache=cache).authenticate(f"Bearer {bad}")
    assert cache.find(bad) is None


def test_the_oldest_make_room_for_new_ones() -> None:
    entry = CachedToken(CALLER, None, SECRET, time.time() + 60)
    cache = TokenCache(limit=2 * entry.size)
    for each in ("one", "two", "three"):
        cache.keep(each, entry)
    assert [cache.find(each) is not None for each in ("one", "two", "three")] == [False, True, True]
    cache.keep("three", entry)
    assert cache.find("two") is not None


def test_what_the_cache_keeps_is_bounded_whatever_tokens_say() -> None:
    limit = 1_000_000
    cache = TokenCache(limit=limit)
    keys = list(PermissionKey)
    tracemalloc.start()
    for number in range(5_000):
        subject = f"{number:06}" + chr(0x1F600) * 249  # four bytes each, the most that a character takes
        caller = Caller(subject, f"{number:06}" + chr(0x1F600) * 58, frozenset(keys[number % 12 :]))
        cache.keep(str(number), CachedToken(caller, f"key-{number}", SECRET, time.time() + 60))
    kept, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert cache.find("4999") is not None
    assert limit / 2 < kept < limit * 1.2
