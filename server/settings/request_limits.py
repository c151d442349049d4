"""The limits of GraphQL requests."""

from dataclasses import dataclass
from typing import Final

from schema.admission.limits import DEFAULT_LIMITS, Limits

DEFAULT_BODY_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The limits of requests.

    Attributes:
        body_bytes: The maximum length of a request body.
        document: The limits of a GraphQL document.
        rate_limit: How many requests one caller may send, such as `100/minute`; None for no limit.
        persisted_queries: Whether clients may send the hash of a document instead of its text.
    """

    body_bytes: int = DEFAULT_BODY_BYTES
    document: Limits = DEFAULT_LIMITS
    rate_limit: str | None = None
    persisted_queries: bool = True


DEFAULT_REQUEST_LIMITS: Final = RequestLimits()
