"""Reporting tokens in an Authorization header."""

import base64
import binascii
from typing import Final

REPORTING_PREFIX: Final = "gsr_"


def basic_password(credentials: str) -> str | None:
    """Return the password in the credentials of Basic (RFC 7617), or None if they are malformed."""
    try:
        _user, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return password if colon else None
