"""An unreachable identity provider: the kind of fault that the log names."""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from server.auth.provider import IdentityProvider
from server.auth.refusals import FetchFault
from tests.server.auth.provider_host import Authority, ProviderHost, serving

pytestmark = pytest.mark.anyio


async def fault(url: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(FetchFault) as raised:
        await IdentityProvider(url, **options).fetch_key_set()
    return raised.value.kind.value, raised.value.detail


async def test_a_certificate_of_an_unknown_authority_is_a_tls_fault(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(ProviderHost(authority.server_context())) as host:
        kind, detail = await fault(host.url)
        assert (kind, "unable to get local issuer certificate" in detail) == ("tls", True), detail
        assert await IdentityProvider(host.url, ca_file=str(authority.certificate)).fetch_key_set()


async def test_a_certificate_of_another_host_is_a_tls_fault(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(ProviderHost(authority.server_context("127.0.0.2"))) as host:
        kind, detail = await fault(host.url, ca_file=str(authority.certificate))
        assert (kind, "mismatch" in detail) == ("tls", True), detail


async def test_a_host_without_tls_is_a_tls_fault(provider_host: ProviderHost) -> None:
    kind, _detail = await fault(provider_host.url.replace("http://", "https://"))
    assert kind == "tls"


async def test_a_host_without_an_address_is_a_dns_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert await fault("https://id.example.org/jwks") == (
        "dns",
        "https://id.example.org/jwks: the host name has no address",
    )


async def test_a_closed_port_is_a_connection_fault() -> None:
    assert await fault("http://127.0.0.1:1/jwks") == ("connection", "http://127.0.0.1:1/jwks: no connection")


async def test_a_silent_host_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("http", "https"):
            url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/jwks"
            assert (await fault(url, seconds=0.3))[0] == "timeout"


async def test_a_response_in_another_protocol_is_a_content_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ssh:

        def greet() -> None:
            connection, _address = ssh.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.7\r\n")
                connection.recv(65_536)

        thread = threading.Thread(target=greet)
        thread.start()
        assert (await fault(f"http://127.0.0.1:{ssh.getsockname()[1]}/jwks"))[0] == "content"
        thread.join()


async def test_an_invalid_proxy_setting_is_a_proxy_fault(
    provider_host: ProviderHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await fault(provider_host.url))[0] in {"connection", "proxy"}
    monkeypatch.setenv("HTTP_PROXY", "gopher://proxy.example.org")
    assert (await fault(provider_host.url))[0] == "proxy"


async def test_the_detail_contains_no_secret_of_the_url(provider_host: ProviderHost) -> None:
    provider_host.status = 503
    url = provider_host.url.replace("http://", "http://user:word@")
    assert await fault(f"{url}?code=word") == ("status", f"{provider_host.url}: HTTP 503")
