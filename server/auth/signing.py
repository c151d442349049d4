"""Tokens signed with the shared secret, for development, scripts and the demo."""

import math
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import jwt

from resolvers.caller import ROLES, PermissionKey
from server.auth.authenticator import HMAC_ALGORITHM
from server.auth.claims import caller_of
from server.auth.refusals import Unauthenticated


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
    """Return an HS256 token that is valid from now on.

    Raises:
        ValueError: The token would be refused for its subject, its organization or a role that does not exist.
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
        caller_of(claims)
    except Unauthenticated as error:
        raise ValueError(error.message) from None
    claims |= {name: value for name, value in (("iss", issuer), ("aud", audience)) if value}
    return jwt.encode(claims, secret, algorithm=HMAC_ALGORITHM)
