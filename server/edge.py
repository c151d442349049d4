"""What the HTTP edge takes from a client, as the settings say."""

from dataclasses import dataclass
from typing import Final

from schema.limits import DEFAULT_LIMITS, Limits

BODY_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Edge:
    """The bounds of requests.

    Attributes:
        body_bytes: The longest body.
        limits: What a GraphQL document may ask for.
    """

    body_bytes: int = BODY_BYTES
    limits: Limits = DEFAULT_LIMITS


DEFAULT_EDGE: Final = Edge()
