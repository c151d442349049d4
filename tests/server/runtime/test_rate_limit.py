"""The rate limit: off by default, counted per caller, and reported with the seconds to wait."""

import pytest

from resolvers.context import Clinic
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
