"""The settings of metrics and traces."""

from importlib.util import find_spec
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

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
    traces: Annotated[Literal["off", "otlp"], BeforeValidator(str.lower)] = Field("off", description="off or otlp")

    def check_traces(self) -> None:
        """Raise ValueError, with a message for the operator, if the libraries of traces are not installed."""
        if self.traces == "otlp" and find_spec("opentelemetry") is None:
            raise ValueError("TRACES=otlp needs libraries. Run pip install 'group-sessions[otel]'.")
