"""Who is calling: bearer tokens (RFC 6750, RFC 7519) checked, and signed for development."""

import math
import time
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, Self

import jwt

from resolvers.caller import ROLES, Caller, PermissionKey
from server.known_tokens import KnownToken, KnownTokens
from server.settings import Settings
from server.signing_keys import SigningKeys

LEEWAY_SECONDS: Final = 10
"""How far the issuer's clock and ours may be apart: a token is good for so long after its `exp`."""
_SUBJECT_LENGTH: Final = 255  # OpenID Connect Core section 2
_ORGANIZATION_LENGTH: Final = 64
_SHARED_KEY_ALGORITHM: Final = "HS256"
_KEYS: Final = frozenset(str(key) for key in PermissionKey)


class Unauthenticated(Exception):
    """No valid token; the reason is fit for the caller and holds nothing of the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Authenticator:
    """Turns an Authorization header into a caller. The algorithm follows from the keys, never from the token."""

    def __init__(
        self,
        keys: str | SigningKeys,
        issuer: str | None = None,
        audience: str | None = None,
        known: KnownTokens | None = None,
    ) -> None:
        """Takes what tokens are checked against.

        Args:
            keys: A shared secret (HS256) or a key set (RS256, ES256).
            issuer: The `iss` every token must carry, where given.
            audience: The `aud` every token must carry, where given; else a token's `aud` is ignored.
            known: Where tokens that were found good are remembered; by default a memory of its own.
        """
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._known = known or KnownTokens()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Gives the authenticator that the settings ask for.

        Raises:
            ValueError: Where sign-in is not configured.
        """
        keys = SigningKeys(settings.auth_jwks_url) if settings.auth_jwks_url else settings.auth_jwt_secret
        if keys is None:
            raise ValueError("sign-in is not configured: set AUTH_JWT_SECRET or AUTH_JWKS_URL")
        return cls(keys, settings.auth_issuer, settings.auth_audience)

    async def authenticate(self, authorization_header: str | None) -> Caller:
        """Gives the caller that the header's bearer token names.

        Raises:
            Unauthenticated: Where there is no token, or none that is valid.
            KeySetUnreachable: Where the identity provider's keys are needed and cannot be fetched.
        """
        token = _bearer_token(authorization_header)
        known = self._known.find(token)
        key_id = known.key_id if known is not None else None
        key: str | jwt.PyJWK | None = self._keys if isinstance(self._keys, str) else None
        if not isinstance(self._keys, str):
            key_id = key_id or _key_id(token)
            key = await self._keys.find(key_id)
        if key is None:
            raise Unauthenticated("The token's signing key is not known.")
        if known is not None and known.key is key:
            return known.caller
        claims = self._claims(token, key, _SHARED_KEY_ALGORITHM if isinstance(key, str) else key.algorithm_name)
        caller = _caller_of(claims)
        self._known.keep(token, KnownToken(caller, key_id, key, int(claims["exp"]) + LEEWAY_SECONDS))
        return caller

    def _claims(self, token: str, key: str | jwt.PyJWK, algorithm: str) -> Mapping[str, Any]:
        required = ["exp", *(["iss"] if self._issuer else []), *(["aud"] if self._audience else [])]
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": required,
                    "verify_aud": self._audience is not None,
                    "verify_sub": False,  # checked below, in our words
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired.") from None
        except jwt.MissingRequiredClaimError as error:
            raise Unauthenticated(f"The token lacks the claim {error.claim}.") from None
        except jwt.InvalidIssuerError:
            raise Unauthenticated("The token is of another issuer.") from None
        except jwt.InvalidAudienceError:
            raise Unauthenticated("The token is for another audience.") from None
        # The last three: a token may hold numbers, text and nesting that the library does not expect.
        except (jwt.PyJWTError, ValueError, ArithmeticError, RecursionError):
            raise Unauthenticated("The token is not valid.") from None
        return claims


def sign_token(
    secret: str,
    *,
    organization_id: str,
    subject: str,
    permissions: Iterable[PermissionKey] = (),
    roles: Iterable[str] = (),
    expires_in: timedelta,
    issuer: str | None = None,
    audience: str | None = None,
) -> str:
    """Gives an HS256 token good from now on, for development, scripts and the demo.

    Raises:
        ValueError: Where the token would be refused for its subject, its organization or a role that does not exist.
    """
    roles = list(roles)
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise ValueError(f"unknown role {unknown[0]!r}: the roles are {', '.join(ROLES)}")
    now = int(time.time())
    claims: dict[str, Any] = {
        "sub": subject,
        "organization_id": organization_id,
        "permissions": [str(PermissionKey(key)) for key in permissions],
        "roles": roles,
        "iat": now,
        "exp": now + math.ceil(expires_in.total_seconds()),
    }
    try:
        _caller_of(claims)
    except Unauthenticated as error:
        raise ValueError(error.reason) from None
    claims |= {name: value for name, value in (("iss", issuer), ("aud", audience)) if value}
    return jwt.encode(claims, secret, algorithm=_SHARED_KEY_ALGORITHM)


def _bearer_token(header: str | None) -> str:
    scheme, _, token = (header or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Sign in: send a bearer token in the Authorization header.")
    return token


def _key_id(token: str) -> str:
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Unauthenticated("The token is not valid.") from None
    if not isinstance(key_id, str) or not key_id:
        raise Unauthenticated("The token does not name its signing key (kid).")
    return key_id


def _caller_of(claims: Mapping[str, Any]) -> Caller:
    if isinstance(claims["exp"], bool) or not isinstance(claims["exp"], int | float):
        raise Unauthenticated("The token's claim exp must be a number.")
    subject = _text(claims, "sub", _SUBJECT_LENGTH)
    organization_id = _text(claims, "organization_id", _ORGANIZATION_LENGTH)
    keys = {PermissionKey(key) for key in _words(claims, "permissions") if key in _KEYS}
    of_roles = (ROLES.get(role, frozenset()) for role in _words(claims, "roles"))
    return Caller(subject, organization_id, frozenset(keys).union(*of_roles))


def _text(claims: Mapping[str, Any], name: str, longest: int) -> str:
    value = claims.get(name)
    # Control characters forge log lines, NUL and lone surrogates have no place in a database's text.
    if (
        not isinstance(value, str)
        or not value.strip()
        or len(value) > longest
        or any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
    ):
        raise Unauthenticated(f"The token's claim {name} must be text of 1 to {longest} characters.")
    return value


def _words(claims: Mapping[str, Any], name: str) -> list[str]:
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Unauthenticated(f"The token's claim {name} must be a list of strings.")
    return value
