"""Sign-in with a server process: its responses, its log, and errors at start."""

import subprocess
import time
from pathlib import Path

import jwt

from resolvers.caller import ROLES
from tests.server.auth.provider_host import NEXT_RSA_KEY, Authority, ProviderHost, serving, signed
from tests.server.auth.server_process import command, environment, running_server
from tests.server.auth.tokens import SECRET, claims, shared

NOW = int(time.time())
REQUIRED = {"iss": "https://id.example.org/", "aud": "pm"}


def key_set(host: ProviderHost) -> dict[str, str]:
    return {
        "AUTH_JWKS_URL": host.url,
        "AUTH_ISSUER": REQUIRED["iss"],
        "AUTH_AUDIENCE": REQUIRED["aud"],
    }


def test_a_key_set_without_issuer_and_audience_is_an_error(tmp_path: Path) -> None:
    variables = environment(tmp_path, AUTH_JWKS_URL="https://id.example.org/jwks", AUTH_ISSUER="https://id.example.org")
    done = subprocess.run(
        command("serve", "--port", "0"), capture_output=True, text=True, timeout=60, check=False, env=variables
    )
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "Set AUTH_ISSUER to" in line
    assert "AUTH_AUDIENCE to" in line


def test_a_refused_token_is_logged_with_its_reason_only(tmp_path: Path, provider_host: ProviderHost) -> None:
    reasons = {
        None: "no_token",
        "Bearer nonsense": "malformed",
        f"Bearer {'x' * 20_000}": "too_long",
        signed(claims(**REQUIRED, exp=NOW - 3600)): "expired",
        signed(claims(**REQUIRED, exp=...)): "no_expiry",
        signed(claims(**REQUIRED, nbf=NOW + 3600)): "not_yet_valid",
        signed(claims(**REQUIRED | {"iss": "https://other.example.org/"})): "wrong_issuer",
        signed(claims(**REQUIRED | {"aud": "account"})): "wrong_audience",
        signed(claims(**REQUIRED), "gone"): "unknown_key",
        signed(claims(**REQUIRED), None): "no_key_id",
        signed(claims(**REQUIRED), "one", NEXT_RSA_KEY): "bad_signature",
        shared(**REQUIRED): "no_key_id",
        "Bearer "
        + jwt.encode(claims(**REQUIRED), SECRET, algorithm="HS256", headers={"kid": "one"}): "algorithm_refused",
        signed(claims(**REQUIRED, sub=...)): "no_subject",
        signed(claims(**REQUIRED, organization_id=...)): "no_organization",
        signed(claims(**REQUIRED, organization_id=7)): "malformed_claim",
    }
    with running_server(tmp_path, **key_set(provider_host)) as server:
        assert server.send(signed(claims(**REQUIRED))).status_code == 200
        responses = [server.send(header) for header in reasons]
        for second in ("Bearer nonsense", signed(claims(**REQUIRED))):
            headers = [("Authorization", signed(claims(**REQUIRED))), ("Authorization", second)]
            assert server.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers).status_code == 401
    assert [response.status_code for response in responses] == [401] * len(reasons)
    challenges = [response.headers["WWW-Authenticate"] for response in responses]
    assert challenges[0] == "Bearer"
    invalid_token = 'Bearer error="invalid_token", error_description="The token'
    assert all(challenge.startswith(invalid_token) for challenge in challenges[1:])
    lines = server.log("group_sessions.requests")
    assert [line["refusal"] for line in lines] == [None, *reasons.values(), "malformed", "malformed"]
    assert [line["outcome"] for line in lines] == ["ok", *["UNAUTHENTICATED"] * (len(reasons) + 2)]
    for part in {part for header in reasons if header for part in header.removeprefix("Bearer ").split(".")}:
        assert part not in server.output.read_text()


def test_an_unknown_authority_is_logged_and_can_be_configured(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(ProviderHost(authority.server_context())) as host:
        with running_server(tmp_path, **key_set(host)) as server:
            response = server.send(signed(claims(**REQUIRED)))
        [line] = server.log("group_sessions.sign_in")
        [request] = server.log("group_sessions.requests")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
        assert not any(word in response.text.lower() for word in ("certificate", "tls", host.origin))
        assert (line["level"], line["cause"]) == ("WARNING", "tls")
        assert line["detail"].startswith(f"{host.url}: the certificate is not trusted (")
        assert (request["outcome"], request["refusal"]) == ("UNAVAILABLE", "provider_unavailable")
        with running_server(tmp_path, **key_set(host), AUTH_CA_FILE=str(authority.certificate)) as server:
            assert server.send(signed(claims(**REQUIRED))).status_code == 200
        [line] = server.log("group_sessions.sign_in")
        assert (line["level"], line["keys"]) == ("INFO", 2)


def test_a_missing_file_of_authorities_is_an_error(tmp_path: Path) -> None:
    variables = environment(tmp_path, AUTH_JWT_SECRET=SECRET, AUTH_CA_FILE=str(tmp_path / "missing.pem"))
    done = subprocess.run(
        command("serve", "--port", "0"), capture_output=True, text=True, timeout=60, check=False, env=variables
    )
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "AUTH_CA_FILE must be" in line


def test_the_demo_excludes_an_identity_provider(tmp_path: Path) -> None:
    variables = environment(tmp_path, AUTH_ISSUER="https://id.example.org", AUTH_AUDIENCE="pm")
    done = subprocess.run(
        command("serve", "--demo", "--port", "0"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=variables,
    )
    assert done.returncode != 0
    assert "--demo signs its own tokens" in done.stderr


def test_a_printed_token_has_its_claims_at_the_configured_paths(tmp_path: Path) -> None:
    settings = {
        "AUTH_JWT_SECRET": SECRET,
        "AUTH_CLAIM_ORGANIZATION": "organization.id",
        "AUTH_CLAIM_ROLES": "realm_access.roles",
    }
    process = subprocess.run(
        command("token", "--organization", "clinic-7", "--subject", "dana", "--role", "staff"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment(tmp_path, **settings),
    )
    with running_server(tmp_path, **settings) as server:
        body = server.send(f"Bearer {process.stdout.strip()}", "{ viewer { organizationId permissions } }").json()
    assert body["data"]["viewer"] == {"organizationId": "clinic-7", "permissions": sorted(ROLES["staff"])}
