"""Documents of the identity provider, fetched within bounds of bytes and of time."""

import asyncio
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson

from server.auth.refusals import FetchFault, FetchFaultKind
from server.settings.protected_url import protected_url

DOCUMENT_BYTES: Final = 1_000_000
FETCH_SECONDS: Final = 5.0
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "group-sessions"}


class IdentityProvider:
    """Where the key set is published: at a known address, or at the one in the issuer's discovery document."""

    def __init__(
        self,
        jwks_url: str | None = None,
        *,
        issuer: str | None = None,
        ca_file: str | None = None,
        seconds: float = FETCH_SECONDS,
    ) -> None:
        """Fetch nothing yet.

        Args:
            jwks_url: The key set's address. Redirects are not followed.
            issuer: The issuer whose discovery document has that address, where it is not given.
            ca_file: Certificates of the only authorities to trust, as PEM; by default, the machine's own.
            seconds: The most time that all of `fetch_key_set` may take, however slowly the provider sends.
        """
        self._jwks_url = jwks_url
        self._issuer = issuer or ""
        self._seconds = seconds
        self._tls = ssl.create_default_context(cafile=ca_file)

    async def fetch_key_set(self) -> object:
        """Return the key set as parsed JSON.

        Raises:
            FetchFault: It could not be fetched.
        """
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                return await _fetch(client, self._jwks_url or await self._discover(client))
        except TimeoutError:
            raise FetchFault(FetchFaultKind.TIMEOUT, f"not fetched within {self._seconds:g} s") from None

    async def _discover(self, client: httpx.AsyncClient) -> str:
        # OpenID Connect Discovery 1.0 section 4: a slash at the end goes before the path is added.
        url = f"{self._issuer.removesuffix('/')}/.well-known/openid-configuration"
        document = await _fetch(client, url)
        issuer = document.get("issuer") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(issuer, str):
            raise FetchFault(
                FetchFaultKind.CONTENT, f"{_address(url)}: not a discovery document, which names its issuer"
            )
        if issuer != self._issuer:
            slash = " (the slash at the end counts)" if issuer.rstrip("/") == self._issuer.rstrip("/") else ""
            sentence = "the document names another issuer than AUTH_ISSUER"
            raise FetchFault(FetchFaultKind.CONTENT, f"{_address(url)}: {sentence}{slash}")
        jwks_url = document.get("jwks_uri")
        if not isinstance(jwks_url, str) or not _may_follow(self._issuer, jwks_url):
            raise FetchFault(FetchFaultKind.CONTENT, f"{_address(url)}: jwks_uri is not an https:// address")
        return jwks_url

    def _client(self) -> httpx.AsyncClient:
        try:
            # Proxies are taken from the environment. The client closes the socket of a handshake that it ends itself,
            # not of one that is cancelled, so its time for connecting is the shorter one.
            limits = httpx.Timeout(self._seconds, connect=self._seconds / 2)
            return httpx.AsyncClient(verify=self._tls, timeout=limits, headers=_HEADERS)
        except (ImportError, ValueError, httpx.InvalidURL):
            raise FetchFault(FetchFaultKind.PROXY, "the environment's proxy settings cannot be used") from None


def _may_follow(issuer: str, url: str) -> bool:
    """Return whether a document of the issuer may send us there: not from https to this machine's own http."""
    try:
        protected_url(url)
    except ValueError:
        return False
    return urlsplit(url).scheme in {"https", urlsplit(issuer).scheme}


async def _fetch(client: httpx.AsyncClient, url: str) -> object:
    try:
        async with client.stream("GET", url) as response:
            body = await _read(response, url)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
        raise _connection_fault(fault, url) from None
    try:
        return orjson.loads(body)
    except ValueError:
        raise FetchFault(FetchFaultKind.CONTENT, f"{_address(url)}: the answer is not JSON") from None


async def _read(response: httpx.Response, url: str) -> bytes:
    if response.status_code != 200:
        raise FetchFault(FetchFaultKind.STATUS, f"{_address(url)}: HTTP {response.status_code}")
    # What was not asked for could unpack into any size.
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise FetchFault(FetchFaultKind.CONTENT, f"{_address(url)}: the answer is compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > DOCUMENT_BYTES:
            raise FetchFault(FetchFaultKind.SIZE, f"{_address(url)}: the answer is longer than {DOCUMENT_BYTES} bytes")
    return bytes(body)


_FAULTS: Final[tuple[tuple[type[BaseException], FetchFaultKind, str], ...]] = (
    (httpx.TimeoutException, FetchFaultKind.TIMEOUT, "no answer in time"),
    (ssl.SSLCertVerificationError, FetchFaultKind.TLS, "the certificate is refused"),
    (ssl.SSLError, FetchFaultKind.TLS, "no TLS connection"),
    (socket.gaierror, FetchFaultKind.DNS, "the host name has no address"),
    (httpx.ProxyError, FetchFaultKind.PROXY, "the proxy made no connection"),
    (httpx.ProtocolError, FetchFaultKind.CONTENT, "the answer is not HTTP"),
)


def _connection_fault(fault: BaseException, url: str) -> FetchFault:
    """Return what an operator can act on: the first of the known kinds that is among the fault's causes."""
    causes = _causes(fault)
    for fault_type, kind, sentence in _FAULTS:
        for each in causes:
            if isinstance(each, fault_type):
                # OpenSSL's own words; of our side, and of nothing that was sent.
                reason = getattr(each, "verify_message", None) or getattr(each, "reason", None)
                return FetchFault(kind, f"{_address(url)}: {sentence}{f' ({reason})' if reason else ''}")
    return FetchFault(FetchFaultKind.CONNECTION, f"{_address(url)}: no connection")


def _causes(fault: BaseException) -> list[BaseException]:
    """Return the fault and what it came from, of groups too: each address of a host is a try of its own."""
    causes: list[BaseException] = []
    pending: list[BaseException | None] = [fault]
    while pending and len(causes) < 20:
        each = pending.pop()
        if each is not None and each not in causes:
            causes.append(each)
            pending += [each.__context__, each.__cause__]
            pending += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
    return causes


def _address(url: str) -> str:
    """Return the address without a name, a password or a query, which may be secrets."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
