"""The media type of a response, chosen by the Accept header (RFC 9110 section 12.5.1, GraphQL over HTTP)."""

from typing import Final

from server.responses.headers import cached_parser, quality_values

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"


@cached_parser
def response_media_type(accept: str | None) -> str | None:
    """Return the media type of the response, or None if the client accepts neither of the two.

    Without the header or with only wildcards, return application/json, which older clients expect. If the client
    accepts both types equally, return application/graphql-response+json, whose status codes are more precise.
    """
    if accept is None or not accept.strip():
        return JSON
    qualities = quality_values(accept)
    json, graphql = qualities.get(JSON, 0.0), qualities.get(GRAPHQL_RESPONSE, 0.0)
    if json > 0 or graphql > 0:
        return JSON if json > graphql else GRAPHQL_RESPONSE
    if any(qualities.get(wildcard, 0.0) > 0 for wildcard in ("application/*", "*/*")):
        # A type with a quality of 0 is excluded from the wildcard.
        return next((media_type for media_type in (JSON, GRAPHQL_RESPONSE) if media_type not in qualities), None)
    return None


@cached_parser
def accepts_event_stream(accept: str | None) -> bool:
    """Return whether the Accept header names text/event-stream. A wildcard does not: few clients read streams."""
    return quality_values(accept or "").get(EVENT_STREAM, 0.0) > 0
