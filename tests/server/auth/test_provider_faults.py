"""A provider that cannot be reached: what kind of fault the log names, by which an operator can act."""

import socket
from pathlib import Path
from typing import Any

import pytest

from server.auth.provider import IdentityProvider
from server.auth.refusals import FetchFault
from tests.server.auth.provider_host import Authority, ProviderHost, serving

pytestmark = pytest.mark.anyio


async def fault(url: str, **given: Any) -> tuple[str, str]:
    with pytest.raises(FetchFault) as raised:
        await IdentityProvider(url, **given).fetch_key_set()
    return raised.value.kind.value, raised.value.detail


async def test_a_certificate_of_an_unknown_authority_is_a_fault_of_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(ProviderHost(authority.server_context())) as host:
        kind, detail = await fault(host.url)
        assert (kind, "unable to get local issuer certificate" in detail) == ("tls", True), detail
        assert await IdentityProvider(host.url, ca_file=str(authority.certificate)).fetch_key_set()


async def test_a_certificate_of_another_host_is_a_fault_of_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(ProviderHost(authority.server_context("127.0.0.2"))) as host:
        kind, detail = await fault(host.url, ca_file=str(authority.certificate))
        assert (kind, "mismatch" in detail) == ("tls", True), detail


async def test_a_host_without_tls_is_a_fault_of_tls(provider_host: ProviderHost) -> None:
    kind, _detail = await fault(provider_host.url.replace("http://", "https://"))
    assert kind == "tls"


async def test_a_host_without_an_address_is_a_fault_of_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    assert await fault("https://id.example.org/jwks") == (
        "dns",
        "https://id.example.org/jwks: the host name has no address",
    )


async def test_nobody_listening_is_a_fault_of_the_connection() -> None:
    assert await fault("http://127.0.0.1:1/jwks") == ("connection", "http://127.0.0.1:1/jwks: no connection")


async def test_a_host_that_accepts_and_stays_silent_is_a_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("http", "https"):
            url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/jwks"
            assert (await fault(url, seconds=0.3))[0] == "timeout"


async def test_an_answer_in_another_protocol_is_a_fault_of_the_content() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ssh:
        # The client's connection waits in the queue, and finds these words once it is taken.
        import threading

        def answer() -> None:
            taken, _address = ssh.accept()
            with taken:
                taken.sendall(b"SSH-2.0-OpenSSH_9.7\r\n")
                taken.recv(65_536)

        thread = threading.Thread(target=answer)
        thread.start()
        assert (await fault(f"http://127.0.0.1:{ssh.getsockname()[1]}/jwks"))[0] == "content"
        thread.join()


async def test_a_proxy_setting_that_cannot_be_used_is_a_fault_of_the_proxy(
    provider_host: ProviderHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await fault(provider_host.url))[0] in {"connection", "proxy"}
    monkeypatch.setenv("HTTP_PROXY", "gopher://proxy.example.org")
    assert (await fault(provider_host.url))[0] == "proxy"


async def test_the_detail_names_the_address_without_what_may_be_secret(provider_host: ProviderHost) -> None:
    provider_host.status = 503
    address = provider_host.url.replace("http://", "http://user:word@")
    assert await fault(f"{address}?code=word") == ("status", f"{provider_host.url}: HTTP 503")
