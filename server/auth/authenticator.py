"""Authentication of callers by bearer tokens (RFC 6750, RFC 7519)."""

import logging
from collections.abc import Mapping
from typing import Any, Final, Self

import jwt

from resolvers.caller import Caller
from server.auth.claims import ClaimRules
from server.auth.jwks import Jwks
from server.auth.refusals import RefusalReason, Unauthenticated
from server.auth.token_cache import CachedToken, TokenCache
from server.settings.environment import Settings

LEEWAY_SECONDS: Final = 10
MAX_TOKEN_LENGTH: Final = 16_384
"""More than most servers accept as a request head. The time to check a token grows with its length."""
HMAC_ALGORITHM: Final = "HS256"

_log = logging.getLogger("group_sessions.sign_in")


class Authenticator:
    """Maps an Authorization header to a caller. The algorithm is determined by the key, never by the token.

    Attributes:
        rules: The claims that are read from tokens.
    """

    def __init__(
        self,
        keys: str | Jwks,
        issuer: str | None = None,
        audience: str | None = None,
        *,
        rules: ClaimRules | None = None,
        leeway: int = LEEWAY_SECONDS,
        cache: TokenCache | None = None,
    ) -> None:
        """Configure the checks of tokens.

        Args:
            keys: A shared secret (HS256) or a key set (RS256, ES256).
            issuer: The required `iss`; None ignores it.
            audience: The required `aud`; None ignores it.
            rules: The claims to read; by default those that `sign_token` writes.
            leeway: The seconds by which the clocks of the issuer and this server may differ.
            cache: The cache of valid tokens; by default a new one.
        """
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self.rules = rules or ClaimRules()
        self._leeway = leeway
        self._cache = cache or TokenCache()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the configured authenticator.

        Raises:
            ValueError: Sign-in is not configured.
        """
        keys: str | Jwks
        if settings.auth_jwt_secret is not None:
            keys = settings.auth_jwt_secret
        elif settings.signs_in_by_provider:
            from server.auth.provider import IdentityProvider  # imported here because its HTTP client takes memory

            url, issuer = settings.auth_jwks_url, settings.auth_issuer
            keys = Jwks(IdentityProvider(url, issuer=issuer, ca_file=settings.auth_ca_file).fetch_key_set)
        else:
            raise ValueError("sign-in is not configured: set AUTH_JWT_SECRET, or AUTH_ISSUER and AUTH_AUDIENCE")
        return cls(
            keys,
            settings.auth_issuer,
            settings.auth_audience,
            rules=ClaimRules.from_settings(settings),
            leeway=settings.auth_leeway,
        )

    async def authenticate(self, authorization_header: str | None) -> Caller:
        """Return the caller that the bearer token in the header names. Raise what `verify` raises."""
        return (await self.verify(authorization_header)).caller

    async def verify(self, authorization_header: str | None) -> CachedToken:
        """Return the valid bearer token in the header: its caller, and until when it is valid.

        Raises:
            Unauthenticated: The token is missing or invalid.
            KeysUnavailable: The token's key is unknown, and the identity provider's keys cannot be fetched.
        """
        token = _bearer_token(authorization_header)
        cached = self._cache.find(token)
        key_id = cached.key_id if cached is not None else None
        key: str | jwt.PyJWK | None
        if isinstance(self._keys, str):
            key = self._keys
        else:
            key_id = key_id or _key_id(token)
            key = await self._keys.find(key_id)
        if key is None:
            raise Unauthenticated(RefusalReason.UNKNOWN_KEY, "The token's signing key is unknown.")
        if cached is not None and cached.key is key:
            return cached
        claims = self._claims(token, key)
        caller = self.rules.caller_of(claims)
        if not caller.permissions:
            self._log_missing_permissions(caller, claims)
        verified = CachedToken(caller, key_id, key, int(claims["exp"]) + self._leeway)
        self._cache.put(token, verified)
        return verified

    def _log_missing_permissions(self, caller: Caller, claims: Mapping[str, Any]) -> None:
        # The caller is denied every field, often because of a wrong setting. Logged once per token.
        fields = {
            "caller_id": caller.subject,
            "organization_id": caller.organization_id,
            "claims_absent": self.rules.missing_claims(claims),
        }
        _log.info("a caller holds no permission", extra={"fields": fields})

    def _claims(self, token: str, key: str | jwt.PyJWK) -> Mapping[str, Any]:
        required = ["exp", *(["iss"] if self._issuer else []), *(["aud"] if self._audience else [])]
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[HMAC_ALGORITHM if isinstance(key, str) else key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway,
                options={
                    "require": required,
                    "verify_aud": self._audience is not None,
                    "verify_sub": False,  # checked by ClaimRules, with a better message
                    "enforce_minimum_key_length": True,
                },
            )
        # The library raises the last three for unexpected numbers, texts and nesting in a token.
        except (jwt.PyJWTError, ValueError, ArithmeticError, RecursionError) as error:
            raise _unauthenticated(error) from None
        if isinstance(claims["exp"], bool) or not isinstance(claims["exp"], int | float):
            raise Unauthenticated(RefusalReason.MALFORMED_CLAIM, "The token's claim exp must be a number.")
        return claims


def _bearer_token(header: str | None) -> str:
    scheme, _, token = (header or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(RefusalReason.NO_TOKEN, "Sign in: send a bearer token in the Authorization header.")
    if len(token) > MAX_TOKEN_LENGTH:
        raise Unauthenticated(RefusalReason.TOO_LONG, f"The token is longer than {MAX_TOKEN_LENGTH} characters.")
    return token


def _key_id(token: str) -> str:
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _unauthenticated(error) from None
    if not isinstance(key_id, str) or not key_id:
        raise Unauthenticated(RefusalReason.NO_KEY_ID, "The token does not name its signing key (kid).")
    return key_id


_INVALID: Final = "The token is invalid."
_REASONS_OF_MISSING_CLAIMS: Final = {
    "exp": RefusalReason.NO_EXPIRY,
    "iss": RefusalReason.WRONG_ISSUER,
    "aud": RefusalReason.WRONG_AUDIENCE,
}
_REFUSALS: Final[tuple[tuple[type[Exception], RefusalReason, str], ...]] = (
    (jwt.ExpiredSignatureError, RefusalReason.EXPIRED, "The token has expired."),
    (jwt.ImmatureSignatureError, RefusalReason.NOT_YET_VALID, "The token is not valid yet."),
    (jwt.InvalidIssuerError, RefusalReason.WRONG_ISSUER, "The token has the wrong issuer (iss)."),
    (jwt.InvalidAudienceError, RefusalReason.WRONG_AUDIENCE, "The token has the wrong audience (aud)."),
    # Only the log distinguishes these: the token was not signed by the issuer, so its sender gets no details.
    (jwt.InvalidAlgorithmError, RefusalReason.ALGORITHM_REFUSED, _INVALID),
    (jwt.InvalidSignatureError, RefusalReason.BAD_SIGNATURE, _INVALID),
)


def _unauthenticated(error: Exception) -> Unauthenticated:
    if isinstance(error, jwt.MissingRequiredClaimError):
        reason = _REASONS_OF_MISSING_CLAIMS.get(error.claim, RefusalReason.MALFORMED)
        return Unauthenticated(reason, f"The token's claim {error.claim} is missing.")
    for error_type, reason, message in _REFUSALS:
        if isinstance(error, error_type):
            return Unauthenticated(reason, message)
    return Unauthenticated(RefusalReason.MALFORMED, _INVALID)
