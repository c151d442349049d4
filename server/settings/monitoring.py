"""The settings of metrics."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

_SHORTEST: Final = 32


def _token(value: str) -> str:
    if len(value) < _SHORTEST or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError
    return value


class MonitoringSettings(BaseModel):
    """The settings of monitoring. Each description completes the sentence "VARIABLE must be ..."."""

    metrics_token: Annotated[str, AfterValidator(_token)] | None = Field(
        None,
        repr=False,
        description=f"at least {_SHORTEST} ASCII characters without spaces, such as `openssl rand -hex 32` prints",
    )
