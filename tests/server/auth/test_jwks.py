"""The identity provider's keys: accepted keys, rotation, and requests during an outage of the provider."""

import asyncio
import json
import time
from typing import Any

import anyio
import anyio.lowlevel
import jwt
import pytest

from server.auth.authenticator import Authenticator
from server.auth.jwks import COOLDOWN_SECONDS, FRESH_SECONDS, MAX_KEYS, STALE_SECONDS, Jwks
from server.auth.provider import MAX_DOCUMENT_BYTES, IdentityProvider
from server.auth.refusals import KeysUnavailable, RefusalReason
from tests.server.auth.provider_host import EC_KEY, NEXT_RSA_KEY, RSA_KEY, ProviderHost, rsa_jwk, signed
from tests.server.auth.tokens import SECRET, VIEWER, ManualClock, claims, refusal, segment

pytestmark = pytest.mark.anyio


def by_key_set(host: ProviderHost, clock: ManualClock | None = None, seconds: float = 30) -> Authenticator:
    fetch = IdentityProvider(host.url, seconds=seconds).fetch_key_set
    return Authenticator(Jwks(fetch, clock or time.monotonic))


async def reason_after_refresh(authenticator: Authenticator, header: str) -> str:
    """Wait until the fetch in the background has ended, and return the reason why the token is refused afterwards."""
    with anyio.fail_after(10):
        while True:
            try:
                await authenticator.authenticate(header)
            except Exception:
                return (await refusal(authenticator, header)).reason
            await anyio.sleep(0.01)


async def until_fetch(host: ProviderHost) -> None:
    assert await anyio.to_thread.run_sync(host.arrived.acquire, True, 10)


def causes(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the logged causes of failed fetches."""
    fields: list[dict[str, Any]] = [getattr(record, "fields", {}) for record in caplog.records]
    return [entry["cause"] for entry in fields if "cause" in entry]


async def test_rs256_and_es256_tokens_are_checked_with_one_fetch(provider_host: ProviderHost) -> None:
    authenticator = by_key_set(provider_host)
    curve = "Bearer " + jwt.encode(claims(), EC_KEY, algorithm="ES256", headers={"kid": "curve"})
    for header in (signed(claims()), curve, signed(claims())):
        assert await authenticator.authenticate(header) == VIEWER
    assert provider_host.requests == 1


async def test_a_key_signs_with_its_own_algorithm_only(provider_host: ProviderHost) -> None:
    authenticator = by_key_set(provider_host)
    for algorithm in ("RS512", "PS256"):
        other = "Bearer " + jwt.encode(claims(), RSA_KEY, algorithm=algorithm, headers={"kid": "one"})
        assert (await refusal(authenticator, other)).reason is RefusalReason.ALGORITHM_REFUSED
    confused = signed(claims(), "curve")
    assert (await refusal(authenticator, confused)).reason is RefusalReason.ALGORITHM_REFUSED
    forged = signed(claims(), "one", NEXT_RSA_KEY)
    assert (await refusal(authenticator, forged)).reason is RefusalReason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "k": segment(SECRET.encode()), "alg": "HS256"},
        {"kty": "oct", "k": segment(SECRET.encode())},
        rsa_jwk("odd", RSA_KEY) | {"use": "enc"},
        rsa_jwk("odd", RSA_KEY) | {"alg": "RSA-OAEP"},
        rsa_jwk("odd", RSA_KEY) | {"alg": "none"},
        rsa_jwk("odd", RSA_KEY) | {"key_ops": ["encrypt", "wrapKey"]},
        rsa_jwk("odd", RSA_KEY) | {"key_ops": "verify"},
        rsa_jwk("odd", RSA_KEY) | {"n": segment(b"\xff" * 2000)},  # a modulus of 16,000 bits
        rsa_jwk("odd", RSA_KEY) | {"n": segment(b"\xff" * 128)},
        rsa_jwk("odd", RSA_KEY) | {"n": 7},
        rsa_jwk("odd", RSA_KEY) | {"e": ""},
        {"kty": "EC", "crv": "P-256", "x": "AA"},
        {"kty": ["RSA"]},
        {},
    ],
)
async def test_an_unusable_key_is_ignored(provider_host: ProviderHost, key: dict[str, Any]) -> None:
    provider_host.keys.insert(0, key | {"kid": "odd"})
    authenticator = by_key_set(provider_host)
    symmetric = "Bearer " + jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": "odd"})
    assert (await refusal(authenticator, symmetric)).reason is RefusalReason.UNKNOWN_KEY
    assert (await refusal(authenticator, signed(claims(), "odd"))).reason is RefusalReason.UNKNOWN_KEY
    assert await authenticator.authenticate(signed(claims())) == VIEWER


async def test_a_token_without_a_key_id_is_refused(provider_host: ProviderHost) -> None:
    error = await refusal(by_key_set(provider_host), signed(claims(), None))
    assert error.reason is RefusalReason.NO_KEY_ID
    assert "kid" in error.message


async def test_a_new_key_is_fetched_when_a_token_names_it(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    assert await authenticator.authenticate(signed(claims())) == VIEWER
    provider_host.keys = [rsa_jwk("two", NEXT_RSA_KEY)]
    clock.now += COOLDOWN_SECONDS
    assert await authenticator.authenticate(signed(claims(), "two", NEXT_RSA_KEY)) == VIEWER
    assert (await refusal(authenticator, signed(claims()))).reason is RefusalReason.UNKNOWN_KEY
    assert provider_host.requests == 2


async def test_a_withdrawn_key_is_invalid_after_the_next_fetch(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    assert await authenticator.authenticate(signed(claims())) == VIEWER
    provider_host.keys = []
    clock.now += FRESH_SECONDS
    assert await reason_after_refresh(authenticator, signed(claims())) is RefusalReason.UNKNOWN_KEY
    assert provider_host.requests == 2


async def test_a_cached_token_is_invalid_when_its_key_is_replaced(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    token = signed(claims())
    assert await authenticator.authenticate(token) == VIEWER
    provider_host.keys = [rsa_jwk("one", NEXT_RSA_KEY)]
    clock.now += FRESH_SECONDS
    assert await reason_after_refresh(authenticator, token) is RefusalReason.BAD_SIGNATURE


async def test_made_up_key_ids_do_not_flood_the_provider(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    for round_ in range(2):
        for number in range(50):
            token = signed(claims(), f"junk-{round_}-{number}")
            assert (await refusal(authenticator, token)).reason is RefusalReason.UNKNOWN_KEY
        assert provider_host.requests == round_ + 1
        clock.now += COOLDOWN_SECONDS
    assert await authenticator.authenticate(signed(claims())) == VIEWER


async def test_concurrent_requests_share_one_fetch(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    provider_host.released.clear()
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(authenticator.authenticate, signed(claims(sub=f"caller-{number}")))
        await until_fetch(provider_host)
        clock.now += COOLDOWN_SECONDS
        tasks.start_soon(authenticator.authenticate, signed(claims(sub="a late caller")))
        await anyio.lowlevel.checkpoint()
        provider_host.released.set()
    assert provider_host.requests == 1


async def test_a_cancelled_request_does_not_cancel_the_shared_fetch(provider_host: ProviderHost) -> None:
    authenticator = by_key_set(provider_host)
    provider_host.released.clear()
    first = asyncio.create_task(authenticator.authenticate(signed(claims())))
    await until_fetch(provider_host)
    second = asyncio.create_task(authenticator.authenticate(signed(claims(sub="second"))))
    await asyncio.sleep(0)
    first.cancel()
    provider_host.released.set()
    assert (await second).subject == "second"
    assert provider_host.requests == 1


async def test_a_request_with_a_known_key_does_not_wait_for_a_fetch(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    assert await authenticator.authenticate(signed(claims())) == VIEWER
    await until_fetch(provider_host)
    provider_host.released.clear()
    clock.now += FRESH_SECONDS
    with anyio.fail_after(10):
        for number in range(20):
            assert (await authenticator.authenticate(signed(claims(sub=f"caller-{number}")))).organization_id
    await until_fetch(provider_host)
    assert not provider_host.released.is_set()


async def test_a_provider_that_sends_slowly_times_out(
    provider_host: ProviderHost, caplog: pytest.LogCaptureFixture
) -> None:
    provider_host.drips = True
    with pytest.raises(KeysUnavailable), anyio.fail_after(10):
        await by_key_set(provider_host, seconds=0.5).authenticate(signed(claims()))
    assert causes(caplog) == ["timeout"]


async def test_an_endless_key_set_is_read_up_to_the_limit(
    provider_host: ProviderHost, caplog: pytest.LogCaptureFixture
) -> None:
    provider_host.endless = True
    with pytest.raises(KeysUnavailable):
        await by_key_set(provider_host).authenticate(signed(claims()))
    assert await anyio.to_thread.run_sync(provider_host.ended.wait, 10)
    assert provider_host.sent < MAX_DOCUMENT_BYTES + 20_000_000  # plus what the sockets buffer
    assert causes(caplog) == ["size"]


async def test_a_key_set_over_the_limit_is_rejected(
    provider_host: ProviderHost, caplog: pytest.LogCaptureFixture
) -> None:
    content = json.dumps({"keys": provider_host.keys}).encode()
    provider_host.body = content.ljust(MAX_DOCUMENT_BYTES)
    assert await by_key_set(provider_host).authenticate(signed(claims())) == VIEWER
    provider_host.body = content.ljust(MAX_DOCUMENT_BYTES + 1)
    with pytest.raises(KeysUnavailable):
        await by_key_set(provider_host).authenticate(signed(claims()))
    provider_host.body = json.dumps({"keys": [*([{}] * MAX_KEYS), *provider_host.keys]}).encode()
    with pytest.raises(KeysUnavailable):
        await by_key_set(provider_host).authenticate(signed(claims()))
    assert causes(caplog) == ["size", "size"]


async def test_a_compressed_key_set_is_rejected(provider_host: ProviderHost, caplog: pytest.LogCaptureFixture) -> None:
    provider_host.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(KeysUnavailable):
        await by_key_set(provider_host).authenticate(signed(claims()))
    assert causes(caplog) == ["content"]


async def test_a_redirect_is_not_followed(provider_host: ProviderHost, caplog: pytest.LogCaptureFixture) -> None:
    provider_host.status, provider_host.headers = 302, {"Location": provider_host.url}
    with pytest.raises(KeysUnavailable):
        await by_key_set(provider_host).authenticate(signed(claims()))
    assert provider_host.requests == 1
    assert causes(caplog) == ["status"]


async def test_a_provider_that_is_down_is_not_flooded(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    provider_host.status = 503
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            await authenticator.authenticate(signed(claims()))
    assert provider_host.requests == 1
    provider_host.status = 200
    clock.now += COOLDOWN_SECONDS
    assert await authenticator.authenticate(signed(claims())) == VIEWER


async def test_known_keys_are_valid_for_an_hour_of_an_outage(provider_host: ProviderHost) -> None:
    clock = ManualClock()
    authenticator = by_key_set(provider_host, clock)
    assert await authenticator.authenticate(signed(claims())) == VIEWER
    provider_host.status = 500
    clock.now = STALE_SECONDS - 1
    assert await authenticator.authenticate(signed(claims())) == VIEWER
    clock.now += COOLDOWN_SECONDS
    with pytest.raises(KeysUnavailable):
        await authenticator.authenticate(signed(claims()))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"keys": 7}', b"[" * 90_000, b"\xff", b'{"keys": NaN}']
)
async def test_an_invalid_key_set_counts_as_an_outage(
    provider_host: ProviderHost, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    provider_host.body = body
    with pytest.raises(KeysUnavailable):
        await by_key_set(provider_host).authenticate(signed(claims()))
    assert causes(caplog) == ["content"]
