"""The refusal of a caller who sends too many requests."""

from typing import Final

from resolvers.caller import Caller
from server.responses.errors import ErrorCode, seconds_in_words
from server.responses.json_responses import RequestRefused
from server.runtime.rate_limit import RateLimit

_SEPARATOR: Final = "\n"  # no subject or organization contains it: sign-in rejects control characters


async def check_rate(rate_limit: RateLimit, caller: Caller) -> None:
    """Count a request. Raise RequestRefused (429) if the caller exceeds the limit."""
    seconds = await rate_limit.seconds_to_wait(f"{caller.organization_id}{_SEPARATOR}{caller.subject}")
    if seconds is not None:
        message = f"Too many requests. Try again in {seconds_in_words(seconds)}."
        raise RequestRefused(429, ErrorCode.RATE_LIMITED, message, headers={"Retry-After": str(seconds)})
