"""What the HTTP edge takes from a client, as the settings say."""

from dataclasses import dataclass
from typing import Final

from schema.admission.limits import DEFAULT_LIMITS, Limits

BODY_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Edge:
    """The bounds of requests.

    Attributes:
        body_bytes: The longest body.
        limits: What a GraphQL document may ask for.
        cors_origins: Origins whose pages may call; others, and none by default, may not.
        rate_limit: How often one caller may ask, such as `100/minute`; None for as often as it likes.
    """

    body_bytes: int = BODY_BYTES
    limits: Limits = DEFAULT_LIMITS
    cors_origins: tuple[str, ...] = ()
    rate_limit: str | None = None


DEFAULT_EDGE: Final = Edge()
