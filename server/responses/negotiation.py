"""Which media type an answer has, by the Accept header (RFC 9110 section 12.5.1, GraphQL over HTTP)."""

from typing import Final

from server.responses.headers import cached

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"


@cached
def response_media_type(accept: str | None) -> str | None:
    """Return the media type to answer in; None where the client takes neither.

    Without a header, and where it only takes what comes, that is application/json, as older clients expect.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = _ranges(accept)
    exact = [(ranges[name], name) for name in (JSON, GRAPHQL_RESPONSE) if name in ranges]
    wanted = max((quality for quality, _ in exact), default=0.0)
    if wanted > 0:
        # Asked for both alike, the newer one: its status codes tell more.
        return next(name for quality, name in reversed(exact) if quality == wanted)
    for wildcard in ("application/*", "*/*"):
        if ranges.get(wildcard, 0.0) > 0:
            return next((name for name in (JSON, GRAPHQL_RESPONSE) if name not in ranges), None)
    return None


def _ranges(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _quality(value.strip())
        found[name] = max(quality, found.get(name, 0.0))
    return found


def _quality(value: str) -> float:
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
