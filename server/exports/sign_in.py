"""Who requests an export: the caller of a bearer token, or the holder of a reporting token."""

import asyncio
from typing import Final

from db.stores.reporting_tokens import find_reporting_token
from db.transactions.snapshots import snapshot
from resolvers.caller import Caller, PermissionKey
from resolvers.context import Clinic
from resolvers.secret_tokens import SecretToken
from server.auth.authenticator import MAX_TOKEN_LENGTH, Authenticator
from server.auth.refusals import RefusalReason, Unauthenticated
from server.exports.tokens import REPORTING_PREFIX, basic_password

REPORTING_KEYS: Final = frozenset(
    {
        PermissionKey.GROUP_DEFINITIONS_VIEW,
        PermissionKey.GROUP_SCHEDULE_VIEW,
        PermissionKey.GROUP_ENROLLMENTS_VIEW,
    }
)
"""The permissions that a reporting token may have."""
_BASIC_CHALLENGE: Final = 'Basic realm="exports", charset="UTF-8"'


class ExportSignIn:
    """Maps an Authorization header to a caller.

    The header has a bearer token, as for GraphQL; or a reporting token, as a bearer token or as the password of Basic.
    Excel and Power BI keep that password in their credential stores.
    """

    def __init__(self, authenticator: Authenticator, clinic: Clinic) -> None:
        self._authenticator = authenticator
        self._clinic = clinic
        # Anyone can send made-up tokens. Together they take one connection of the database.
        self._one_at_a_time = asyncio.Lock()

    async def authenticate(self, authorization_header: str | None) -> Caller:
        """Return the caller. Raise RequestRefused."""
        try:
            return await self._authenticate(authorization_header or "")
        except Unauthenticated as refusal:
            challenge = refusal.headers["WWW-Authenticate"]
            refusal.headers = {**refusal.headers, "WWW-Authenticate": f"{challenge}, {_BASIC_CHALLENGE}"}
            raise

    async def _authenticate(self, authorization_header: str) -> Caller:
        scheme, _, credentials = authorization_header.strip().partition(" ")
        if len(credentials) > MAX_TOKEN_LENGTH:
            return await self._authenticator.authenticate(authorization_header)
        is_basic = scheme.lower() == "basic"
        text = basic_password(credentials.strip()) if is_basic else credentials.strip()
        secret = SecretToken.parse(REPORTING_PREFIX, text or "")
        if secret is not None and scheme.lower() in {"basic", "bearer"}:
            return await self._holder_of(secret)
        if is_basic:
            message = "The password must be a reporting token. `group-sessions token --reporting` makes one."
            raise Unauthenticated(RefusalReason.MALFORMED, message)
        return await self._authenticator.authenticate(authorization_header)

    async def _holder_of(self, secret: SecretToken) -> Caller:
        # Not cached, so that revoking a token ends its use at once. An export takes far longer than this.
        async with self._one_at_a_time, snapshot(self._clinic.engine, secret.organization_id) as opened:
            token = await find_reporting_token(opened, secret.digest)
        if token is None or not token.is_valid(self._clinic.clock()):
            message = "The reporting token is unknown, expired or revoked."
            raise Unauthenticated(RefusalReason.UNKNOWN_TOKEN, message)
        keys = frozenset(key for key in REPORTING_KEYS if key in token.permissions)
        return Caller(token.subject, secret.organization_id, keys)
