"""The settings of sign-in: what each accepts, and what would take tokens that were made for others."""

from pathlib import Path

import pytest

from server.settings import SettingsError, load_settings
from tests.server.auth.tokens import SECRET

KEY_SET = {"AUTH_JWKS_URL": "https://id.example.org/jwks"}
CHECKED = {"AUTH_ISSUER": "https://id.example.org/", "AUTH_AUDIENCE": "pm"}


def refused(**variables: str) -> str:
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
    ],
)
def test_a_wrong_value_is_named_with_what_it_accepts(name: str, value: str) -> None:
    message = refused(**CHECKED, **{name: value})
    assert message.startswith(f"{name} must be ")
    assert message.endswith(".")
    assert value not in message


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff"])
def test_a_file_of_authorities_has_certificates(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_bytes(content)
    for value in (str(path), str(tmp_path)):
        message = refused(**KEY_SET, **CHECKED, AUTH_CA_FILE=value)
        assert message.startswith("AUTH_CA_FILE must be the path of a readable PEM file")


def test_every_variable_of_sign_in_is_read() -> None:
    settings = load_settings(KEY_SET | CHECKED | {"AUTH_LEEWAY": "0"})
    assert settings.sign_in_configured
    assert settings.auth_jwks_url == "https://id.example.org/jwks"
    assert (settings.auth_issuer, settings.auth_audience) == ("https://id.example.org/", "pm")
    assert settings.auth_leeway == 0


def test_a_secret_and_a_key_set_exclude_each_other() -> None:
    assert "exclude each other" in refused(AUTH_JWT_SECRET=SECRET, **KEY_SET, **CHECKED)


@pytest.mark.parametrize("missing", ["AUTH_ISSUER", "AUTH_AUDIENCE"])
def test_a_key_set_needs_issuer_and_audience(missing: str) -> None:
    message = refused(**KEY_SET, **{name: value for name, value in CHECKED.items() if name != missing})
    assert f"{missing} to the" in message
    assert refused(**KEY_SET) == message
    assert refused(**KEY_SET, **CHECKED | {missing: " "}) == message


def test_a_shared_secret_needs_neither_issuer_nor_audience() -> None:
    assert load_settings({"AUTH_JWT_SECRET": SECRET}).sign_in_configured


def test_a_key_set_on_loopback_needs_no_tls() -> None:
    assert load_settings({"AUTH_JWKS_URL": "http://127.0.0.1:9000/jwks"} | CHECKED).sign_in_configured
