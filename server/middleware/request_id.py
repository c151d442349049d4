"""Request ids: taken from the X-Request-ID header, or made here. They correlate answers, logs, events and history."""

import re
from typing import Final

from uuid_utils import uuid7

HEADER: Final = "X-Request-ID"
# What a client sends ends in log lines and in rows of 128 characters.
_VALID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


def request_id(sent: str | None) -> str:
    """Return the id that the client sent where it is valid, else a new UUID of version 7."""
    return sent if sent is not None and _VALID.fullmatch(sent) else str(uuid7())
