"""Reporting tokens: how they look, and how they are found in an Authorization header.

A token names its organization, so that the server looks it up within the organization, as it does everything else.
"""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final, Self

from domain.texts import is_storable

_PREFIX: Final = "gsr_"
_SECRET_BYTES: Final = 32
_TOKEN: Final = re.compile(_PREFIX + r"([\w-]{1,344})\.[\w-]{43}", re.ASCII)
_MAX_ORGANIZATION_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class TokenSecret:
    """A reporting token as its holder has it.

    Attributes:
        text: The token.
        organization_id: The organization that it names. Anyone can make up such a token, so only the digest counts.
    """

    text: str
    organization_id: str

    @classmethod
    def new(cls, organization_id: str) -> Self:
        """Return a fresh random token."""
        organization = base64.urlsafe_b64encode(organization_id.encode()).rstrip(b"=").decode()
        return cls(f"{_PREFIX}{organization}.{secrets.token_urlsafe(_SECRET_BYTES)}", organization_id)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the token, or None if the text has not the form of one."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            return None
        padded = match[1] + "=" * (-len(match[1]) % 4)
        try:
            organization_id = base64.urlsafe_b64decode(padded).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not organization_id or len(organization_id) > _MAX_ORGANIZATION_LENGTH or not is_storable(organization_id):
            return None
        return cls(text, organization_id)

    @property
    def digest(self) -> bytes:
        """What the database stores of it."""
        return hashlib.sha256(self.text.encode()).digest()


def basic_password(credentials: str) -> str | None:
    """Return the password in the credentials of Basic (RFC 7617), or None if they are malformed."""
    try:
        _user, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return password if colon else None
