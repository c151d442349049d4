"""The settings of sign-in: which tokens are valid, and which claims are read from them."""

import json
import ssl
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

import jwt
from pydantic import AfterValidator, BaseModel, Field

from resolvers.caller import ROLES, PermissionKey
from server.settings.lists import split_list
from server.settings.protected_url import protected_url

MINIMUM_SECRET_BYTES: Final = 32  # RFC 7518 section 3.2: an HS256 key is at least as long as its hash
_PATH: Final = (
    "the name of a claim, or a path such as realm_access.roles: at most 200 characters without spaces or commas"
)
_PATHS: Final = "names or paths of claims, such as roles or realm_access.roles, separated by commas"
_MAX_PATH_LENGTH: Final = 200
_ROLE_PERMISSIONS: Final = (
    "a JSON object that lists the permission keys or built-in roles of each role,"
    ' such as {"Front desk": ["pm.group_schedule.view"], "Manager": ["org_admin"]}'
)
_GRANTS: Final[Mapping[str, frozenset[PermissionKey]]] = {
    **ROLES,
    **{str(key): frozenset({key}) for key in PermissionKey},
}


def _shared_secret(value: str) -> str:
    if len(value.encode()) < MINIMUM_SECRET_BYTES:
        raise ValueError
    try:
        jwt.encode({}, value, algorithm="HS256")  # raises an error for a public key
    except jwt.InvalidKeyError as error:
        raise ValueError from error
    return value


def _claim_path(value: str) -> str:
    if split_list(value) != (value,) or len(value) > _MAX_PATH_LENGTH or not value.isprintable():
        raise ValueError
    return value


def _claim_paths(value: str) -> str:
    if not [_claim_path(path) for path in split_list(value)]:
        raise ValueError
    return value


def _ca_file(path: str) -> str:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # missing, not readable, or without a certificate
        raise ValueError from error
    return path


class AuthSettings(BaseModel):
    """The settings of sign-in. Each description completes the sentence "VARIABLE must be ..."."""

    auth_jwt_secret: Annotated[str, AfterValidator(_shared_secret)] | None = Field(
        None,
        repr=False,
        description=f"a shared secret of at least {MINIMUM_SECRET_BYTES} bytes for HS256, not a public key",
    )
    auth_jwks_url: Annotated[str, AfterValidator(protected_url)] | None = Field(
        None, description="the https:// URL of a JSON Web Key Set (http:// only on loopback)"
    )
    auth_issuer: str | None = Field(None, description="the `iss` that tokens must have")
    auth_audience: str | None = Field(None, description="the `aud` that tokens must have")
    auth_ca_file: Annotated[str, AfterValidator(_ca_file)] | None = Field(
        None,
        description="the path of a readable PEM file with the CA certificates that verify the identity provider's"
        " certificate",
    )
    auth_leeway: int = Field(10, ge=0, le=300, description="a whole number of seconds from 0 to 300")

    auth_claim_organization: Annotated[str, AfterValidator(_claim_path)] = Field("organization_id", description=_PATH)
    auth_claim_permissions: Annotated[str, AfterValidator(_claim_paths)] = Field("permissions", description=_PATHS)
    auth_claim_roles: Annotated[str, AfterValidator(_claim_paths)] = Field("roles", description=_PATHS)
    auth_role_permissions: str | None = Field(None, description=_ROLE_PERMISSIONS)

    @property
    def sign_in_configured(self) -> bool:
        """Whether tokens can be verified: with a shared secret, or with the keys of an identity provider."""
        return self.auth_jwt_secret is not None or self.signs_in_by_provider

    @property
    def signs_in_by_provider(self) -> bool:
        """Whether tokens are verified with the keys of a provider, at AUTH_JWKS_URL or found by AUTH_ISSUER."""
        return self.auth_jwt_secret is None and (self.auth_jwks_url is not None or self.auth_issuer is not None)

    @property
    def permission_claims(self) -> tuple[str, ...]:
        """The paths of the claims with permission keys."""
        return split_list(self.auth_claim_permissions)

    @property
    def role_claims(self) -> tuple[str, ...]:
        """The paths of the claims with roles."""
        return split_list(self.auth_claim_roles)

    @property
    def role_permissions(self) -> Mapping[str, frozenset[PermissionKey]]:
        """The permission keys of each role: the built-in roles and those in AUTH_ROLE_PERMISSIONS."""
        return {**ROLES, **_role_permissions(self.auth_role_permissions or "{}")}

    def check_sign_in(self) -> None:
        """Check that the settings of sign-in fit together, and do not accept tokens for other applications.

        Raises:
            ValueError: With a message for the operator.
        """
        if self.auth_jwt_secret is not None and self.auth_jwks_url is not None:
            raise ValueError("AUTH_JWT_SECRET and AUTH_JWKS_URL cannot be combined. Set only one of them.")
        # A provider signs the tokens of all its applications with the same keys, and often those of all its customers.
        if self.signs_in_by_provider and (self.auth_issuer is None or self.auth_audience is None):
            raise ValueError(
                "Sign-in with an identity provider needs AUTH_ISSUER and AUTH_AUDIENCE, because its keys also sign"
                " tokens for other applications. Set AUTH_ISSUER to the `iss` of your provider's tokens, and"
                " AUTH_AUDIENCE to the `aud` of its tokens for this service."
            )
        if self.signs_in_by_provider and self.auth_jwks_url is None and not is_issuer(self.auth_issuer or ""):
            raise ValueError(
                "AUTH_ISSUER must be the https:// URL of your provider (http:// only on loopback), without a query,"
                " unless AUTH_JWKS_URL or AUTH_JWT_SECRET is set. The provider's keys are found by this URL."
            )
        _role_permissions(self.auth_role_permissions or "{}")


def is_issuer(value: str) -> bool:
    """Return whether the discovery document of a provider can be found by this URL."""
    try:
        url = urlsplit(protected_url(value))
    except ValueError:
        return False
    return not url.query and not url.fragment and "@" not in url.netloc


def _role_permissions(value: str) -> dict[str, frozenset[PermissionKey]]:
    try:
        roles = json.loads(value)
    except (ValueError, RecursionError):
        roles = None
    if not isinstance(roles, dict) or not all(_is_list_of_strings(grants) for grants in roles.values()):
        raise ValueError(f"AUTH_ROLE_PERMISSIONS must be {_ROLE_PERMISSIONS}.")
    built_in = [role for role in roles if role in ROLES]
    if built_in:
        raise ValueError(
            f"AUTH_ROLE_PERMISSIONS must not change the built-in role {built_in[0]}. Choose another name for the role."
        )
    unknown = sorted({grant for grants in roles.values() for grant in grants if grant not in _GRANTS})
    if unknown:
        raise ValueError(
            f"AUTH_ROLE_PERMISSIONS has unknown permissions: {', '.join(map(json.dumps, unknown))}."
            f" A role may have keys ({', '.join(PermissionKey)}) or built-in roles ({', '.join(ROLES)})."
        )
    return {role: frozenset[PermissionKey]().union(*map(_GRANTS.__getitem__, grants)) for role, grants in roles.items()}


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
