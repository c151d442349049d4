"""Random tokens that the database knows by their digests: those of calendar feeds and of reports.

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

_SECRET_BYTES: Final = 32
_AFTER_PREFIX: Final = re.compile(r"([\w-]{1,344})\.[\w-]{43}", re.ASCII)
_MAX_ORGANIZATION_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class SecretToken:
    """A token as its holder has it.

    Attributes:
        text: The token.
        organization_id: The organization that it names. Anyone can make up such a token, so only the digest counts.
    """

    text: str
    organization_id: str

    @classmethod
    def new(cls, prefix: str, organization_id: str) -> Self:
        """Return a fresh random token. The prefix says what it is for."""
        organization = base64.urlsafe_b64encode(organization_id.encode()).rstrip(b"=").decode()
        return cls(f"{prefix}{organization}.{secrets.token_urlsafe(_SECRET_BYTES)}", organization_id)

    @classmethod
    def parse(cls, prefix: str, text: str) -> Self | None:
        """Return the token, or None if the text has not the form of one with this prefix."""
        match = _AFTER_PREFIX.fullmatch(text.removeprefix(prefix)) if text.startswith(prefix) else None
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
