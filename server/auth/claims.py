"""The caller that a token's claims name."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from resolvers.caller import ROLES, Caller, PermissionKey
from server.auth.refusals import RefusalReason, Unauthenticated

_SUBJECT_LENGTH: Final = 255  # OpenID Connect Core section 2
_ORGANIZATION_LENGTH: Final = 64
_KEYS: Final = frozenset(str(key) for key in PermissionKey)


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """Return the caller.

    Raises:
        Unauthenticated: A claim is missing, or is not what it should be.
    """
    subject = _text(claims, "sub", _SUBJECT_LENGTH, RefusalReason.NO_SUBJECT)
    organization_id = _text(claims, "organization_id", _ORGANIZATION_LENGTH, RefusalReason.NO_ORGANIZATION)
    keys = {PermissionKey(key) for key in _words(claims, "permissions") if key in _KEYS}
    of_roles = (ROLES.get(role, frozenset()) for role in _words(claims, "roles"))
    return Caller(subject, organization_id, frozenset(keys).union(*of_roles))


def _text(claims: Mapping[str, Any], name: str, longest: int, absent: RefusalReason) -> str:
    value = claims.get(name)
    # Control characters forge log lines, NUL and lone surrogates have no place in a database's text.
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > longest
        or any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
    ):
        reason = absent if name not in claims else RefusalReason.MALFORMED_CLAIM
        raise Unauthenticated(reason, f"The token's claim {name} must be text of 1 to {longest} characters.")
    return value


def _words(claims: Mapping[str, Any], name: str) -> list[str]:
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Unauthenticated(RefusalReason.MALFORMED_CLAIM, f"The token's claim {name} must be a list of strings.")
    return value
