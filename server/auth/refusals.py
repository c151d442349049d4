"""The errors of sign-in, with the reasons that the log names."""

from enum import StrEnum
from typing import Final

from server.responses.errors import ErrorCode
from server.responses.json_responses import RequestRefused


class RefusalReason(StrEnum):
    """The reason why a token is refused, as `refusal` in the log. It contains nothing of the token."""

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
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 - a reason, not a password
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"


class Unauthenticated(RequestRefused):
    """A request without a valid token. The message contains nothing of the token."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        headers = {"WWW-Authenticate": _challenge(reason, message)}
        super().__init__(401, ErrorCode.UNAUTHENTICATED, message, headers=headers, reason=reason)


def _challenge(reason: RefusalReason, message: str) -> str:
    """Return the challenge of RFC 6750 section 3. A request without a token gets no error code."""
    if reason is RefusalReason.NO_TOKEN:
        return "Bearer"
    # The names of claims in a message come from the settings, and may have any characters.
    description = "".join(character if character in _DESCRIPTION_CHARACTERS else "?" for character in message)
    return f'Bearer error="invalid_token", error_description="{description}"'


_DESCRIPTION_CHARACTERS: Final = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}


class KeysUnavailable(RequestRefused):
    """The identity provider's keys cannot be fetched. The token may be valid, so the client should retry."""

    def __init__(self) -> None:
        message = "The identity provider's signing keys are unavailable. Try again in 10 seconds."
        headers = {"Retry-After": "10"}
        super().__init__(
            503, ErrorCode.UNAVAILABLE, message, headers=headers, reason=RefusalReason.PROVIDER_UNAVAILABLE
        )


class FetchFaultKind(StrEnum):
    """Why a document of the identity provider could not be fetched, as `cause` in the log."""

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
    """A document of the identity provider could not be fetched, or is invalid.

    Attributes:
        kind: The kind of the fault.
        detail: A description for the operator. It contains nothing that the provider sent.
    """

    def __init__(self, kind: FetchFaultKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
