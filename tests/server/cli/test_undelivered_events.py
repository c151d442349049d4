"""`group-sessions events --failed` and `--retry`."""

import io
import json
import uuid
from pathlib import Path

import pytest

from db.connections.engine import Database
from server.cli.undelivered_events import print_parked, retry_parked
from server.runtime.retries import Retries
from tests.support.commands import assert_refused, run
from tests.support.databases import operator_of
from tests.support.receiver import Delivery, Receiver, accept, always
from tests.support.relaying import nothing_is_due, parked, record, relays, webhook

pytestmark = pytest.mark.anyio

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)
TWO_ATTEMPTS = Retries(2, 0.01, 0.01)


async def printed(engine: Database, organization: str | None = None) -> list[dict[str, object]]:
    out = io.BytesIO()
    await print_parked(operator_of(engine), out, organization)
    return [json.loads(line) for line in out.getvalue().splitlines()]


async def retried(engine: Database, organization: str | None = None) -> str:
    out = io.StringIO()
    await retry_parked(operator_of(engine), out, organization)
    return out.getvalue()


async def test_a_parked_event_is_listed_with_its_reason_and_no_payload(engine: Database, receiver: Receiver) -> None:
    receiver.respond = always(500)
    (event_id,) = await record(engine, [ONE], name="Marguerite-Zyx")
    async with relays(engine, webhook(receiver, TWO_ATTEMPTS)):
        await receiver.received(2)
    (line,) = await printed(engine)
    assert line.pop("parked_at")
    assert line == {
        "id": event_id,
        "event": "pm_group_session_scheduled",
        "sink": "webhook",
        "organization_id": "org-1",
        "group_definition_id": str(ONE),
        "tries": 2,
        "reason": "HTTP 500",
        "again": False,
    }


async def test_requeued_events_are_delivered_in_order_before_newer_ones(engine: Database, receiver: Receiver) -> None:
    receiver.respond = always(500)
    ids = await record(engine, [ONE, TWO, ONE])
    async with relays(engine, webhook(receiver, TWO_ATTEMPTS)):
        await receiver.received(6)
    assert (await retried(engine)).startswith("Requeued 3 parked events.")
    assert (await retried(engine)).startswith("Requeued 0 parked events.")
    newer = await record(engine, [ONE])
    receiver.respond = accept
    receiver.deliveries.clear()
    async with relays(engine, webhook(receiver, TWO_ATTEMPTS)):
        await receiver.received(4)
    assert [d.id for d in receiver.deliveries if d.group == str(ONE)] == [ids[0], ids[2], newer[0]]
    assert [d.id for d in receiver.deliveries if d.group == str(TWO)] == [ids[1]]
    assert await printed(engine) == []
    assert await nothing_is_due(engine)


async def test_a_running_relay_parks_a_requeued_event_that_fails_again(engine: Database, receiver: Receiver) -> None:
    first, second = await record(engine, [ONE, ONE])
    status = 500

    async def refuse_first(delivery: Delivery) -> int:
        return status if delivery.id == first else 200

    receiver.respond = refuse_first
    async with relays(engine, webhook(receiver, TWO_ATTEMPTS)):
        await receiver.received_all([second])
        status = 503
        await retried(engine)
        await receiver.received(5)
    (line,) = await printed(engine)
    assert (line["id"], line["tries"], line["reason"], line["again"]) == (first, 2, "HTTP 503", False)
    assert await nothing_is_due(engine)


async def test_parked_events_are_filtered_by_organization(engine: Database, receiver: Receiver) -> None:
    receiver.respond = always(410)
    ours = await record(engine, [ONE], "org-1")
    theirs = await record(engine, [TWO], "org-2")
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    assert [line["id"] for line in await printed(engine, "org-1")] == ours
    assert (await retried(engine, "org-1")).startswith("Requeued 1 parked event.")
    assert [(str(row["id"]), row["again"]) for row in await parked(engine)] == [(ours[0], True), (theirs[0], False)]


def test_the_command_lists_and_requeues(owner_url: str, tmp_path: Path) -> None:
    listed = run("events", "--failed", cwd=tmp_path, DATABASE_URL=owner_url)
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "", "")
    requeued = run("events", "--retry", cwd=tmp_path, DATABASE_URL=owner_url)
    assert (requeued.returncode, requeued.stdout[:25]) == (0, "Requeued 0 parked events.")


@pytest.mark.parametrize("option", ["--failed", "--retry"])
def test_an_option_for_undelivered_events_excludes_follow(option: str, tmp_path: Path) -> None:
    assert_refused(run("events", option, "--follow", cwd=tmp_path), "--organization")
