"""Sign-in with a real OpenID provider (npm: oidc-provider) on loopback: discovery, two grants, and key rotation."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import jwt
import pytest

from resolvers.caller import Caller, PermissionKey
from server.auth.authenticator import Authenticator
from server.auth.claims import ClaimRules
from server.auth.jwks import COOLDOWN_SECONDS, Jwks
from server.auth.provider import IdentityProvider
from server.auth.refusals import RefusalReason
from tests.server.auth.server_process import running_server
from tests.server.auth.tokens import ManualClock, refusal
from tests.support.real_provider import AUDIENCE, ORGANIZATION_CLAIM, RealProvider, running_provider

pytestmark = pytest.mark.anyio

SETTINGS = {
    "AUTH_AUDIENCE": AUDIENCE,
    "AUTH_CLAIM_ORGANIZATION": ORGANIZATION_CLAIM,
    "AUTH_CLAIM_PERMISSIONS": "scope",
    "AUTH_CLAIM_ROLES": "realm_access.roles",
    "AUTH_ROLE_PERMISSIONS": '{"front-desk": ["pm.group_schedule.view"]}',
}
PERMISSIONS = frozenset({PermissionKey.GROUP_SCHEDULE_VIEW, PermissionKey.GROUP_ENROLLMENTS_VIEW})
REDIRECT = "http://127.0.0.1/callback"


@pytest.fixture
def real_provider() -> Iterator[RealProvider]:
    with running_provider() as provider:
        yield provider


def token_by_code(issuer: str, subject: str) -> str:
    """Sign in through the provider's pages, as a browser does: authorization code with PKCE."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    parameters = {
        "client_id": "admin-ui",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid pm.group_enrollments.view",
        "resource": AUDIENCE,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with httpx.Client(timeout=30) as browser:
        page = browser.get(f"{issuer}/auth", params=parameters)
        for _ in range(10):
            if page.is_redirect:
                address = urljoin(str(page.url), page.headers["location"])
                if address.startswith(REDIRECT):
                    break
                page = browser.get(address)
                continue
            form = dict(re.findall(r'<input[^>]+type="hidden"[^>]+name="(\w+)"[^>]+value="(\w+)"', page.text))
            action = re.search(r'<form[^>]+action="([^"]+)"', page.text)
            assert action is not None, page.text
            page = browser.post(
                urljoin(str(page.url), action[1]), data=form | {"login": subject, "password": "of the tests"}
            )
        [code] = parse_qs(urlsplit(address).query)["code"]
        form = {
            "grant_type": "authorization_code",
            "client_id": "admin-ui",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": REDIRECT,
            "resource": AUDIENCE,
        }
        response = browser.post(f"{issuer}/token", data=form)
        response.raise_for_status()
        return f"Bearer {response.json()['access_token']}"


async def test_the_issuer_and_audience_are_enough_to_sign_in(real_provider: RealProvider, tmp_path: Path) -> None:
    by_machine, by_person = real_provider.token(), token_by_code(real_provider.issuer, "dana")
    query = '{ viewer { id organizationId permissions } groupDefinition(id: "any") { id } }'
    with running_server(tmp_path, AUTH_ISSUER=real_provider.issuer, **SETTINGS) as server:
        for token, subject in ((by_machine, "reports"), (by_person, "dana")):
            body = server.send(token, query).json()
            viewer = {"id": subject, "organizationId": "clinic-1", "permissions": sorted(PERMISSIONS)}
            assert body["data"] == {"viewer": viewer, "groupDefinition": None}
            assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
        assert server.send(real_provider.token(resource="urn:billing")).status_code == 401
        forged = ".".join([*by_machine.split(".")[:2], by_person.split(".")[2]])
        assert server.send(forged).status_code == 401
    lines = server.log("group_sessions.requests")
    assert [line["refusal"] for line in lines] == [None, None, "wrong_audience", "bad_signature"]


async def test_new_keys_of_the_provider_replace_old_ones(real_provider: RealProvider) -> None:
    clock = ManualClock()
    keys = Jwks(IdentityProvider(issuer=real_provider.issuer).fetch_key_set, clock)
    rules = ClaimRules(
        ORGANIZATION_CLAIM,
        ("scope",),
        ("realm_access.roles",),
        {"front-desk": frozenset({PermissionKey.GROUP_SCHEDULE_VIEW})},
    )
    authenticator = Authenticator(keys, real_provider.issuer, AUDIENCE, rules=rules)
    old = real_provider.token()
    assert jwt.get_unverified_header(old.removeprefix("Bearer "))["alg"] == "RS256"
    for _ in range(3):
        assert await authenticator.authenticate(old) == Caller("reports", "clinic-1", PERMISSIONS)
        real_provider.rotate()
        clock.now += COOLDOWN_SECONDS
        new = real_provider.token()
        assert await authenticator.authenticate(new) == Caller("reports", "clinic-1", PERMISSIONS)
        assert (await refusal(authenticator, old)).reason is RefusalReason.UNKNOWN_KEY
        old = new
