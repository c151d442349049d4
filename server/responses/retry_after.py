"""Answers while the database is busy or away: when to come back, and whether there is an answer at all."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from server.responses.errors import ErrorCode

_RETRY_AFTER_SECONDS: Final = {ErrorCode.BUSY: 1, ErrorCode.UNAVAILABLE: 5}


def retry_headers(errors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the headers that tell when it is worth trying again; none where no error calls for it."""
    codes = {each["extensions"]["code"] for each in errors}
    seconds = [wait for code, wait in _RETRY_AFTER_SECONDS.items() if code in codes]
    return {"Retry-After": str(max(seconds))} if seconds else {}


def is_outage(data: Mapping[str, Any] | None, errors: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether an answer holds nothing, since the database is away: it is a 503 then, without data.

    An answer that holds some data is a 200, as GraphQL over HTTP has it, with the errors beside it.
    """
    away = any(each["extensions"]["code"] == ErrorCode.UNAVAILABLE for each in errors)
    return away and all(value is None for value in (data or {}).values())
