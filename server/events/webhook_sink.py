"""The sink that posts events as webhooks, signed as https://www.standardwebhooks.com specifies."""

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

_FINAL_STATUSES: Final = frozenset({400, 410, 413, 415, 422})
"""Statuses that reject the event itself. Other errors may be temporary, so they are retried."""
_STATUSES_WITH_RETRY_AFTER: Final = frozenset({429, 503})
_MAX_RESPONSE_BYTES: Final = 65_536
_DRAIN_SECONDS: Final = 1.0


class WebhookSink:
    """Posts each event to one URL, signed, with its id and the time of the attempt."""

    name = "webhook"

    def __init__(self, url: str, secret: str, *, timeout: float, retries: Retries) -> None:
        """Configure the sink.

        Args:
            url: The receiver's URL. Redirects are not followed.
            secret: The secrets shared with the receiver, in the format of the setting. Each event is signed with all.
            timeout: The seconds within which the receiver must respond.
            retries: The retry policy.
        """
        self.timeout_seconds = timeout + _DRAIN_SECONDS
        self.retries = retries
        self._url = url
        self._secrets = WebhookSecrets(secret)
        self._timeout = timeout
        # The machine's certificate authorities are trusted, so that a clinic can add its own. The rest of the
        # environment is ignored: a proxy or a .netrc must not see what is meant only for the receiver.
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(), trust_env=False, follow_redirects=False, timeout=timeout
        )

    async def deliver(self, event: LaneEvent, now: datetime) -> None:
        """Post the event, signed with the time `now`. Raise NotDelivered unless a 2xx response arrives in time."""
        body = orjson.dumps(event.envelope).decode()
        headers = {
            "content-type": "application/json",
            "user-agent": "group-sessions",
            "webhook-id": str(event.id),
            "webhook-timestamp": str(math.floor(now.timestamp())),
            "webhook-signature": self._secrets.sign(str(event.id), now, body),
        }
        try:
            async with asyncio.timeout(self._timeout) as timeout, self._open(body, headers) as response:
                timeout.reschedule(None)
                await _drain(response)
        except (TimeoutError, httpx.TimeoutException):
            raise NotDelivered(f"no response within {self._timeout} s") from None
        except httpx.ConnectError:
            raise NotDelivered("no connection") from None
        except httpx.HTTPError:
            raise NotDelivered("the connection was lost") from None
        except Exception as fault:
            # Other exceptions of the HTTP client come from a malformed response, so they count as a failed attempt.
            raise NotDelivered(f"the response could not be read ({type(fault).__name__})") from None
        _raise_unless_accepted(response, now)

    def _open(self, body: str, headers: dict[str, str]) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        return self._client.stream("POST", self._url, content=body, headers=headers)

    async def close(self) -> None:
        """Close the connections to the receiver."""
        await self._client.aclose()


async def _drain(response: httpx.Response) -> None:
    """Read the body so that the connection can be reused. Give up on a long or slow body, which closes it."""
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            length = 0
            async for chunk in response.aiter_raw():
                length += len(chunk)
                if length > _MAX_RESPONSE_BYTES:
                    return


def _raise_unless_accepted(response: httpx.Response, now: datetime) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    reason = f"HTTP {status}"
    if 300 <= status < 400:
        reason += " (redirects are not followed)"
    retry_after = _retry_after(response.headers, now) if status in _STATUSES_WITH_RETRY_AFTER else 0.0
    raise NotDelivered(reason, final=status in _FINAL_STATUSES, retry_after=retry_after)


def _retry_after(headers: httpx.Headers, now: datetime) -> float:
    """Return the seconds of the Retry-After header (RFC 9110, 10.2.3), or 0 if it is missing or invalid."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal() and value.isascii():
        return float(value[:10])
    retry_at = _http_date(value)
    # A date is by the receiver's clock, which the Date header shows.
    receiver_now = _http_date(headers.get("date", "")) or now
    return 0.0 if retry_at is None else max(0.0, (retry_at - receiver_now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
