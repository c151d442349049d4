"""Events as HTTP requests, signed by the Standard Webhooks specification (https://www.standardwebhooks.com)."""

import asyncio
import contextlib
import math
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import orjson

from db.outbox.lanes import LaneEvent
from server.events.not_delivered import NotDelivered
from server.runtime.retries import Retries
from server.settings.webhook_secrets import WebhookSecrets

_UNWANTED: Final = frozenset({400, 410, 413, 415, 422})
"""Answers that say of the event itself that it is not wanted. Others may be of the receiver's state, and pass."""
_ASKS_FOR_TIME: Final = frozenset({429, 503})
_LONGEST_ANSWER: Final = 65_536
_ANSWER_SECONDS: Final = 1.0


class WebhookSink:
    """Posts each event to one address, signed, with its id and the time of the try."""

    name = "webhook"

    def __init__(self, url: str, secret: str, *, timeout: float, retries: Retries) -> None:
        """Take where and how.

        Args:
            url: The address; redirects from it are not followed.
            secret: The secrets shared with the receiver, as the setting has them: each signs every event.
            timeout: Seconds until the receiver must have answered.
            retries: How often, and how patiently.
        """
        self.longest_seconds = timeout + _ANSWER_SECONDS
        self.retries = retries
        self._url = url
        self._signature = WebhookSecrets(secret)
        self._timeout = timeout
        # The machine's own certificate authorities, so a clinic's can be among them. Nothing else of the environment:
        # proxies there, or a .netrc, would get what is for this receiver alone.
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(), trust_env=False, follow_redirects=False, timeout=timeout
        )

    async def deliver(self, event: LaneEvent, now: datetime) -> None:
        """Post the event, signed as of now. Raise NotDelivered unless a 2xx answer comes in time."""
        body = orjson.dumps(event.envelope).decode()
        headers = {
            "content-type": "application/json",
            "user-agent": "group-sessions",
            "webhook-id": str(event.id),
            "webhook-timestamp": str(math.floor(now.timestamp())),
            "webhook-signature": self._signature.sign(str(event.id), now, body),
        }
        try:
            async with asyncio.timeout(self._timeout) as limit, self._open(body, headers) as response:
                limit.reschedule(None)
                await _drain(response)
        except (TimeoutError, httpx.TimeoutException):
            raise NotDelivered(f"no answer within {self._timeout} s") from None
        except httpx.ConnectError:
            raise NotDelivered("no connection") from None
        except httpx.HTTPError:
            raise NotDelivered("the connection broke") from None
        except Exception as fault:
            # Whatever else a client trips over is the receiver's doing, and must count as a try.
            raise NotDelivered(f"the answer could not be read ({type(fault).__name__})") from None
        _judge(response, now)

    def _open(self, body: str, headers: dict[str, str]) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        return self._client.stream("POST", self._url, content=body, headers=headers)

    async def close(self) -> None:
        """Close the connections to the receiver."""
        await self._client.aclose()


async def _drain(response: httpx.Response) -> None:
    """Read the body, for the connection to be used again; a long or slow one is left, and the connection with it."""
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            length = 0
            async for chunk in response.aiter_raw():
                length += len(chunk)
                if length > _LONGEST_ANSWER:
                    return


def _judge(response: httpx.Response, now: datetime) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    reason = f"HTTP {status}"
    if 300 <= status < 400:
        reason += ", a redirect, which is not followed"
    wait = _retry_after(response.headers, now) if status in _ASKS_FOR_TIME else 0.0
    raise NotDelivered(reason, final=status in _UNWANTED, wait=wait)


def _retry_after(headers: httpx.Headers, now: datetime) -> float:
    """Return the seconds that Retry-After asks for (RFC 9110, 10.2.3); 0 where it says nothing that can be read."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal() and asked.isascii():
        return float(asked[:10])
    until = _http_date(asked)
    # By the receiver's own clock, where it says what that shows.
    present = _http_date(headers.get("date", "")) or now
    return 0.0 if until is None else max(0.0, (until - present).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
