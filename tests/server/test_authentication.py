"""Authentication: which bearer tokens name a caller, and which name nobody."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from resolvers.caller import ROLES, Caller, PermissionKey
from server.authentication import LEEWAY_SECONDS, Authenticator, Unauthenticated, sign_token
from server.settings import load_settings
from server.signing_keys import COOLDOWN_SECONDS, FRESH_SECONDS, STALE_SECONDS, KeySetUnreachable, SigningKeys

pytestmark = pytest.mark.anyio

SECRET = "a-shared-secret-of-32-bytes-or-more"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEXT_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
VIEWER = Caller("dana", "clinic-1", frozenset({PermissionKey.GROUP_SCHEDULE_VIEW}))


def claims(**changes: Any) -> dict[str, Any]:
    """A good token's claims; a change of ... leaves the claim out."""
    whole = {
        "sub": "dana",
        "organization_id": "clinic-1",
        "permissions": ["pm.group_schedule.view"],
        "exp": int(time.time()) + 600,
    } | changes
    return {name: value for name, value in whole.items() if value is not ...}


def shared(**changes: Any) -> str:
    return "Bearer " + jwt.encode(claims(**changes), SECRET, algorithm="HS256")


def segment(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def by_hand(header: bytes, payload: bytes, secret: bytes) -> str:
    """A token as no library would sign it."""
    signed = f"{segment(header)}.{segment(payload)}"
    return f"Bearer {signed}.{segment(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


async def reason(authenticator: Authenticator, header: str | None) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await authenticator.authenticate(header)
    for part in (header or "").removeprefix("Bearer ").split("."):
        assert len(part) < 8 or part not in refusal.value.reason
    assert refusal.value.__cause__ is None
    return refusal.value.reason


async def test_a_signed_token_names_the_caller() -> None:
    assert await Authenticator(SECRET).authenticate(shared()) == VIEWER


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer ", " Bearer"])
async def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    assert await Authenticator(SECRET).authenticate(shared().replace("Bearer", scheme)) == VIEWER


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic ZGFuYTpwYXNz", "a.b.c"])
async def test_without_a_bearer_token_nobody_is_signed_in(header: str | None) -> None:
    assert "bearer token" in await reason(Authenticator(SECRET), header)


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "ü.ü.ü", "\udcff", segment(b"[" * 40_000) + ".e30.AA", segment(b'{"alg":1}') + ".e30.AA"]
)
async def test_what_is_no_token_is_refused(token: str, key_host: "KeyHost") -> None:
    await reason(Authenticator(SECRET), f"Bearer {token}")
    await reason(Authenticator(SigningKeys(key_host.url)), f"Bearer {token}")


async def test_a_changed_token_is_refused() -> None:
    header, _, signature = shared().split(".")
    forged = segment(json.dumps(claims(organization_id="clinic-2")).encode())
    await reason(Authenticator(SECRET), f"{header}.{forged}.{signature}")


async def test_another_secret_is_refused() -> None:
    await reason(Authenticator(SECRET[::-1]), shared())


async def test_an_unsigned_token_is_refused(key_host: "KeyHost") -> None:
    none = "Bearer " + jwt.encode(claims(), "", algorithm="none", headers={"kid": "one"})
    await reason(Authenticator(SECRET), none)
    await reason(Authenticator(SigningKeys(key_host.url)), none)


async def test_the_token_does_not_choose_the_algorithm() -> None:
    await reason(Authenticator(SECRET), "Bearer " + jwt.encode(claims(), SECRET * 2, algorithm="HS512"))
    await reason(Authenticator(SECRET * 2), "Bearer " + jwt.encode(claims(), SECRET * 2, algorithm="HS512"))
    await reason(Authenticator(SECRET), "Bearer " + jwt.encode(claims(), RSA_KEY, algorithm="RS256"))


async def test_a_public_key_is_no_shared_secret(key_host: "KeyHost") -> None:
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    confused = by_hand(b'{"alg":"HS256","kid":"one"}', json.dumps(claims()).encode(), pem)
    await reason(Authenticator(SigningKeys(key_host.url)), confused)


async def test_a_token_ends_at_its_expiry_and_a_little_leeway() -> None:
    now = int(time.time())
    assert await Authenticator(SECRET).authenticate(shared(exp=now - LEEWAY_SECONDS // 2)) == VIEWER
    assert "expired" in await reason(Authenticator(SECRET), shared(exp=now - LEEWAY_SECONDS - 1))


async def test_a_token_without_an_expiry_is_refused() -> None:
    assert "exp" in await reason(Authenticator(SECRET), shared(exp=...))


@pytest.mark.parametrize("expiry", ["9999999999", True, None, [], float("inf"), float("nan")])
async def test_an_expiry_is_a_number(expiry: object) -> None:
    await reason(Authenticator(SECRET), shared(exp=expiry))


async def test_a_token_from_the_future_is_refused() -> None:
    await reason(Authenticator(SECRET), shared(nbf=int(time.time()) + 300))


@pytest.mark.parametrize("issuer", ["https://other.example.org", ..., "", "https://id.example.org/"])
async def test_the_configured_issuer_is_required(issuer: object) -> None:
    authenticator = Authenticator(SECRET, issuer="https://id.example.org")
    assert await authenticator.authenticate(shared(iss="https://id.example.org")) == VIEWER
    said = await reason(authenticator, shared(iss=issuer))
    assert "iss" in said


@pytest.mark.parametrize("audience", ["billing", ["billing", "crm"], [], ..., 7])
async def test_the_configured_audience_is_required(audience: object) -> None:
    authenticator = Authenticator(SECRET, audience="pm")
    assert await authenticator.authenticate(shared(aud="pm")) == VIEWER
    assert await authenticator.authenticate(shared(aud=["billing", "pm"])) == VIEWER
    said = await reason(authenticator, shared(aud=audience))
    assert "aud" in said


async def test_issuer_and_audience_are_ignored_where_none_is_configured() -> None:
    assert await Authenticator(SECRET).authenticate(shared(iss="anyone", aud=["anything"])) == VIEWER


@pytest.mark.parametrize("name", ["sub", "organization_id"])
@pytest.mark.parametrize("value", [..., "", "  ", 7, None, ["a"], "x" * 256, "a\nb", "a\x00", "\ud800"])
async def test_caller_and_organization_are_named_in_plain_text(name: str, value: object) -> None:
    assert name in await reason(Authenticator(SECRET), shared(**{name: value}))


async def test_names_may_be_as_long_as_their_limit_and_no_longer() -> None:
    caller = await Authenticator(SECRET).authenticate(shared(sub="s" * 255, organization_id="o" * 64))
    assert (caller.subject, caller.organization_id) == ("s" * 255, "o" * 64)
    await reason(Authenticator(SECRET), shared(organization_id="o" * 65))


async def test_roles_hold_their_keys() -> None:
    for role, count in (("org_admin", 12), ("staff", 3)):
        caller = await Authenticator(SECRET).authenticate(shared(permissions=..., roles=[role]))
        assert caller.permissions == ROLES[role]
        assert len(caller.permissions) == count
    assert {key.rpartition(".")[2] for key in ROLES["staff"]} == {"view"}


async def test_permissions_and_roles_add_up() -> None:
    both = shared(permissions=["pm.group_enrollments.edit"], roles=["staff"])
    caller = await Authenticator(SECRET).authenticate(both)
    assert caller.permissions == ROLES["staff"] | {PermissionKey.GROUP_ENROLLMENTS_EDIT}


async def test_unknown_keys_and_roles_give_nothing() -> None:
    unknown = shared(permissions=["pm.billing.edit", "PM.GROUP_SCHEDULE.EDIT"], roles=["root", "Staff"])
    assert (await Authenticator(SECRET).authenticate(unknown)).permissions == frozenset()
    assert (await Authenticator(SECRET).authenticate(shared(permissions=...))).permissions == frozenset()


@pytest.mark.parametrize("name", ["permissions", "roles"])
@pytest.mark.parametrize("value", ["org_admin", None, 1, {"org_admin": True}, [1], [["org_admin"]], ["staff", None]])
async def test_permissions_and_roles_are_lists_of_strings(name: str, value: object) -> None:
    assert name in await reason(Authenticator(SECRET), shared(**{name: value}))


async def test_a_signed_token_says_what_it_was_asked_to() -> None:
    token = sign_token(
        SECRET,
        organization_id="clinic-1",
        subject="dana",
        permissions=[PermissionKey.GROUP_SCHEDULE_VIEW],
        expires_in=timedelta(minutes=5),
        issuer="me",
        audience="pm",
    )
    assert await Authenticator(SECRET, issuer="me", audience="pm").authenticate(f"Bearer {token}") == VIEWER
    left = jwt.decode(token, SECRET, algorithms=["HS256"], audience="pm")["exp"] - time.time()
    assert 290 < left <= 301


@pytest.mark.parametrize("wrong", [{"subject": ""}, {"organization_id": "o" * 65}, {"roles": ["root"]}])
def test_no_token_is_signed_that_would_be_refused(wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"organization_id": "clinic-1", "subject": "dana", "expires_in": timedelta(hours=1)} | wrong
    with pytest.raises(ValueError, match=r"claim|role"):
        sign_token(SECRET, **asked)


async def test_settings_choose_the_keys(key_host: "KeyHost") -> None:
    assert (
        await Authenticator.from_settings(load_settings({"AUTH_JWT_SECRET": SECRET})).authenticate(shared()) == VIEWER
    )
    by_key_set = Authenticator.from_settings(load_settings({"AUTH_JWKS_URL": key_host.url, "AUTH_AUDIENCE": "pm"}))
    assert await by_key_set.authenticate(signed("one", aud="pm")) == VIEWER
    assert "aud" in await reason(by_key_set, signed("one"))
    with pytest.raises(ValueError, match="AUTH_JWT_SECRET"):
        Authenticator.from_settings(load_settings({}))


# --- keys of an identity provider -------------------------------------------------------------------------------------


class KeyHost:
    """An identity provider's key set, on loopback."""

    def __init__(self) -> None:
        self.keys = [rsa_jwk("one", RSA_KEY), ec_jwk("curve")]
        self.answer: bytes | None = None
        self.status = 200
        self.requests = 0
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.requests += 1
                body = host.answer if host.answer is not None else json.dumps({"keys": host.keys}).encode()
                self.send_response(host.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"


class Clock:
    """Seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def key_host() -> Iterator[KeyHost]:
    host = KeyHost()
    thread = threading.Thread(target=host.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield host
    host.server.shutdown()
    host.server.server_close()
    thread.join()


def rsa_jwk(key_id: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": key_id, "use": "sig", "alg": "RS256"}


def ec_jwk(key_id: str) -> dict[str, Any]:
    return ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True) | {"kid": key_id}


def signed(key_id: str | None, key: rsa.RSAPrivateKey = RSA_KEY, **changes: Any) -> str:
    headers = {"kid": key_id} if key_id is not None else {}
    return "Bearer " + jwt.encode(claims(**changes), key, algorithm="RS256", headers=headers)


async def test_rs256_and_es256_tokens_are_checked_with_one_fetch(key_host: KeyHost) -> None:
    authenticator = Authenticator(SigningKeys(key_host.url))
    curve = "Bearer " + jwt.encode(claims(), EC_KEY, algorithm="ES256", headers={"kid": "curve"})
    for header in (signed("one"), curve, signed("one")):
        assert await authenticator.authenticate(header) == VIEWER
    assert key_host.requests == 1


async def test_a_key_signs_with_its_own_algorithm_only(key_host: KeyHost) -> None:
    authenticator = Authenticator(SigningKeys(key_host.url))
    await reason(authenticator, "Bearer " + jwt.encode(claims(), RSA_KEY, algorithm="RS512", headers={"kid": "one"}))
    await reason(authenticator, "Bearer " + jwt.encode(claims(), RSA_KEY, algorithm="PS256", headers={"kid": "one"}))
    await reason(authenticator, signed("curve"))
    await reason(authenticator, signed("one", NEXT_RSA_KEY))


async def test_a_shared_secret_in_the_key_set_opens_nothing(key_host: KeyHost) -> None:
    key_host.keys.append({"kty": "oct", "kid": "oct", "k": segment(SECRET.encode()), "alg": "HS256"})
    symmetric = "Bearer " + jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": "oct"})
    assert "not known" in await reason(Authenticator(SigningKeys(key_host.url)), symmetric)


async def test_a_token_names_its_key(key_host: KeyHost) -> None:
    assert "kid" in await reason(Authenticator(SigningKeys(key_host.url)), signed(None))


async def test_a_rotated_key_is_fetched_when_it_first_appears(key_host: KeyHost) -> None:
    clock = Clock()
    authenticator = Authenticator(SigningKeys(key_host.url, clock))
    assert await authenticator.authenticate(signed("one")) == VIEWER
    key_host.keys = [rsa_jwk("two", NEXT_RSA_KEY)]
    clock.now += COOLDOWN_SECONDS
    assert await authenticator.authenticate(signed("two", NEXT_RSA_KEY)) == VIEWER
    assert "not known" in await reason(authenticator, signed("one"))
    assert key_host.requests == 2


async def test_a_withdrawn_key_ends_with_the_cache(key_host: KeyHost) -> None:
    clock = Clock()
    authenticator = Authenticator(SigningKeys(key_host.url, clock))
    assert await authenticator.authenticate(signed("one")) == VIEWER
    key_host.keys = [rsa_jwk("two", NEXT_RSA_KEY)]
    clock.now += FRESH_SECONDS
    assert "not known" in await reason(authenticator, signed("one"))


async def test_a_known_token_ends_with_its_key(key_host: KeyHost) -> None:
    clock = Clock()
    authenticator = Authenticator(SigningKeys(key_host.url, clock))
    token = signed("one")
    assert await authenticator.authenticate(token) == VIEWER
    key_host.keys = [rsa_jwk("one", NEXT_RSA_KEY)]
    clock.now += FRESH_SECONDS
    assert "not valid" in await reason(authenticator, token)


async def test_made_up_key_ids_do_not_hammer_the_host(key_host: KeyHost) -> None:
    clock = Clock()
    authenticator = Authenticator(SigningKeys(key_host.url, clock))
    for number in range(50):
        assert "not known" in await reason(authenticator, signed(f"junk-{number}"))
    assert key_host.requests == 1
    clock.now += COOLDOWN_SECONDS
    for number in range(50):
        await reason(authenticator, signed(f"more-{number}"))
    assert key_host.requests == 2
    assert await authenticator.authenticate(signed("one")) == VIEWER


async def test_a_host_that_is_down_is_told_apart_and_not_hammered(key_host: KeyHost) -> None:
    clock = Clock()
    authenticator = Authenticator(SigningKeys(key_host.url, clock))
    key_host.status = 503
    for _ in range(20):
        with pytest.raises(KeySetUnreachable):
            await authenticator.authenticate(signed("one"))
    assert key_host.requests == 1
    key_host.status = 200
    clock.now += COOLDOWN_SECONDS
    assert await authenticator.authenticate(signed("one")) == VIEWER


async def test_known_keys_outlive_an_outage_for_an_hour(key_host: KeyHost) -> None:
    clock = Clock()
    authenticator = Authenticator(SigningKeys(key_host.url, clock))
    assert await authenticator.authenticate(signed("one")) == VIEWER
    key_host.status = 500
    clock.now = STALE_SECONDS - 1
    assert await authenticator.authenticate(signed("one")) == VIEWER
    clock.now += COOLDOWN_SECONDS
    with pytest.raises(KeySetUnreachable):
        await authenticator.authenticate(signed("one"))


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b"{}", b'{"keys": 7}', b'{"keys": [1]}', b"[" * 90_000, b"\xff"]
)
async def test_an_answer_that_is_no_key_set_counts_as_down(key_host: KeyHost, answer: bytes) -> None:
    key_host.answer = answer
    with pytest.raises(KeySetUnreachable):
        await Authenticator(SigningKeys(key_host.url)).authenticate(signed("one"))


async def test_nobody_listening_counts_as_down() -> None:
    with pytest.raises(KeySetUnreachable):
        await Authenticator(SigningKeys("http://127.0.0.1:1/jwks")).authenticate(signed("one"))
