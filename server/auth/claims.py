"""The caller that a token's claims name, wherever the provider puts them."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from resolvers.caller import ROLES, Caller, PermissionKey
from server.auth.refusals import RefusalReason, Unauthenticated
from server.settings.environment import Settings

_SUBJECT_LENGTH: Final = 255  # OpenID Connect Core section 2
_ORGANIZATION_LENGTH: Final = 64
_KEYS: Final = frozenset(str(key) for key in PermissionKey)
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What is read from a token besides its subject. A path leads to a claim: see `claim_at`.

    Attributes:
        organization: The path to the organization.
        permissions: The paths to permission keys; what they lead to adds up.
        roles: The paths to roles, likewise.
        role_permissions: The keys that each role holds. Other roles hold none.
    """

    organization: str = "organization_id"
    permissions: tuple[str, ...] = ("permissions",)
    roles: tuple[str, ...] = ("roles",)
    role_permissions: Mapping[str, frozenset[PermissionKey]] = field(default_factory=lambda: ROLES)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the rules that the settings ask for."""
        return cls(
            settings.auth_claim_organization,
            settings.permission_claims,
            settings.role_claims,
            settings.role_permissions,
        )

    def caller_of(self, claims: Mapping[str, Any]) -> Caller:
        """Return the caller.

        Raises:
            Unauthenticated: A claim is missing, or is not what it should be.
        """
        subject = _text(claim_at(claims, "sub"), "sub", _SUBJECT_LENGTH, RefusalReason.NO_SUBJECT)
        organization_id = _organization(claim_at(claims, self.organization), self.organization)
        keys = {PermissionKey(word) for path in self.permissions for word in _words(claims, path) if word in _KEYS}
        roles = (word for path in self.roles for word in _words(claims, path))
        of_roles = (self.role_permissions.get(role, frozenset()) for role in roles)
        return Caller(subject, organization_id, frozenset(keys).union(*of_roles))

    def absent_from(self, claims: Mapping[str, Any]) -> list[str]:
        """Return the paths to permissions and roles that lead nowhere."""
        return [path for path in (*self.permissions, *self.roles) if claim_at(claims, path) is _ABSENT]


def claim_at(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim that a path leads to, or a value that is no claim's.

    Names of claims may hold dots themselves, as `https://example.org/org` does, so the longest name wins: the whole
    path, if it is the name of a claim; else the longest part before a dot that is the name of an object, and in that
    object the rest of the path by the same rule.
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
    """Return the one organization of a claim: a text, a list of one, or an object of one, as Keycloak makes them."""
    if isinstance(value, list | dict):
        # {"acme": {}}; an object of other values is no list of organizations.
        if isinstance(value, dict) and not all(isinstance(each, dict) for each in value.values()):
            value = None
        elif len(value) > 1:
            message = f"The token's claim {path} names several organizations; a token is for one of them."
            raise Unauthenticated(RefusalReason.SEVERAL_ORGANIZATIONS, message)
        else:
            value = next(iter(value), _ABSENT)
    return _text(value, path, _ORGANIZATION_LENGTH, RefusalReason.NO_ORGANIZATION)


def _text(value: Any, path: str, longest: int, absent: RefusalReason) -> str:
    # Control characters forge log lines, NUL and lone surrogates have no place in a database's text.
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > longest
        or any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
    ):
        reason = absent if value is _ABSENT else RefusalReason.MALFORMED_CLAIM
        raise Unauthenticated(reason, f"The token's claim {path} must be text of 1 to {longest} characters.")
    return value


def _words(claims: Mapping[str, Any], path: str) -> Iterator[str]:
    value = claim_at(claims, path)
    if value is _ABSENT:
        return
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        message = f"The token's claim {path} must be a list of strings, or a string of words with spaces between them."
        raise Unauthenticated(RefusalReason.MALFORMED_CLAIM, message)
    yield from value
