"""The settings of GraphQL requests: their limits, and the origins whose pages may send them."""

from importlib.util import find_spec
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PositiveInt

from schema.admission.limits import DEFAULT_LIMITS, Limits
from server.runtime.rate_limit import RateLimit
from server.settings.lists import split_list
from server.settings.request_limits import DEFAULT_BODY_BYTES, RequestLimits
from server.settings.stream_limits import DEFAULT_STREAM_LIMITS

_NUMBER: Final = "a whole number of 1 or more"


def _origins(value: str) -> str:
    for origin in split_list(value):
        url = urlsplit(origin)
        # As browsers send it (RFC 6454 section 6.2): in lower case, without a path or a trailing slash.
        if url.scheme not in {"http", "https"} or not url.hostname or origin != f"{url.scheme}://{url.netloc}".lower():
            raise ValueError
    return value


def _rate_limit(value: str) -> str:
    RateLimit(value)
    return value


def _store(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"valkey", "valkeys", "redis", "rediss"} or not url.hostname:
        raise ValueError
    return value


class RequestSettings(BaseModel):
    """The settings of requests. Each description completes the sentence "VARIABLE must be ..."."""

    cors_origins: Annotated[str, AfterValidator(_origins)] = Field(
        "", description="origins such as https://admin.example.org, separated by commas"
    )
    rate_limit: Annotated[str, AfterValidator(_rate_limit)] | None = Field(
        None, description="a number of requests per time, such as 100/minute or 10/second;200/minute"
    )
    rate_limit_store: Annotated[str, AfterValidator(_store)] | None = Field(
        None,
        repr=False,  # it may hold a password
        description="the URL of a Valkey or Redis: valkey://host:port/number, or valkeys:// with TLS",
    )
    persisted_queries: Annotated[Literal["on", "off"], BeforeValidator(str.lower)] = Field(
        "on", description="on or off"
    )
    limit_body_bytes: PositiveInt = Field(DEFAULT_BODY_BYTES, description=_NUMBER)
    limit_streams: PositiveInt = Field(DEFAULT_STREAM_LIMITS.per_caller, description=_NUMBER)
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

    def check_rate_limit_store(self) -> None:
        """Raise ValueError, with a message for the operator, if the library of the store is not installed."""
        if self.rate_limit_store is not None and find_spec("valkey") is None:
            raise ValueError("RATE_LIMIT_STORE needs a library. Run pip install 'group-sessions[valkey]'.")

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The origins whose pages may send requests."""
        return split_list(self.cors_origins)

    @property
    def request_limits(self) -> RequestLimits:
        """The limits of requests."""
        limits = Limits(**{name: getattr(self, f"limit_{name}") for name in Limits.__slots__})
        return RequestLimits(self.limit_body_bytes, limits, self.rate_limit, self.persisted_queries == "on")
