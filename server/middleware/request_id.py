"""Request ids, from the X-Request-ID header or new. They connect responses, log lines, events and history."""

import re
from typing import Final

from uuid_utils import uuid7

HEADER: Final = "X-Request-ID"
# The id of the client is written to log lines and to columns of 128 characters.
_VALID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)


def request_id(client_id: str | None) -> str:
    """Return the id that the client sent if it is valid, or a new UUID of version 7."""
    return client_id if client_id is not None and _VALID.fullmatch(client_id) else str(uuid7())
