"""Why a request is not signed in: the reasons that the log names, and the exceptions that carry them."""

from enum import StrEnum
from typing import Final


class RefusalReason(StrEnum):
    """Why a token was refused, as the log's `refusal` names it. None of them quotes anything of the token."""

    ALGORITHM_REFUSED = "algorithm_refused"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    MALFORMED = "malformed"
    MALFORMED_CLAIM = "malformed_claim"
    NO_EXPIRY = "no_expiry"
    NO_KEY_ID = "no_key_id"
    NO_ORGANIZATION = "no_organization"
    NO_SUBJECT = "no_subject"
    NO_TOKEN = "no_token"  # noqa: S105 - a reason, not a password
    NOT_YET_VALID = "not_yet_valid"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    SEVERAL_ORGANIZATIONS = "several_organizations"
    TOO_LONG = "too_long"
    UNKNOWN_KEY = "unknown_key"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"


class Unauthenticated(Exception):
    """There is no token, or none that is valid.

    Attributes:
        reason: The reason for the log.
        message: The reason for the caller, without anything of the token's content.
    """

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    @property
    def challenge(self) -> str:
        """The WWW-Authenticate header (RFC 6750 section 3): a request without a token gets no error code."""
        if self.reason is RefusalReason.NO_TOKEN:
            return "Bearer"
        # The messages are ours, but claims have the names that the settings give them.
        description = "".join(character if character in _DESCRIBABLE else "?" for character in self.message)
        return f'Bearer error="invalid_token", error_description="{description}"'


_DESCRIBABLE: Final = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}


class KeysUnavailable(Exception):
    """The provider's keys cannot be fetched now. The token may be valid, and the caller may try again."""

    def __init__(self) -> None:
        super().__init__("The identity provider's signing keys cannot be fetched at the moment.")


class FetchFaultKind(StrEnum):
    """What went wrong when a document of the identity provider was fetched, as the log's `cause` names it."""

    CONNECTION = "connection"
    CONTENT = "content"
    DNS = "dns"
    PROXY = "proxy"
    SIZE = "size"
    STATUS = "status"
    TIMEOUT = "timeout"
    TLS = "tls"
    UNEXPECTED = "unexpected"


class FetchFault(Exception):
    """A document of the identity provider could not be fetched, or is not what it should be.

    Attributes:
        kind: What went wrong.
        detail: More on it for an operator, without anything that the provider sent.
    """

    def __init__(self, kind: FetchFaultKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
