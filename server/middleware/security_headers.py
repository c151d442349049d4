"""Security headers for every response, errors and missing pages included (OWASP Secure Headers)."""

from collections.abc import MutableMapping, Sequence
from typing import Any, Final

# Responses are data. If a browser shows one as a page, the page may load, run and submit nothing, and no other page may
# frame it. The GraphiQL page sets its own policy.
_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
# Browsers ignore it without TLS (RFC 6797 section 8.1). Behind a proxy that terminates TLS, the scheme is https only if
# the proxy is trusted and sends X-Forwarded-Proto.
_HEADERS_WITH_TLS: Final = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000"))


def with_security_headers(
    headers: Sequence[tuple[bytes, bytes]], scope: MutableMapping[str, Any]
) -> list[tuple[bytes, bytes]]:
    """Return the headers of a response and the security headers that it lacks.

    Args:
        headers: The headers, with names in lower case as in ASGI.
        scope: The request.
    """
    required = _HEADERS_WITH_TLS if scope.get("scheme") == "https" else _HEADERS
    present = {name for name, _ in headers}
    return [*headers, *[header for header in required if header[0] not in present]]
