"""Tokens for tests, a manual clock, and the error of a refused token."""

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


class ManualClock:
    """A clock in seconds that tests advance."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token, with changes. The value ... removes a claim."""
    valid = {
        "sub": "dana",
        "organization_id": "clinic-1",
        "permissions": ["pm.group_schedule.view"],
        "exp": int(time.time()) + 600,
    } | changes
    return {name: value for name, value in valid.items() if value is not ...}


def shared(**changes: Any) -> str:
    """Return an Authorization header with a token signed with the shared secret."""
    return "Bearer " + jwt.encode(claims(**changes), SECRET, algorithm="HS256")


def segment(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


async def refusal(authenticator: Authenticator, header: str | None) -> Unauthenticated:
    """Return the error for the header, after checking that its message contains no part of the token."""
    with pytest.raises(Unauthenticated) as raised:
        await authenticator.authenticate(header)
    for part in (header or "").removeprefix("Bearer ").split("."):
        assert len(part) < 8 or part not in raised.value.message
    assert raised.value.__cause__ is None
    return raised.value
