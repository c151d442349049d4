"""A token that was found good is not checked again, but for its end and its key."""

import time

import jwt
import pytest

from resolvers.caller import Caller
from server.authentication import LEEWAY_SECONDS, Authenticator
from server.known_tokens import KnownToken, KnownTokens

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
    known = KnownTokens(clock)
    end = int(time.time()) + 600
    good = token(exp=end)
    assert await Authenticator(SECRET, known=known).authenticate(f"Bearer {good}") == CALLER
    clock.now = end + LEEWAY_SECONDS - 0.01
    found = known.find(good)
    assert found is not None
    assert found.caller == CALLER
    clock.now = end + LEEWAY_SECONDS
    assert known.find(good) is None


async def test_what_is_known_answers_for_the_same_token_and_key_only() -> None:
    known = KnownTokens()
    first, second = Authenticator(SECRET, known=known), Authenticator(SECRET[::-1], known=known)
    good = token()
    assert await first.authenticate(f"Bearer {good}") == CALLER
    assert known.find(good + "x") is None
    with pytest.raises(Exception, match="not valid"):
        await second.authenticate(f"Bearer {good}")


async def test_a_refused_token_is_not_known() -> None:
    known = KnownTokens()
    bad = token(exp=int(time.time()) - 600)
    with pytest.raises(Exception, match="expired"):
        await Authenticator(SECRET, known=known).authenticate(f"Bearer {bad}")
    assert known.find(bad) is None


def test_the_oldest_is_forgotten_for_a_new_one() -> None:
    known = KnownTokens(kept=2)
    entry = KnownToken(CALLER, None, SECRET, time.time() + 60)
    for each in ("one", "two", "three"):
        known.keep(each, entry)
    assert [known.find(each) is not None for each in ("one", "two", "three")] == [False, True, True]
    known.keep("three", entry)
    assert known.find("two") is not None
