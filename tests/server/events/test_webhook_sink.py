"""The webhook sink: which responses count as delivered, which are retried, and what stays out of the log."""

import logging
import uuid
from datetime import timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from db.connections.engine import Database
from db.outbox.lanes import LaneEvent
from server.events.not_delivered import NotDelivered
from server.events.webhook_sink import WebhookSink
from server.runtime.clock import now
from server.runtime.logs import configure_logging
from server.runtime.retries import Retries
from tests.support.receiver import SECRET, Delivery, HeldResponse, Receiver, always
from tests.support.relaying import database_now, lanes, record, relays, webhook

pytestmark = pytest.mark.anyio

ONE = uuid.UUID(int=1)
MARKER = "Marguerite-Zyx"


def event() -> LaneEvent:
    envelope = {"id": str(ONE), "payload": {"group": "g"}}
    return LaneEvent(1, ONE, "org-1", "pm_group_session_scheduled", envelope, was_parked=False)


async def failure(sink: WebhookSink) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        await sink.deliver(event(), now())
    await sink.close()
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_a_delivery(receiver: Receiver, status: int) -> None:
    receiver.respond = always(status)
    sink = webhook(receiver)
    await sink.deliver(event(), now())
    await sink.close()


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504])
async def test_a_temporary_error_is_retried(receiver: Receiver, status: int) -> None:
    receiver.respond = always(status)
    error = await failure(webhook(receiver))
    assert (error.reason, error.final) == (f"HTTP {status}", False)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    async def away(_delivery: Delivery) -> bytes:
        location = receiver.url.replace("hooks", "elsewhere")
        return f"HTTP/1.1 {status} Away\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()

    receiver.respond = away
    error = await failure(webhook(receiver))
    assert "not followed" in error.reason
    assert len(receiver.deliveries) == 1


async def test_a_receiver_may_request_a_longer_backoff(engine: Database, receiver: Receiver) -> None:
    async def later(_delivery: Delivery) -> bytes:
        return b"HTTP/1.1 429 Later\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n"

    receiver.respond = later
    assert (await failure(webhook(receiver))).retry_after == 120
    await record(engine, [ONE])
    async with relays(engine, webhook(receiver, Retries(9, 1, 100))):
        await receiver.received(2)
    (lane,) = await lanes(engine)
    wait = lane["due_at"] - await database_now(engine)
    assert timedelta(seconds=50) < wait <= timedelta(seconds=100)  # but at most the longest backoff


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ("retry-after: Tue, 24 Nov 2026 09:02:00 GMT\r\ndate: Tue, 24 Nov 2026 09:00:00 GMT", 120),
        ("retry-after: Tuesday, 24-Nov-26 09:02:00 GMT\r\ndate: Tue Nov 24 09:00:00 2026", 120),
        ("retry-after: Tue, 24 Nov 2026 08:00:00 GMT\r\ndate: Tue, 24 Nov 2026 09:00:00 GMT", 0),
        ("retry-after: 7", 7),
        ("retry-after: 99999999999999999999", 9999999999),
        ("retry-after: -5", 0),
        ("retry-after: soon\r\ndate: Tue, 24 Nov 2026 09:00:00 GMT", 0),
        ("retry-after: Tue, 99 Nov 2026 09:02:00 GMT", 0),
        ("retry-after: ", 0),
    ],
)
async def test_retry_after_is_seconds_or_a_date_by_the_receivers_clock(
    receiver: Receiver, headers: str, seconds: float
) -> None:
    async def later(_delivery: Delivery) -> bytes:
        return f"HTTP/1.1 503 Later\r\n{headers}\r\ncontent-length: 0\r\n\r\n".encode()

    receiver.respond = later
    assert (await failure(webhook(receiver))).retry_after == seconds


async def test_retry_after_without_a_date_header_uses_the_servers_clock(receiver: Receiver) -> None:
    async def later(_delivery: Delivery) -> bytes:
        in_an_hour = format_datetime(now() + timedelta(hours=1), usegmt=True)
        return f"HTTP/1.1 429 Later\r\nretry-after: {in_an_hour}\r\ncontent-length: 0\r\n\r\n".encode()

    receiver.respond = later
    assert 3500 < (await failure(webhook(receiver))).retry_after <= 3601  # the sink reads its clock before the response


@pytest.mark.parametrize("separator", [" ", ",", ", "])
async def test_every_secret_signs_so_that_receivers_can_rotate_theirs(receiver: Receiver, separator: str) -> None:
    secrets = [SECRET, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]
    sink = WebhookSink(receiver.url, separator.join(secrets), timeout=5, retries=Retries(1, 1, 1))
    await sink.deliver(event(), now())
    await sink.close()
    (delivery,) = receiver.deliveries
    for secret in secrets:
        assert Webhook(secret).verify(delivery.body, delivery.headers) == event().envelope
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(delivery.body, delivery.headers)


async def test_a_receiver_that_does_not_respond_in_time_fails_the_delivery(receiver: Receiver) -> None:
    response = HeldResponse()
    receiver.respond = response
    assert (await failure(webhook(receiver, timeout=0.2))).reason == "no response within 0.2 s"
    response.release()


async def test_a_refused_connection_is_reported_without_the_address(receiver: Receiver) -> None:
    receiver.port = 1
    assert (await failure(webhook(receiver))).reason == "no connection"


@pytest.mark.parametrize("response", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 999999 \xff\r\n\r\n"])
async def test_a_malformed_response_is_no_delivery(receiver: Receiver, response: bytes) -> None:
    async def mumble(_delivery: Delivery) -> bytes:
        if not response:
            raise ConnectionResetError
        return response

    receiver.respond = mumble
    assert (await failure(webhook(receiver))).reason == "the connection was lost"


async def test_an_endless_response_is_not_read_to_its_end(receiver: Receiver) -> None:
    async def endless(_delivery: Delivery) -> bytes:
        return b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n" + b"x" * 1_000_000

    receiver.respond = endless
    sink = webhook(receiver)
    await sink.deliver(event(), now())
    await sink.close()


async def test_logs_contain_ids_and_outcomes_and_nothing_of_the_receiver(
    engine: Database, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    async def chatty(_delivery: Delivery) -> bytes:
        return f"HTTP/1.1 400 {MARKER}\r\nx-note: {MARKER}\r\ncontent-length: 14\r\n\r\n{MARKER[:14]}".encode()

    receiver.respond = chatty
    (event_id,) = await record(engine, [ONE], name=MARKER)
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    configure_logging("DEBUG")
    sink = WebhookSink(
        receiver.url.replace("http://", f"http://user:{MARKER}@") + f"?key={MARKER}",
        SECRET,
        timeout=5,
        retries=Retries(1, 1, 1),
    )
    async with relays(engine, sink):
        await receiver.received(1)
    root.level, root.handlers = before
    log = capsys.readouterr().err
    assert MARKER not in log
    assert "127.0.0.1" not in log
    assert event_id in log
    assert '"outcome":"parked"' in log


def test_the_backoff_doubles_up_to_a_maximum_with_jitter() -> None:
    retries = Retries(24, 1, 600)
    assert [retries.backoff(attempts, 1) for attempts in (1, 2, 3, 9, 10, 11, 1000)] == [1, 2, 4, 256, 512, 600, 600]
    assert [retries.backoff(attempts, 0) for attempts in (1, 2, 11)] == [0.5, 1, 300]
