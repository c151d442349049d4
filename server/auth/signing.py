"""Tokens signed with the shared secret, for development, scripts and the demo."""

import math
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import jwt

from resolvers.caller import PermissionKey
from server.auth.authenticator import HMAC_ALGORITHM
from server.auth.claims import ClaimRules
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
    rules: ClaimRules | None = None,
) -> str:
    """Return an HS256 token that is valid from now on, with its claims at the paths of the rules.

    Raises:
        ValueError: The subject or organization is invalid, or a role does not exist.
    """
    roles, rules = list(roles), rules or ClaimRules()
    unknown = [role for role in roles if role not in rules.role_permissions]
    if unknown:
        raise ValueError(f"unknown role {unknown[0]!r}: the roles are {', '.join(rules.role_permissions)}")
    now = int(time.time())
    # A claim with the whole path as its name takes precedence, so no nested object is needed.
    claims: dict[str, Any] = {rules.permissions[0]: [], rules.roles[0]: []}
    claims[rules.permissions[0]] += [str(PermissionKey(key)) for key in permissions]
    claims[rules.roles[0]] += roles
    claims |= {
        rules.organization: organization_id,
        "sub": subject,
        "iat": now,
        "exp": now + math.ceil(expires_in.total_seconds()),
        **{name: value for name, value in (("iss", issuer), ("aud", audience)) if value},
    }
    try:
        rules.caller_of(claims)
    except Unauthenticated as error:
        raise ValueError(error.message) from None
    return jwt.encode(claims, secret, algorithm=HMAC_ALGORITHM)
