"""The settings of sign-in: whose tokens are taken, and what is read from them."""

import json
import ssl
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

import jwt
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from resolvers.caller import ROLES, PermissionKey
from server.settings.lists import split_list
from server.settings.protected_url import protected_url

MINIMUM_SECRET_BYTES: Final = 32  # RFC 7518 section 3.2: an HS256 key is at least as long as its hash
_LEEWAY: Final = "a whole number of seconds from 0 to 300"
_PATH: Final = (
    "the name of a claim, or a path such as realm_access.roles: at most 200 characters without spaces or commas"
)
_PATHS: Final = "names or paths of claims, such as roles or realm_access.roles, separated by commas"
_LONGEST_PATH: Final = 200
_ROLE_PERMISSIONS: Final = (
    "a JSON object that lists what each role holds, keys or built-in roles,"
    ' such as {"Front desk": ["pm.group_schedule.view"], "Manager": ["org_admin"]}'
)
_HOLDABLE: Final[Mapping[str, frozenset[PermissionKey]]] = {
    **ROLES,
    **{str(key): frozenset({key}) for key in PermissionKey},
}


def _shared_secret(value: str) -> str:
    if len(value.encode()) < MINIMUM_SECRET_BYTES:
        raise ValueError
    try:
        jwt.encode({}, value, algorithm="HS256")  # refuses what is a public key by mistake
    except jwt.InvalidKeyError as error:
        raise ValueError from error
    return value


def _claim_path(value: str) -> str:
    if split_list(value) != (value,) or len(value) > _LONGEST_PATH or not value.isprintable():
        raise ValueError
    return value


def _claim_paths(value: str) -> str:
    if not [_claim_path(path) for path in split_list(value)]:
        raise ValueError
    return value


def _authorities(path: str) -> str:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # not there, not readable, or without a certificate
        raise ValueError from error
    return path


class AuthSettings(BaseSettings):
    """The part of the settings that concerns sign-in. Descriptions say what a variable accepts."""

    auth_jwt_secret: Annotated[str, AfterValidator(_shared_secret)] | None = Field(
        None,
        repr=False,
        description=f"a shared secret of at least {MINIMUM_SECRET_BYTES} bytes for HS256, not a public key",
    )
    auth_jwks_url: Annotated[str, AfterValidator(protected_url)] | None = Field(
        None, description="the https:// address of a JSON Web Key Set (http:// on loopback only)"
    )
    auth_issuer: str | None = Field(None, description="the `iss` that tokens must carry")
    auth_audience: str | None = Field(None, description="the `aud` that tokens must carry")
    auth_ca_file: Annotated[str, AfterValidator(_authorities)] | None = Field(
        None,
        description="the path of a readable PEM file with the certificates of the authorities that the provider's"
        " certificate is checked against",
    )
    auth_leeway: int = Field(10, ge=0, le=300, description=_LEEWAY)

    auth_claim_organization: Annotated[str, AfterValidator(_claim_path)] = Field("organization_id", description=_PATH)
    auth_claim_permissions: Annotated[str, AfterValidator(_claim_paths)] = Field("permissions", description=_PATHS)
    auth_claim_roles: Annotated[str, AfterValidator(_claim_paths)] = Field("roles", description=_PATHS)
    auth_role_permissions: str | None = Field(None, description=_ROLE_PERMISSIONS)

    @property
    def sign_in_configured(self) -> bool:
        """Whether tokens can be checked: by a shared secret, or by the keys of a provider."""
        return self.auth_jwt_secret is not None or self.signs_in_by_provider

    @property
    def signs_in_by_provider(self) -> bool:
        """Whether tokens are checked by a provider's keys: those at AUTH_JWKS_URL, or those that AUTH_ISSUER names."""
        return self.auth_jwt_secret is None and (self.auth_jwks_url is not None or self.auth_issuer is not None)

    @property
    def permission_claims(self) -> tuple[str, ...]:
        """The paths to claims that hold permission keys."""
        return split_list(self.auth_claim_permissions)

    @property
    def role_claims(self) -> tuple[str, ...]:
        """The paths to claims that hold roles."""
        return split_list(self.auth_claim_roles)

    @property
    def role_permissions(self) -> Mapping[str, frozenset[PermissionKey]]:
        """The keys that each role holds: the two built-in ones, and those of AUTH_ROLE_PERMISSIONS."""
        return {**ROLES, **_role_permissions(self.auth_role_permissions or "{}")}

    def refuse_unclear_sign_in(self) -> None:
        """Refuse what does not fit together, or would take tokens that were made for others.

        Raises:
            ValueError: With a sentence for who sets the variables.
        """
        if self.auth_jwt_secret is not None and self.auth_jwks_url is not None:
            raise ValueError("AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other: set only one of them.")
        # The keys of a provider sign the tokens of all of its applications, and often of all of its customers.
        if self.signs_in_by_provider and (self.auth_issuer is None or self.auth_audience is None):
            raise ValueError(
                "Tokens that a provider signs need AUTH_ISSUER and AUTH_AUDIENCE, since its keys sign tokens for other"
                " applications too: set AUTH_ISSUER to the `iss` of your provider's tokens, and AUTH_AUDIENCE to the"
                " `aud` that it gives tokens for this service."
            )
        if self.signs_in_by_provider and self.auth_jwks_url is None and not _is_issuer(self.auth_issuer or ""):
            raise ValueError(
                "AUTH_ISSUER must be the https:// address of your provider (http:// on loopback only), without a query,"
                " where neither AUTH_JWKS_URL nor AUTH_JWT_SECRET is set: the provider's keys are found by it."
            )
        _role_permissions(self.auth_role_permissions or "{}")


def _is_issuer(value: str) -> bool:
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
    if not isinstance(roles, dict) or not all(_is_list_of_texts(held) for held in roles.values()):
        raise ValueError(f"AUTH_ROLE_PERMISSIONS must be {_ROLE_PERMISSIONS}.")
    built_in = [role for role in roles if role in ROLES]
    if built_in:
        raise ValueError(
            f"AUTH_ROLE_PERMISSIONS must not change the built-in role {built_in[0]}: name yours otherwise."
        )
    unknown = sorted({word for held in roles.values() for word in held if word not in _HOLDABLE})
    if unknown:
        raise ValueError(
            f"AUTH_ROLE_PERMISSIONS names what does not exist: {', '.join(map(json.dumps, unknown))}."
            f" A role holds keys ({', '.join(PermissionKey)}) or built-in roles ({', '.join(ROLES)})."
        )
    return {role: frozenset[PermissionKey]().union(*(_HOLDABLE[word] for word in held)) for role, held in roles.items()}


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
