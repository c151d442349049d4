"""Security headers on every answer, errors and missing pages included (OWASP Secure Headers)."""

from collections.abc import MutableMapping, Sequence
from typing import Any, Final

# Answers are data: should a browser show one as a page, it may load, run and be framed by nothing. GraphiQL's page
# brings a policy of its own.
_HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
# Of meaning over TLS only (RFC 6797 section 8.1). Behind a proxy that ends TLS, it is the proxy's to send.
_OVER_TLS: Final = ((b"strict-transport-security", b"max-age=31536000"),)


def secured(headers: Sequence[tuple[bytes, bytes]], scope: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with those that it lacks.

    Args:
        headers: The headers, with their names in small letters, as ASGI has them.
        scope: The request.
    """
    wanted = _HEADERS + _OVER_TLS if scope.get("scheme") == "https" else _HEADERS
    present = {name for name, _ in headers}
    return [*headers, *[header for header in wanted if header[0] not in present]]
