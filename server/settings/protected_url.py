"""URLs of servers that receive secrets or patient ids, or provide keys. Connections to them must be encrypted."""

from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def protected_url(value: str) -> str:
    """Return the URL if it is https://, or http:// on the loopback interface. Raise ValueError otherwise."""
    url = urlsplit(value)
    if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)):
        raise ValueError
    if url.port == 0 or any(character.isspace() for character in value):  # reading an invalid port raises ValueError
        raise ValueError
    return value
