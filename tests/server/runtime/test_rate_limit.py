"""The rate limit: off by default, counted per caller, and reported with the seconds to wait."""

import time

import pytest

from resolvers.context import Clinic
from server.runtime.rate_limit import RateLimit
from server.settings.request_limits import RequestLimits
from tests.support.api_client import ApiClients, clients_of, make_app

pytestmark = pytest.mark.anyio


async def test_a_caller_over_the_limit_is_told_when_to_retry(clinic: Clinic) -> None:
    app = make_app(clinic, limits=RequestLimits(rate_limit="100/minute;3/day"))
    async with clients_of(app) as clients:
        client = await clients(subject="busy")
        for _ in range(3):
            assert (await client.send("{ __typename }")).status_code == 200
        refused = await client.send("{ __typename }")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 24 * 60 * 60
        [error] = refused.json()["errors"]
        assert error["extensions"] == {"code": "RATE_LIMITED"}
        seconds = refused.headers["Retry-After"]
        assert error["message"] == f"Too many requests. Try again in {seconds} seconds."
        for other in (
            await clients(subject="other"),
            await clients(subject="busy", organization="org-2"),
            await clients(subject="org-1", organization="busy"),
        ):
            assert (await other.send("{ __typename }")).status_code == 200


async def test_requests_without_sign_in_count_against_no_caller(clinic: Clinic) -> None:
    app = make_app(clinic, limits=RequestLimits(rate_limit="1/day"))
    async with clients_of(app) as clients:
        unauthenticated = await clients.signed_in_as("Bearer a.b.c")
        for _ in range(5):
            assert (await unauthenticated.send("{ __typename }")).status_code == 401
        assert (await (await clients()).send("{ __typename }")).status_code == 200


async def test_by_default_no_caller_is_limited(app_client: ApiClients) -> None:
    client = await app_client()
    assert {(await client.send("{ __typename }")).status_code for _ in range(50)} == {200}


@pytest.mark.parametrize("rates", ["3/second", "10/minute", "2/second;7/minute", "7/minute;2/second", "5/hour;100/day"])
async def test_a_caller_who_waits_as_told_is_accepted(rates: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_795_000_000.3]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    limit = RateLimit(rates)
    refusals = 0
    for _ in range(60):
        wait = await limit.seconds_to_wait("caller")
        if wait is None:
            clock[0] += 0.013
            continue
        refusals += 1
        if wait > 1:  # a second less is not enough
            clock[0] += wait - 1.001
            assert await limit.seconds_to_wait("caller") is not None
            clock[0] += 1.001
        else:
            clock[0] += wait
        assert await limit.seconds_to_wait("caller") is None
    assert refusals > 3
