"""Authentication: valid bearer tokens, refused ones, and the reasons."""

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from resolvers.caller import ROLES, PermissionKey
from server.auth.authenticator import LEEWAY_SECONDS, MAX_TOKEN_LENGTH, Authenticator
from server.auth.jwks import Jwks
from server.auth.provider import IdentityProvider
from server.auth.refusals import RefusalReason
from server.auth.signing import sign_token
from server.settings.environment import load_settings
from tests.server.auth.provider_host import RSA_KEY, ProviderHost, signed
from tests.server.auth.tokens import SECRET, VIEWER, claims, refusal, segment, shared

pytestmark = pytest.mark.anyio


def signed_by_hand(header: bytes, payload: bytes, secret: bytes) -> str:
    """Return an Authorization header with a token that a library would refuse to sign."""
    signing_input = f"{segment(header)}.{segment(payload)}"
    return f"Bearer {signing_input}.{segment(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


def by_key_set(host: ProviderHost, **options: Any) -> Authenticator:
    return Authenticator(Jwks(IdentityProvider(host.url).fetch_key_set), **options)


async def test_a_signed_token_names_the_caller() -> None:
    assert await Authenticator(SECRET).authenticate(shared()) == VIEWER


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer ", " Bearer"])
async def test_the_scheme_is_case_insensitive(scheme: str) -> None:
    assert await Authenticator(SECRET).authenticate(shared().replace("Bearer", scheme)) == VIEWER


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic ZGFuYTpwYXNz", "a.b.c"])
async def test_a_request_without_a_bearer_token_is_refused(header: str | None) -> None:
    assert "bearer token" in (await refusal(Authenticator(SECRET), header)).message


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "ü.ü.ü", "\udcff", segment(b"[" * 40_000) + ".e30.AA", segment(b'{"alg":1}') + ".e30.AA"]
)
async def test_a_malformed_token_is_refused(token: str, provider_host: ProviderHost) -> None:
    await refusal(Authenticator(SECRET), f"Bearer {token}")
    await refusal(by_key_set(provider_host), f"Bearer {token}")


async def test_a_changed_token_is_refused() -> None:
    header, _, signature = shared().split(".")
    forged = segment(json.dumps(claims(organization_id="clinic-2")).encode())
    error = await refusal(Authenticator(SECRET), f"{header}.{forged}.{signature}")
    assert error.reason is RefusalReason.BAD_SIGNATURE


async def test_a_token_signed_with_another_secret_is_refused() -> None:
    assert (await refusal(Authenticator(SECRET[::-1]), shared())).reason is RefusalReason.BAD_SIGNATURE


async def test_an_unsigned_token_is_refused(provider_host: ProviderHost) -> None:
    none = "Bearer " + jwt.encode(claims(), "", algorithm="none", headers={"kid": "one"})
    for authenticator in (Authenticator(SECRET), by_key_set(provider_host)):
        assert (await refusal(authenticator, none)).reason is RefusalReason.ALGORITHM_REFUSED


async def test_the_token_does_not_choose_the_algorithm() -> None:
    longer = "Bearer " + jwt.encode(claims(), SECRET * 2, algorithm="HS512")
    for secret, header in ((SECRET, longer), (SECRET * 2, longer), (SECRET, signed(claims()))):
        assert (await refusal(Authenticator(secret), header)).reason is RefusalReason.ALGORITHM_REFUSED


async def test_a_public_key_is_no_shared_secret(provider_host: ProviderHost) -> None:
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    confused = signed_by_hand(b'{"alg":"HS256","kid":"one"}', json.dumps(claims()).encode(), pem)
    assert (await refusal(by_key_set(provider_host), confused)).reason is RefusalReason.ALGORITHM_REFUSED


@pytest.mark.parametrize("leeway", [0, LEEWAY_SECONDS, 300])
async def test_a_token_expires_after_the_leeway(leeway: int) -> None:
    authenticator = Authenticator(SECRET, leeway=leeway)
    now = int(time.time())
    assert await authenticator.authenticate(shared(exp=now - leeway + 30)) == VIEWER
    error = await refusal(authenticator, shared(exp=now - leeway - 1))
    assert (error.reason, error.message) == (RefusalReason.EXPIRED, "The token has expired.")


async def test_a_token_without_an_expiry_is_refused() -> None:
    error = await refusal(Authenticator(SECRET), shared(exp=...))
    assert (error.reason, error.message) == (RefusalReason.NO_EXPIRY, "The token's claim exp is missing.")


@pytest.mark.parametrize("expiry", ["9999999999", True, None, [], float("inf"), float("nan")])
async def test_an_expiry_must_be_a_number(expiry: object) -> None:
    await refusal(Authenticator(SECRET), shared(exp=expiry))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_is_valid_from_its_start_less_the_leeway(claim: str) -> None:
    later = shared(**{claim: int(time.time()) + 60})
    assert (await refusal(Authenticator(SECRET), later)).reason is RefusalReason.NOT_YET_VALID
    assert await Authenticator(SECRET, leeway=90).authenticate(later) == VIEWER


async def test_a_token_over_the_limit_is_refused() -> None:
    long = shared(note="n" * MAX_TOKEN_LENGTH)
    assert (await refusal(Authenticator(SECRET), long)).reason is RefusalReason.TOO_LONG
    fits = shared(note="n" * (MAX_TOKEN_LENGTH // 2))
    assert await Authenticator(SECRET).authenticate(fits) == VIEWER


@pytest.mark.parametrize("issuer", ["https://other.example.org", ..., "", "https://id.example.org/"])
async def test_the_configured_issuer_is_required(issuer: object) -> None:
    authenticator = Authenticator(SECRET, issuer="https://id.example.org")
    assert await authenticator.authenticate(shared(iss="https://id.example.org")) == VIEWER
    error = await refusal(authenticator, shared(iss=issuer))
    assert error.reason is RefusalReason.WRONG_ISSUER
    assert "iss" in error.message


@pytest.mark.parametrize("audience", ["billing", ["billing", "crm"], [], ..., 7])
async def test_the_configured_audience_is_required(audience: object) -> None:
    authenticator = Authenticator(SECRET, audience="pm")
    assert await authenticator.authenticate(shared(aud="pm")) == VIEWER
    assert await authenticator.authenticate(shared(aud=["billing", "pm"])) == VIEWER
    error = await refusal(authenticator, shared(aud=audience))
    assert error.reason is RefusalReason.WRONG_AUDIENCE
    assert "aud" in error.message


async def test_issuer_and_audience_are_ignored_unless_configured() -> None:
    assert await Authenticator(SECRET).authenticate(shared(iss="anyone", aud=["anything"])) == VIEWER


@pytest.mark.parametrize("name", ["sub", "organization_id"])
@pytest.mark.parametrize("value", [..., "", "  ", 7, None, ["a", "b"], "x" * 256, "a\nb", "a\x00", "\ud800"])
async def test_caller_and_organization_must_be_plain_text(name: str, value: object) -> None:
    assert name in (await refusal(Authenticator(SECRET), shared(**{name: value}))).message


async def test_an_organization_over_the_limit_is_refused() -> None:
    caller = await Authenticator(SECRET).authenticate(shared(sub="s" * 255, organization_id="o" * 64))
    assert (caller.subject, caller.organization_id) == ("s" * 255, "o" * 64)
    await refusal(Authenticator(SECRET), shared(organization_id="o" * 65))


async def test_a_role_grants_its_permissions() -> None:
    for role, count in (("org_admin", 12), ("staff", 3)):
        caller = await Authenticator(SECRET).authenticate(shared(permissions=..., roles=[role]))
        assert caller.permissions == ROLES[role]
        assert len(caller.permissions) == count
    assert {key.rpartition(".")[2] for key in ROLES["staff"]} == {"view"}


async def test_permissions_and_roles_add_up() -> None:
    both = shared(permissions=["pm.group_enrollments.edit"], roles=["staff"])
    caller = await Authenticator(SECRET).authenticate(both)
    assert caller.permissions == ROLES["staff"] | {PermissionKey.GROUP_ENROLLMENTS_EDIT}


async def test_unknown_permissions_and_roles_are_ignored() -> None:
    unknown = shared(permissions=["pm.billing.edit", "PM.GROUP_SCHEDULE.EDIT"], roles=["root", "Staff"])
    assert (await Authenticator(SECRET).authenticate(unknown)).permissions == frozenset()
    assert (await Authenticator(SECRET).authenticate(shared(permissions=...))).permissions == frozenset()


async def test_a_signed_token_names_caller_issuer_and_audience() -> None:
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
    lifetime = jwt.decode(token, SECRET, algorithms=["HS256"], audience="pm")["exp"] - time.time()
    assert 290 < lifetime <= 301


@pytest.mark.parametrize("wrong", [{"subject": ""}, {"organization_id": "o" * 65}, {"roles": ["root"]}])
def test_an_invalid_token_is_not_signed(wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {
        "organization_id": "clinic-1",
        "subject": "dana",
        "expires_in": timedelta(hours=1),
    } | wrong
    with pytest.raises(ValueError, match=r"claim|role"):
        sign_token(SECRET, **arguments)


async def test_settings_choose_the_keys(provider_host: ProviderHost) -> None:
    by_secret = Authenticator.from_settings(load_settings({"AUTH_JWT_SECRET": SECRET, "AUTH_LEEWAY": "100"}))
    assert await by_secret.authenticate(shared(exp=int(time.time()) - 50)) == VIEWER
    configured = {"AUTH_JWKS_URL": provider_host.url, "AUTH_ISSUER": "https://id.example.org", "AUTH_AUDIENCE": "pm"}
    by_key_set = Authenticator.from_settings(load_settings(configured))
    valid = {"iss": "https://id.example.org", "aud": "pm"}
    assert await by_key_set.authenticate(signed(claims(**valid))) == VIEWER
    for wrong, reason in (({"aud": "crm"}, RefusalReason.WRONG_AUDIENCE), ({"iss": "x"}, RefusalReason.WRONG_ISSUER)):
        assert (await refusal(by_key_set, signed(claims(**valid | wrong)))).reason is reason
    with pytest.raises(ValueError, match="AUTH_JWT_SECRET"):
        Authenticator.from_settings(load_settings({}))
