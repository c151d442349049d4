"""The settings of sign-in: their accepted values, and combinations that would accept tokens for other services."""

import json
from pathlib import Path

import pytest

from resolvers.caller import ROLES, PermissionKey
from server.auth.claims import ClaimRules
from server.settings.browser_sign_in import Provider
from server.settings.environment import SettingsError, load_settings
from tests.server.auth.tokens import SECRET

KEY_SET = {"AUTH_JWKS_URL": "https://id.example.org/jwks"}
ISSUER_AND_AUDIENCE = {"AUTH_ISSUER": "https://id.example.org/", "AUTH_AUDIENCE": "pm"}


def settings_error(**variables: str) -> str:
    with pytest.raises(SettingsError) as raised:
        load_settings(variables)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_JWKS_URL", "file:///etc/passwd"),
        ("AUTH_JWKS_URL", "http://id.example.org/jwks"),
        ("AUTH_JWKS_URL", "https:///jwks"),
        ("AUTH_JWKS_URL", "https://[broken"),
        ("AUTH_LEEWAY", "-1"),
        ("AUTH_LEEWAY", "301"),
        ("AUTH_LEEWAY", "a minute"),
        ("AUTH_LEEWAY", "1.5"),
        ("AUTH_CLAIM_ORGANIZATION", "org id"),
        ("AUTH_CLAIM_ORGANIZATION", "org_id,tid"),
        ("AUTH_CLAIM_ORGANIZATION", "o" * 201),
        ("AUTH_CLAIM_PERMISSIONS", " , "),
        ("AUTH_CLAIM_PERMISSIONS", "scope scp\x00"),
        ("AUTH_CLAIM_ROLES", "roles," + "r" * 201),
        ("AUTH_CLIENT_ID", "c" * 256),
        ("AUTH_SCOPES", "profile email"),
        ("AUTH_REQUEST_PARAMETERS", "urn:group-sessions"),
        ("AUTH_REQUEST_PARAMETERS", "audience=pm&state=1"),
        ("AUTH_ROLE_PERMISSIONS", "front-desk"),
        ("AUTH_ROLE_PERMISSIONS", '["staff"]'),
        ("AUTH_ROLE_PERMISSIONS", '{"front-desk": "staff"}'),
        ("AUTH_ROLE_PERMISSIONS", '{"front-desk": [7]}'),
        ("AUTH_ROLE_PERMISSIONS", "[" * 100_000),
    ],
)
def test_an_error_names_the_setting_and_its_accepted_values(name: str, value: str) -> None:
    message = settings_error(AUTH_AUDIENCE="pm", AUTH_ISSUER="https://id.example.org", **{name: value})
    assert message.startswith(f"{name} must be ")
    assert message.endswith(".")
    assert value not in message


def test_sign_in_of_the_admin_ui_is_read() -> None:
    assert load_settings(ISSUER_AND_AUDIENCE).browser_sign_in is None
    variables = {"AUTH_CLIENT_ID": "admin-ui", **ISSUER_AND_AUDIENCE}
    assert load_settings(variables).browser_sign_in == Provider("https://id.example.org/", "admin-ui")
    more = {
        "AUTH_SCOPES": "openid, email",
        "AUTH_REQUEST_PARAMETERS": "audience=https%3A%2F%2Fpm&prompt=login",
    }
    provider = load_settings(variables | more | {"AUTH_ISSUER": "https://id.example.org:8443/realms/a"}).browser_sign_in
    assert provider == Provider(
        "https://id.example.org:8443/realms/a",
        "admin-ui",
        "openid email",
        {"audience": "https://pm", "prompt": "login"},
    )
    assert provider.origin == "https://id.example.org:8443"


def test_sign_in_of_the_admin_ui_needs_a_provider_that_can_be_found() -> None:
    assert "needs an identity provider" in settings_error(AUTH_CLIENT_ID="admin-ui", AUTH_JWT_SECRET=SECRET)
    message = settings_error(AUTH_CLIENT_ID="admin-ui", AUTH_ISSUER="clinic", AUTH_AUDIENCE="pm", **KEY_SET)
    assert message.startswith("AUTH_CLIENT_ID needs an AUTH_ISSUER that is the https:// URL")


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff"])
def test_a_file_of_authorities_must_contain_certificates(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_bytes(content)
    for value in (str(path), str(tmp_path)):
        message = settings_error(**KEY_SET, **ISSUER_AND_AUDIENCE, AUTH_CA_FILE=value)
        assert message.startswith("AUTH_CA_FILE must be the path of a readable PEM file")


def test_all_variables_of_sign_in_are_read() -> None:
    settings = load_settings(KEY_SET | ISSUER_AND_AUDIENCE | {"AUTH_LEEWAY": "0"})
    assert settings.sign_in_configured
    assert settings.auth_jwks_url == "https://id.example.org/jwks"
    assert (settings.auth_issuer, settings.auth_audience) == ("https://id.example.org/", "pm")
    assert settings.auth_leeway == 0


def test_claims_and_roles_are_read() -> None:
    assert ClaimRules.from_settings(load_settings({})) == ClaimRules()
    variables = {
        "AUTH_CLAIM_ORGANIZATION": "https://example.org/org",
        "AUTH_CLAIM_PERMISSIONS": "permissions, scope",
        "AUTH_CLAIM_ROLES": "realm_access.roles resource_access.group-sessions.roles",
        "AUTH_ROLE_PERMISSIONS": '{"Front desk": ["staff", "pm.group_enrollments.create"], "Guest": []}',
    }
    front_desk = ROLES["staff"] | {PermissionKey.GROUP_ENROLLMENTS_CREATE}
    assert ClaimRules.from_settings(load_settings(variables)) == ClaimRules(
        "https://example.org/org",
        ("permissions", "scope"),
        ("realm_access.roles", "resource_access.group-sessions.roles"),
        {**ROLES, "Front desk": front_desk, "Guest": frozenset()},
    )


def test_all_unknown_keys_of_roles_are_named() -> None:
    message = settings_error(
        AUTH_ROLE_PERMISSIONS='{"desk": ["pm.billing.edit", "staff"], "lead": ["Staff", "pm.group_schedule.view"]}'
    )
    assert message.startswith('AUTH_ROLE_PERMISSIONS has unknown permissions: "Staff", "pm.billing.edit".')
    assert "pm.group_enrollments.delete" in message
    assert "org_admin, staff" in message


@pytest.mark.parametrize("role", ["org_admin", "staff"])
def test_the_built_in_roles_cannot_be_changed(role: str) -> None:
    message = settings_error(AUTH_ROLE_PERMISSIONS=json.dumps({role: ["pm.group_schedule.view"]}))
    assert f"must not change the built-in role {role}" in message


def test_issuer_and_audience_are_enough() -> None:
    assert load_settings(ISSUER_AND_AUDIENCE).sign_in_configured
    assert not load_settings({"AUTH_AUDIENCE": "pm"}).sign_in_configured
    assert "AUTH_AUDIENCE to the" in settings_error(AUTH_ISSUER=ISSUER_AND_AUDIENCE["AUTH_ISSUER"])


@pytest.mark.parametrize(
    "issuer",
    [
        "id.example.org",
        "http://id.example.org/",
        "https://id.example.org/?tenant=1",
        "https://id.example.org/#x",
        "https://user:word@id.example.org/",
        "https://[broken",
    ],
)
def test_an_issuer_without_configured_keys_must_be_a_url(issuer: str) -> None:
    message = settings_error(AUTH_ISSUER=issuer, AUTH_AUDIENCE="pm")
    assert message.startswith("AUTH_ISSUER must be the https:// URL of your provider")
    assert issuer not in message
    for keys in (KEY_SET, {"AUTH_JWT_SECRET": SECRET}):
        assert load_settings({"AUTH_ISSUER": issuer, "AUTH_AUDIENCE": "pm"} | keys).auth_issuer == issuer


def test_a_secret_and_a_key_set_exclude_each_other() -> None:
    assert "cannot be combined" in settings_error(AUTH_JWT_SECRET=SECRET, **KEY_SET, **ISSUER_AND_AUDIENCE)


@pytest.mark.parametrize("missing", ["AUTH_ISSUER", "AUTH_AUDIENCE"])
def test_a_key_set_requires_issuer_and_audience(missing: str) -> None:
    message = settings_error(
        **KEY_SET, **{name: value for name, value in ISSUER_AND_AUDIENCE.items() if name != missing}
    )
    assert f"{missing} to the" in message
    assert settings_error(**KEY_SET) == message
    assert settings_error(**KEY_SET, **ISSUER_AND_AUDIENCE | {missing: " "}) == message


def test_a_shared_secret_requires_no_issuer_and_audience() -> None:
    assert load_settings({"AUTH_JWT_SECRET": SECRET}).sign_in_configured


def test_a_key_set_on_loopback_requires_no_tls() -> None:
    assert load_settings({"AUTH_JWKS_URL": "http://127.0.0.1:9000/jwks"} | ISSUER_AND_AUDIENCE).sign_in_configured
