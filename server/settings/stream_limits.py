"""The limits of streams."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """The limits of streams in one server process.

    Attributes:
        per_caller: The most streams of one caller.
        total: The most streams of all callers.
        heartbeat: The seconds between two signs of life on an idle stream. Proxies close connections that are silent
            for a minute.
        slow_reader: The seconds for which a client may leave a change unread.
        connection_init: The seconds in which a WebSocket must sign in.
        messages: The most messages of a WebSocket in `messages_seconds`.
        messages_seconds: That time.
    """

    per_caller: int = 5
    total: int = 500
    heartbeat: float = 15.0
    slow_reader: float = 10.0
    connection_init: float = 10.0
    messages: int = 100
    messages_seconds: float = 10.0


DEFAULT_STREAM_LIMITS: Final = StreamLimits()
