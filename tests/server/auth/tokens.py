"""Tokens as tests make them, and the reason why one is refused."""

import base64
import time
from typing import Any, Final

import jwt
import pytest

from resolvers.caller import Caller, PermissionKey
from server.auth.authenticator import Authenticator
from server.auth.refusals import Unauthenticated

SECRET: Final = "a-shared-secret-of-32-bytes-or-more"
VIEWER: Final = Caller("dana", "clinic-1", frozenset({PermissionKey.GROUP_SCHEDULE_VIEW}))


def claims(**changes: Any) -> dict[str, Any]:
    """Return a valid token's claims; a change of ... leaves the claim out."""
    whole = {
        "sub": "dana",
        "organization_id": "clinic-1",
        "permissions": ["pm.group_schedule.view"],
        "exp": int(time.time()) + 600,
    } | changes
    return {name: value for name, value in whole.items() if value is not ...}


def shared(**changes: Any) -> str:
    """Return an Authorization header with a token that the shared secret signs."""
    return "Bearer " + jwt.encode(claims(**changes), SECRET, algorithm="HS256")


def segment(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


async def refusal(authenticator: Authenticator, header: str | None) -> Unauthenticated:
    """Return why the header is refused; the words for the caller hold no part of the token."""
    with pytest.raises(Unauthenticated) as raised:
        await authenticator.authenticate(header)
    for part in (header or "").removeprefix("Bearer ").split("."):
        assert len(part) < 8 or part not in raised.value.message
    assert raised.value.__cause__ is None
    return raised.value
