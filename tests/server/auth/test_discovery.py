"""OpenID Connect Discovery: the issuer's document names the URL of the keys."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.auth.provider import MAX_DOCUMENT_BYTES, IdentityProvider
from server.auth.refusals import FetchFault
from tests.server.auth.provider_host import Authority, ProviderHost, serving

pytestmark = pytest.mark.anyio


async def fault(host: ProviderHost, issuer: str | None = None) -> tuple[str, str]:
    with pytest.raises(FetchFault) as raised:
        await IdentityProvider(issuer=issuer or host.issuer, seconds=5).fetch_key_set()
    assert "patient" not in raised.value.detail
    return raised.value.kind.value, raised.value.detail


@pytest.mark.parametrize("path", ["", "/", "/realms/clinic", "/tenant/v2.0", "/application/o/pm/"])
async def test_the_keys_are_found_by_the_issuer(provider_host: ProviderHost, path: str) -> None:
    provider_host.issuer = provider_host.origin + path
    key_set = await IdentityProvider(issuer=provider_host.issuer).fetch_key_set()
    assert key_set == {"keys": provider_host.keys}


async def test_the_url_of_the_keys_may_change(provider_host: ProviderHost) -> None:
    provider = IdentityProvider(issuer=provider_host.issuer)
    assert await provider.fetch_key_set()
    provider_host.discovery = {"issuer": provider_host.issuer, "jwks_uri": f"{provider_host.origin}/moved"}
    provider_host.documents["/moved"] = b'{"keys": []}'
    assert await provider.fetch_key_set() == {"keys": []}


async def test_a_configured_url_of_the_keys_needs_no_discovery(provider_host: ProviderHost) -> None:
    provider_host.discovery = {}
    provider = IdentityProvider(provider_host.url, issuer="https://id.example.org")
    assert await provider.fetch_key_set() == {"keys": provider_host.keys}
    assert provider_host.requests == 1


@pytest.mark.parametrize(
    ("issuer", "hint"),
    [("https://other.example.org/patient", False), ("{origin}/", True), ("{origin}/x", False), ("{ORIGIN}", False)],
)
async def test_the_document_of_another_issuer_is_refused(
    provider_host: ProviderHost, issuer: str, *, hint: bool
) -> None:
    stated_issuer = issuer.replace("{origin}", provider_host.origin).replace("{ORIGIN}", provider_host.origin.upper())
    provider_host.discovery = {"issuer": stated_issuer, "jwks_uri": provider_host.url}
    kind, detail = await fault(provider_host)
    assert (kind, "another issuer" in detail, "slash" in detail) == ("content", True, hint)
    assert provider_host.requests == 1


@pytest.mark.parametrize(
    "jwks_uri", [None, 7, "", "/jwks", "ftp://127.0.0.1/jwks", "file:///patient", "http://keys.example.org/patient"]
)
async def test_keys_are_fetched_only_over_https(provider_host: ProviderHost, jwks_uri: object) -> None:
    provider_host.discovery = {"issuer": provider_host.issuer, "jwks_uri": jwks_uri}
    kind, detail = await fault(provider_host)
    assert (kind, "jwks_uri" in detail) == ("content", True)
    assert provider_host.requests == 1


async def test_an_https_issuer_must_not_name_an_http_url(tmp_path: Path, provider_host: ProviderHost) -> None:
    authority = Authority(tmp_path)
    with serving(ProviderHost(authority.server_context())) as host:
        provider = IdentityProvider(issuer=host.issuer, ca_file=str(authority.certificate))
        assert await provider.fetch_key_set() == {"keys": host.keys}
        host.discovery = {"issuer": host.issuer, "jwks_uri": provider_host.url}
        with pytest.raises(FetchFault, match="jwks_uri"):
            await provider.fetch_key_set()
    assert provider_host.requests == 0


@pytest.mark.parametrize("document", [b"", b"<html>patient</html>", b"[]", b"{}", b'{"issuer": 7}', b"null"])
async def test_an_invalid_discovery_document_is_refused(provider_host: ProviderHost, document: bytes) -> None:
    provider_host.documents["/.well-known/openid-configuration"] = document
    assert (await fault(provider_host))[0] == "content"


async def test_a_discovery_document_over_the_limit_is_refused(provider_host: ProviderHost) -> None:
    document: dict[str, Any] = {"issuer": provider_host.issuer, "jwks_uri": provider_host.url}
    provider_host.documents["/.well-known/openid-configuration"] = (
        json.dumps(document).encode().ljust(MAX_DOCUMENT_BYTES + 1)
    )
    assert (await fault(provider_host))[0] == "size"
    assert (await fault(provider_host, f"{provider_host.origin}/elsewhere"))[0] == "status"
