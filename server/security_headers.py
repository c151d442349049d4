"""Security headers on every answer, errors and missing pages included (OWASP Secure Headers)."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class SecurityHeaders:
    """Adds the headers that an answer does not have yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = _HEADERS + _OVER_TLS if scope.get("scheme") == "https" else _HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                present = {name for name, _ in headers}  # ASGI has names in small letters
                message["headers"] = [*headers, *(header for header in wanted if header[0] not in present)]
            await send(message)

        await self._app(scope, receive, send_with_headers)
