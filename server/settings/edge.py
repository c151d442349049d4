"""The settings of the HTTP edge: the limits of a request, whose pages may call, and how often."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveInt
from pydantic_settings import BaseSettings

from schema.admission.limits import DEFAULT_LIMITS, Limits
from server.settings.request_limits import BODY_BYTES, Edge

_NUMBER: Final = "a whole number from 1"


def _origins(value: str) -> str:
    for origin in _separate(value):
        url = urlsplit(origin)
        # As browsers send it (RFC 6454 section 6.2): no path, no trailing slash, in lower case.
        if url.scheme not in {"http", "https"} or not url.hostname or origin != f"{url.scheme}://{url.netloc}".lower():
            raise ValueError
    return value


def _separate(value: str) -> tuple[str, ...]:
    return tuple(value.replace(",", " ").split())


def _rate_limit(value: str) -> str:
    from server.runtime.rate_limit import RateLimit

    RateLimit(value)
    return value


class EdgeSettings(BaseSettings):
    """The settings of requests. Descriptions say which values are accepted, as in `server.settings.environment`."""

    cors_origins: Annotated[str, AfterValidator(_origins)] = Field(
        "", description="origins such as https://admin.example.org, separated by commas"
    )
    rate_limit: Annotated[str, AfterValidator(_rate_limit)] | None = Field(
        None, description="a number of requests per time, such as 100/minute or 10/second;200/minute"
    )
    limit_body_bytes: PositiveInt = Field(BODY_BYTES, description=_NUMBER)
    limit_characters: PositiveInt = Field(DEFAULT_LIMITS.characters, description=_NUMBER)
    limit_tokens: PositiveInt = Field(DEFAULT_LIMITS.tokens, description=_NUMBER)
    limit_depth: PositiveInt = Field(DEFAULT_LIMITS.depth, description=_NUMBER)
    limit_aliases: PositiveInt = Field(DEFAULT_LIMITS.aliases, description=_NUMBER)
    limit_fragments: PositiveInt = Field(DEFAULT_LIMITS.fragments, description=_NUMBER)
    limit_root_fields: PositiveInt = Field(DEFAULT_LIMITS.root_fields, description=_NUMBER)
    limit_directives: PositiveInt = Field(DEFAULT_LIMITS.directives, description=_NUMBER)
    limit_comparisons: PositiveInt = Field(DEFAULT_LIMITS.comparisons, description=_NUMBER)
    limit_cost: PositiveInt = Field(DEFAULT_LIMITS.cost, description=_NUMBER)
    limit_cache_bytes: PositiveInt = Field(DEFAULT_LIMITS.cache_bytes, description=_NUMBER)

    @property
    def edge(self) -> Edge:
        """What requests are bounded by."""
        limits = Limits(**{name: getattr(self, f"limit_{name}") for name in Limits.__slots__})
        return Edge(self.limit_body_bytes, limits, _separate(self.cors_origins), self.rate_limit)
