"""Addresses that secrets or patients' ids are sent to, or keys are taken from: nobody may listen in."""

from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def protected_url(value: str) -> str:
    """Return the address where it is https://, or http:// on this machine alone. Raise ValueError for others."""
    url = urlsplit(value)
    if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)):
        raise ValueError
    if url.port == 0 or any(character.isspace() for character in value):  # asking for the port checks it
        raise ValueError
    return value
