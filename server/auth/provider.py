"""The identity provider's documents, fetched with limits on size and time."""

import asyncio
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson

from server.auth.refusals import FetchFault, FetchFaultKind
from server.settings.protected_url import protected_url

MAX_DOCUMENT_BYTES: Final = 1_000_000
FETCH_SECONDS: Final = 5.0
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "group-sessions"}


class IdentityProvider:
    """Fetches the key set from a configured URL, or from the URL in the issuer's discovery document."""

    def __init__(
        self,
        jwks_url: str | None = None,
        *,
        issuer: str | None = None,
        ca_file: str | None = None,
        seconds: float = FETCH_SECONDS,
    ) -> None:
        """Configure the provider, without fetching anything.

        Args:
            jwks_url: The URL of the key set. Redirects are not followed.
            issuer: The issuer whose discovery document names that URL, if it is not configured.
            ca_file: A PEM file with the trusted certificate authorities; by default those of the machine.
            seconds: The timeout of `fetch_key_set` as a whole.
        """
        self._jwks_url = jwks_url
        self._issuer = issuer or ""
        self._seconds = seconds
        self._tls = ssl.create_default_context(cafile=ca_file)

    async def fetch_key_set(self) -> object:
        """Return the key set as parsed JSON.

        Raises:
            FetchFault: The key set could not be fetched.
        """
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                return await _fetch(client, self._jwks_url or await self._discover(client))
        except TimeoutError:
            raise FetchFault(FetchFaultKind.TIMEOUT, f"not fetched within {self._seconds:g} s") from None

    async def _discover(self, client: httpx.AsyncClient) -> str:
        # OpenID Connect Discovery 1.0 section 4: a trailing slash is removed before the path is added.
        url = f"{self._issuer.removesuffix('/')}/.well-known/openid-configuration"
        document = await _fetch(client, url)
        issuer = document.get("issuer") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(issuer, str):
            raise FetchFault(
                FetchFaultKind.CONTENT, f"{_safe_url(url)}: not a discovery document, because it names no issuer"
            )
        if issuer != self._issuer:
            slash = " (the trailing slash matters)" if issuer.rstrip("/") == self._issuer.rstrip("/") else ""
            sentence = "the document names another issuer than AUTH_ISSUER"
            raise FetchFault(FetchFaultKind.CONTENT, f"{_safe_url(url)}: {sentence}{slash}")
        jwks_url = document.get("jwks_uri")
        if not isinstance(jwks_url, str) or not _may_follow(self._issuer, jwks_url):
            raise FetchFault(FetchFaultKind.CONTENT, f"{_safe_url(url)}: jwks_uri must be an https:// URL")
        return jwks_url

    def _client(self) -> httpx.AsyncClient:
        try:
            # httpx reads proxies from the environment. It closes the socket when its own connect timeout expires, but
            # not when a handshake is cancelled, so its timeout must expire first.
            timeout = httpx.Timeout(self._seconds, connect=self._seconds / 2)
            return httpx.AsyncClient(verify=self._tls, timeout=timeout, headers=_HEADERS)
        except (ImportError, ValueError, httpx.InvalidURL):
            raise FetchFault(FetchFaultKind.PROXY, "the environment's proxy settings cannot be used") from None


def _may_follow(issuer: str, url: str) -> bool:
    """Return whether the issuer's document may name this URL. An https issuer must not name an http URL on loopback."""
    try:
        protected_url(url)
    except ValueError:
        return False
    return urlsplit(url).scheme in {"https", urlsplit(issuer).scheme}


async def _fetch(client: httpx.AsyncClient, url: str) -> object:
    try:
        async with client.stream("GET", url) as response:
            body = await _read(response, url)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise _connection_fault(error, url) from None
    try:
        return orjson.loads(body)
    except ValueError:
        raise FetchFault(FetchFaultKind.CONTENT, f"{_safe_url(url)}: the response is not JSON") from None


async def _read(response: httpx.Response, url: str) -> bytes:
    if response.status_code != 200:
        raise FetchFault(FetchFaultKind.STATUS, f"{_safe_url(url)}: HTTP {response.status_code}")
    # A compressed response could expand to any size. The request does not accept one.
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise FetchFault(FetchFaultKind.CONTENT, f"{_safe_url(url)}: the response must not be compressed")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_DOCUMENT_BYTES:
            raise FetchFault(FetchFaultKind.SIZE, f"{_safe_url(url)}: the response exceeds {MAX_DOCUMENT_BYTES} bytes")
    return bytes(body)


_FAULTS: Final[tuple[tuple[type[BaseException], FetchFaultKind, str], ...]] = (
    (httpx.TimeoutException, FetchFaultKind.TIMEOUT, "no response in time"),
    (ssl.SSLCertVerificationError, FetchFaultKind.TLS, "the certificate is not trusted"),
    (ssl.SSLError, FetchFaultKind.TLS, "the TLS handshake failed"),
    (socket.gaierror, FetchFaultKind.DNS, "the host name has no address"),
    (httpx.ProxyError, FetchFaultKind.PROXY, "the proxy did not connect"),
    (httpx.ProtocolError, FetchFaultKind.CONTENT, "the response is not HTTP"),
)


def _connection_fault(error: BaseException, url: str) -> FetchFault:
    """Return the fault for an operator: that of the first known exception type among the error and its causes."""
    causes = _causes(error)
    for error_type, kind, sentence in _FAULTS:
        for cause in causes:
            if isinstance(cause, error_type):
                # OpenSSL's reason describes its own check and contains nothing that the provider sent.
                reason = getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
                return FetchFault(kind, f"{_safe_url(url)}: {sentence}{f' ({reason})' if reason else ''}")
    return FetchFault(FetchFaultKind.CONNECTION, f"{_safe_url(url)}: no connection")


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and its causes. A group has one exception for each address of the host."""
    causes: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending and len(causes) < 20:
        cause = pending.pop()
        if cause is not None and cause not in causes:
            causes.append(cause)
            pending += [cause.__context__, cause.__cause__]
            pending += cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
    return causes


def _safe_url(url: str) -> str:
    """Return the URL without user, password and query, which may be secrets."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
