"""The mapping of a token's claims to a caller, by configurable paths."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from resolvers.caller import ROLES, Caller, PermissionKey
from server.auth.refusals import RefusalReason, Unauthenticated
from server.settings.environment import Settings

_MAX_SUBJECT_LENGTH: Final = 255  # OpenID Connect Core section 2
_MAX_ORGANIZATION_LENGTH: Final = 64
_KEYS: Final = frozenset(str(key) for key in PermissionKey)
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """The claims that name the organization, permissions and roles. `claim_at` defines the paths.

    Attributes:
        organization: The path to the organization.
        permissions: The paths to permission keys. The caller gets the keys of all paths.
        roles: The paths to roles. The caller gets the roles of all paths.
        role_permissions: The permission keys of each role. Unknown roles have none.
    """

    organization: str = "organization_id"
    permissions: tuple[str, ...] = ("permissions",)
    roles: tuple[str, ...] = ("roles",)
    role_permissions: Mapping[str, frozenset[PermissionKey]] = field(default_factory=lambda: ROLES)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the configured rules."""
        return cls(
            settings.auth_claim_organization,
            settings.permission_claims,
            settings.role_claims,
            settings.role_permissions,
        )

    def caller_of(self, claims: Mapping[str, Any]) -> Caller:
        """Return the caller.

        Raises:
            Unauthenticated: A claim is missing or malformed.
        """
        subject = _text(claim_at(claims, "sub"), "sub", _MAX_SUBJECT_LENGTH, RefusalReason.NO_SUBJECT)
        organization_id = _organization(claim_at(claims, self.organization), self.organization)
        keys = {PermissionKey(word) for path in self.permissions for word in _words(claims, path) if word in _KEYS}
        roles = (word for path in self.roles for word in _words(claims, path))
        keys_of_roles = (self.role_permissions.get(role, frozenset()) for role in roles)
        return Caller(subject, organization_id, frozenset(keys).union(*keys_of_roles))

    def missing_claims(self, claims: Mapping[str, Any]) -> list[str]:
        """Return the paths to permissions and roles for which the token has no claim."""
        return [path for path in (*self.permissions, *self.roles) if claim_at(claims, path) is _ABSENT]


def claim_at(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim at a path, or `_ABSENT`.

    The name of a claim may contain dots, as `https://example.org/org` does, so the longest name wins: the whole path if
    it is the name of a claim, otherwise the longest part before a dot that is the name of an object. The rest of the
    path is looked up in that object by the same rule.
    """
    if path in claims:
        return claims[path]
    end = path.rfind(".")
    while end > 0:
        inner = claims.get(path[:end])
        if isinstance(inner, dict):
            return claim_at(inner, path[end + 1 :])
        end = path.rfind(".", 0, end)
    return _ABSENT


def _organization(value: Any, path: str) -> str:
    """Return the organization in a claim: a string, a list of one string, or Keycloak's object with one key."""
    if isinstance(value, list | dict):
        # Keycloak's form is {"acme": {}}. An object with other values does not contain organizations.
        if isinstance(value, dict) and not all(isinstance(details, dict) for details in value.values()):
            value = None
        elif len(value) > 1:
            message = f"The token's claim {path} names several organizations. Request a token for one organization."
            raise Unauthenticated(RefusalReason.SEVERAL_ORGANIZATIONS, message)
        else:
            value = next(iter(value), _ABSENT)
    return _text(value, path, _MAX_ORGANIZATION_LENGTH, RefusalReason.NO_ORGANIZATION)


def _text(value: Any, path: str, max_length: int, reason_if_absent: RefusalReason) -> str:
    # Control characters could forge log lines, and a database cannot store NUL and lone surrogates.
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > max_length
        or any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
    ):
        if value is _ABSENT:
            raise Unauthenticated(reason_if_absent, f"The token's claim {path} is missing.")
        message = f"The token's claim {path} must be text of 1 to {max_length} characters."
        raise Unauthenticated(RefusalReason.MALFORMED_CLAIM, message)
    return value


def _words(claims: Mapping[str, Any], path: str) -> Iterator[str]:
    value = claim_at(claims, path)
    if value is _ABSENT:
        return
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        message = f"The token's claim {path} must be a list of strings, or a string of words separated by spaces."
        raise Unauthenticated(RefusalReason.MALFORMED_CLAIM, message)
    yield from value
