"""The settings of sign-in: whose tokens are taken, and what is read from them."""

import ssl
from typing import Annotated, Final

import jwt
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from server.protected_url import protected_url

MINIMUM_SECRET_BYTES: Final = 32  # RFC 7518 section 3.2: an HS256 key is at least as long as its hash
_LEEWAY: Final = "a whole number of seconds from 0 to 300"


def _shared_secret(value: str) -> str:
    if len(value.encode()) < MINIMUM_SECRET_BYTES:
        raise ValueError
    try:
        jwt.encode({}, value, algorithm="HS256")  # refuses what is a public key by mistake
    except jwt.InvalidKeyError as error:
        raise ValueError from error
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

    @property
    def sign_in_configured(self) -> bool:
        """Whether tokens can be checked: a shared secret or a key set is set."""
        return self.auth_jwt_secret is not None or self.auth_jwks_url is not None

    def refuse_ambiguous_sign_in(self) -> None:
        """Refuse what does not fit together, or would take tokens that were made for others.

        Raises:
            ValueError: With a sentence for who sets the variables.
        """
        if self.auth_jwt_secret is not None and self.auth_jwks_url is not None:
            raise ValueError("AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other: set only one of them.")
        # The keys of a provider sign the tokens of all of its applications, and often of all of its customers.
        if self.auth_jwks_url is not None and (self.auth_issuer is None or self.auth_audience is None):
            raise ValueError(
                "AUTH_JWKS_URL needs AUTH_ISSUER and AUTH_AUDIENCE, since its keys sign tokens for other applications"
                " too: set AUTH_ISSUER to the `iss` of your provider's tokens, and AUTH_AUDIENCE to the `aud` that it"
                " gives tokens for this service."
            )
