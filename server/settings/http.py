"""The settings of HTTP connections."""

from dataclasses import fields
from typing import Final

from pydantic import BaseModel, Field, PositiveInt

from server.http.limits import DEFAULT_HTTP_LIMITS, HttpLimits

_NUMBER: Final = "a whole number of 1 or more"
_SECONDS: Final = "a whole number of seconds, 1 or more"


class HttpSettings(BaseModel):
    """The limits of connections. Each description completes the sentence "VARIABLE must be ..."."""

    limit_head_bytes: int = Field(
        DEFAULT_HTTP_LIMITS.head_bytes, ge=1_000, description="a whole number of 1000 or more"
    )
    limit_header_lines: PositiveInt = Field(DEFAULT_HTTP_LIMITS.header_lines, description=_NUMBER)
    limit_connections: PositiveInt = Field(DEFAULT_HTTP_LIMITS.connections, description=_NUMBER)
    limit_connections_per_peer: PositiveInt = Field(DEFAULT_HTTP_LIMITS.connections_per_peer, description=_NUMBER)
    limit_unsent_bytes: PositiveInt = Field(DEFAULT_HTTP_LIMITS.unsent_bytes, description=_NUMBER)
    limit_drain_bytes: PositiveInt = Field(DEFAULT_HTTP_LIMITS.drain_bytes, description=_NUMBER)
    timeout_head: PositiveInt = Field(DEFAULT_HTTP_LIMITS.timeout_head, description=_SECONDS)
    timeout_body: PositiveInt = Field(DEFAULT_HTTP_LIMITS.timeout_body, description=_SECONDS)
    timeout_write: PositiveInt = Field(DEFAULT_HTTP_LIMITS.timeout_write, description=_SECONDS)
    timeout_drain: PositiveInt = Field(DEFAULT_HTTP_LIMITS.timeout_drain, description=_SECONDS)
    timeout_keep_alive: PositiveInt = Field(DEFAULT_HTTP_LIMITS.timeout_keep_alive, description=_SECONDS)

    @property
    def http_limits(self) -> HttpLimits:
        """The limits of connections."""
        names = [field.name for field in fields(HttpLimits)]
        return HttpLimits(
            **{name: getattr(self, name if name.startswith("timeout_") else f"limit_{name}") for name in names}
        )
