"""Sign-in as operators and clients meet it: a server process, its answers, and its log."""

import subprocess
import time
from pathlib import Path

import jwt

from resolvers.caller import ROLES
from tests.server.auth.provider_host import NEXT_RSA_KEY, Authority, ProviderHost, serving, signed
from tests.server.auth.server_process import command, environment, running_server
from tests.server.auth.tokens import SECRET, claims, shared

NOW = int(time.time())
CHECKED = {"iss": "https://id.example.org/", "aud": "pm"}


def key_set(host: ProviderHost) -> dict[str, str]:
    return {"AUTH_JWKS_URL": host.url, "AUTH_ISSUER": CHECKED["iss"], "AUTH_AUDIENCE": CHECKED["aud"]}


def test_a_server_that_would_take_everybodys_tokens_does_not_start(tmp_path: Path) -> None:
    variables = environment(tmp_path, AUTH_JWKS_URL="https://id.example.org/jwks", AUTH_ISSUER="https://id.example.org")
    done = subprocess.run(
        command("serve", "--port", "0"), capture_output=True, text=True, timeout=60, check=False, env=variables
    )
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "set AUTH_ISSUER to" in line
    assert "AUTH_AUDIENCE to" in line


def test_a_refusal_is_logged_with_its_reason_and_without_the_token(tmp_path: Path, provider_host: ProviderHost) -> None:
    refused = {
        None: "no_token",
        "Bearer nonsense": "malformed",
        f"Bearer {'x' * 20_000}": "too_long",
        signed(claims(**CHECKED, exp=NOW - 3600)): "expired",
        signed(claims(**CHECKED, exp=...)): "no_expiry",
        signed(claims(**CHECKED, nbf=NOW + 3600)): "not_yet_valid",
        signed(claims(**CHECKED | {"iss": "https://other.example.org/"})): "wrong_issuer",
        signed(claims(**CHECKED | {"aud": "account"})): "wrong_audience",
        signed(claims(**CHECKED), "gone"): "unknown_key",
        signed(claims(**CHECKED), None): "no_key_id",
        signed(claims(**CHECKED), "one", NEXT_RSA_KEY): "bad_signature",
        shared(**CHECKED): "no_key_id",
        "Bearer "
        + jwt.encode(claims(**CHECKED), SECRET, algorithm="HS256", headers={"kid": "one"}): "algorithm_refused",
        signed(claims(**CHECKED, sub=...)): "no_subject",
        signed(claims(**CHECKED, organization_id=...)): "no_organization",
        signed(claims(**CHECKED, organization_id=7)): "malformed_claim",
    }
    with running_server(tmp_path, **key_set(provider_host)) as server:
        assert server.ask(signed(claims(**CHECKED))).status_code == 200
        answers = [server.ask(header) for header in refused]
        for second in ("Bearer nonsense", signed(claims(**CHECKED))):
            headers = [("Authorization", signed(claims(**CHECKED))), ("Authorization", second)]
            assert server.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers).status_code == 401
    assert [answer.status_code for answer in answers] == [401] * len(refused)
    challenges = [answer.headers["WWW-Authenticate"] for answer in answers]
    assert challenges[0] == "Bearer"
    assert all(each.startswith('Bearer error="invalid_token", error_description="The token') for each in challenges[1:])
    lines = server.log("group_sessions.requests")
    assert [line["refusal"] for line in lines] == [None, *refused.values(), "malformed", "malformed"]
    assert [line["outcome"] for line in lines] == ["ok", *["UNAUTHENTICATED"] * (len(refused) + 2)]
    for part in {part for header in refused if header for part in header.removeprefix("Bearer ").split(".")}:
        assert part not in server.output.read_text()


def test_an_unknown_authority_is_named_in_the_log_and_can_be_set(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(ProviderHost(authority.server_context())) as host:
        with running_server(tmp_path, **key_set(host)) as server:
            answer = server.ask(signed(claims(**CHECKED)))
        [line] = server.log("group_sessions.sign_in")
        [request] = server.log("group_sessions.requests")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert not any(word in answer.text.lower() for word in ("certificate", "tls", host.origin))
        assert (line["level"], line["cause"]) == ("WARNING", "tls")
        assert line["detail"].startswith(f"{host.url}: the certificate is refused (")
        assert (request["outcome"], request["refusal"]) == ("UNAVAILABLE", "provider_unavailable")
        with running_server(tmp_path, **key_set(host), AUTH_CA_FILE=str(authority.certificate)) as server:
            assert server.ask(signed(claims(**CHECKED))).status_code == 200
        [line] = server.log("group_sessions.sign_in")
        assert (line["level"], line["keys"]) == ("INFO", 2)


def test_a_file_without_authorities_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    variables = environment(tmp_path, AUTH_JWT_SECRET=SECRET, AUTH_CA_FILE=str(tmp_path / "missing.pem"))
    done = subprocess.run(
        command("serve", "--port", "0"), capture_output=True, text=True, timeout=60, check=False, env=variables
    )
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "AUTH_CA_FILE must be" in line


def test_the_demo_is_not_served_to_a_providers_tokens(tmp_path: Path) -> None:
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


def test_a_printed_token_is_read_where_the_settings_read_it(tmp_path: Path) -> None:
    settings = {
        "AUTH_JWT_SECRET": SECRET,
        "AUTH_CLAIM_ORGANIZATION": "organization.id",
        "AUTH_CLAIM_ROLES": "realm_access.roles",
    }
    printed = subprocess.run(
        command("token", "--organization", "clinic-7", "--subject", "dana", "--role", "staff"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment(tmp_path, **settings),
    )
    with running_server(tmp_path, **settings) as server:
        answer = server.ask(f"Bearer {printed.stdout.strip()}", "{ viewer { organizationId permissions } }").json()
    assert answer["data"]["viewer"] == {"organizationId": "clinic-7", "permissions": sorted(ROLES["staff"])}
