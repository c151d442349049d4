"""`group-sessions events --failed` and `--retry`."""

import io
import json
import uuid
from pathlib import Path

import pytest

from db.connections.engine import Database
from server.cli.failed_events import print_parked, retry_parked
from server.runtime.retries import Retries
from tests.server.cli.test_command_line import assert_refused, run
from tests.support.databases import operator_of
from tests.support.receiver import Delivery, Receiver, accept, always
from tests.support.relaying import nothing_is_due, parked, record, relays, webhook

pytestmark = pytest.mark.anyio

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)
IMPATIENT = Retries(2, 0.01, 0.01)


async def printed(engine: Database, organization: str | None = None) -> list[dict[str, object]]:
    out = io.BytesIO()
    await print_parked(operator_of(engine), out, organization)
    return [json.loads(line) for line in out.getvalue().splitlines()]


async def retried(engine: Database, organization: str | None = None) -> str:
    out = io.StringIO()
    await retry_parked(operator_of(engine), out, organization)
    return out.getvalue()


async def test_what_is_parked_is_shown_with_its_reason_and_without_its_payload(
    engine: Database, receiver: Receiver
) -> None:
    receiver.answer = always(500)
    (event_id,) = await record(engine, [ONE], name="Marguerite-Zyx")
    async with relays(engine, webhook(receiver, IMPATIENT)):
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


async def test_what_is_parked_goes_out_again_in_order_and_before_what_is_newer(
    engine: Database, receiver: Receiver
) -> None:
    receiver.answer = always(500)
    ids = await record(engine, [ONE, TWO, ONE])
    async with relays(engine, webhook(receiver, IMPATIENT)):
        await receiver.received(6)
    assert (await retried(engine)).startswith("3 parked events go")
    assert (await retried(engine)).startswith("0 parked events")
    newer = await record(engine, [ONE])
    receiver.answer = accept
    receiver.deliveries.clear()
    async with relays(engine, webhook(receiver, IMPATIENT)):
        await receiver.received(4)
    assert [d.id for d in receiver.deliveries if d.group == str(ONE)] == [ids[0], ids[2], newer[0]]
    assert [d.id for d in receiver.deliveries if d.group == str(TWO)] == [ids[1]]
    assert await printed(engine) == []
    assert await nothing_is_due(engine)


async def test_a_running_relay_notices_and_parks_again_what_is_refused_again(
    engine: Database, receiver: Receiver
) -> None:
    first, second = await record(engine, [ONE, ONE])
    status = 500

    async def refuse_first(delivery: Delivery) -> int:
        return status if delivery.id == first else 200

    receiver.answer = refuse_first
    async with relays(engine, webhook(receiver, IMPATIENT)):
        await receiver.received_all([second])
        status = 503
        await retried(engine)
        await receiver.received(5)
    (line,) = await printed(engine)
    assert (line["id"], line["tries"], line["reason"], line["again"]) == (first, 2, "HTTP 503", False)
    assert await nothing_is_due(engine)


async def test_an_organization_has_its_own_parked_events(engine: Database, receiver: Receiver) -> None:
    receiver.answer = always(410)
    ours = await record(engine, [ONE], "org-1")
    theirs = await record(engine, [TWO], "org-2")
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    assert [line["id"] for line in await printed(engine, "org-1")] == ours
    assert (await retried(engine, "org-1")).startswith("1 parked event goes")
    assert [(str(row["id"]), row["again"]) for row in await parked(engine)] == [(ours[0], True), (theirs[0], False)]


def test_the_command_shows_and_sends_again(owner_url: str, tmp_path: Path) -> None:
    shown = run("events", "--failed", cwd=tmp_path, DATABASE_URL=owner_url)
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "", "")
    again = run("events", "--retry", cwd=tmp_path, DATABASE_URL=owner_url)
    assert (again.returncode, again.stdout[:16]) == (0, "0 parked events ")


@pytest.mark.parametrize("option", ["--failed", "--retry"])
def test_the_command_takes_no_position_with_it(option: str, tmp_path: Path) -> None:
    assert_refused(run("events", option, "--follow", cwd=tmp_path), "--organization")
