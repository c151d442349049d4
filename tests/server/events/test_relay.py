"""The relay delivers every event to every sink at least once, in order within a group, despite faults."""

import asyncio
import io
import json
import re
import uuid
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text, update

from db.connections.engine import Database, create_engine
from db.outbox import intake as relay_intake
from db.outbox.lanes import LaneEvent
from db.tables import outbox, relay_sinks
from server.cli.event_stream import print_events
from server.events import sink_relay
from server.runtime.retries import Retries
from tests.support.databases import connections_refused, operator_of
from tests.support.receiver import Delivery, HeldResponse, Receiver, accept, always, listening
from tests.support.relaying import lanes, let_time_pass, nothing_is_due, parked, record, record_in, relays, webhook

pytestmark = pytest.mark.anyio

GROUPS = [uuid.UUID(int=number) for number in range(1, 8)]
ONE, TWO = GROUPS[:2]


def delivered_once_and_in_order(receiver: Receiver, recorded: list[tuple[str, uuid.UUID]]) -> bool:
    return sorted(receiver.ids()) == sorted(event_id for event_id, _ in recorded) and all(
        [delivery.id for delivery in receiver.deliveries if delivery.group == str(group)]
        == [event_id for event_id, group_of_event in recorded if group_of_event == group]
        for group in GROUPS
    )


async def test_an_event_arrives_signed_with_its_id_and_its_whole_envelope(engine: Database, receiver: Receiver) -> None:
    (event_id,) = await record(engine, [ONE], note="née 名")
    async with relays(engine, webhook(receiver)):
        (delivery,) = await receiver.received(1)
    assert delivery.id == delivery.envelope["id"] == event_id
    assert delivery.envelope["payload"] == {"group": str(ONE), "note": "née 名"}
    assert delivery.headers["content-type"] == "application/json"


async def test_events_recorded_before_and_during_the_run_arrive_in_order(engine: Database, receiver: Receiver) -> None:
    ids = await record(engine, [ONE, ONE, ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(3)
        ids += await record(engine, [ONE])
        await receiver.received(4)
        ids += await record(engine, [ONE, ONE])
        await receiver.received(6)
    assert receiver.ids() == ids
    async with relays(engine, webhook(receiver)):  # a second relay continues where the first stopped
        ids += await record(engine, [ONE])
        await receiver.received(7)
    assert receiver.ids() == ids


async def test_pages_and_batches_skip_and_repeat_nothing(
    engine: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_intake, "PAGE_SIZE", 5)
    monkeypatch.setattr(sink_relay, "BATCH", 2)
    monkeypatch.setattr(sink_relay, "MAX_LANES", 3)
    order = [*GROUPS, ONE, ONE, ONE, TWO, *reversed(GROUPS)]
    ids = await record(engine, order)
    async with relays(engine, webhook(receiver)):
        await receiver.received(len(ids))
    assert delivered_once_and_in_order(receiver, list(zip(ids, order, strict=True)))
    assert await nothing_is_due(engine)


async def test_several_relays_deliver_each_event_once_and_in_order_per_group(
    database_url: str, engine: Database, receiver: Receiver
) -> None:
    recorded: list[tuple[str, uuid.UUID]] = []
    async with AsyncExitStack() as stack:
        for _ in range(4):
            own_engine = create_engine(database_url)
            stack.push_async_callback(own_engine.dispose)
            await stack.enter_async_context(relays(own_engine, webhook(receiver)))
        for _ in range(12):
            recorded += zip(await record(engine, GROUPS), GROUPS, strict=True)
        await receiver.received(len(recorded))
    assert delivered_once_and_in_order(receiver, recorded)
    assert await nothing_is_due(engine)


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_an_event_of_a_transaction_that_commits_late_is_not_missed(
    database_kind: str, engine: Database, receiver: Receiver
) -> None:
    async with relays(engine, webhook(receiver)):
        async with engine.begin() as slow:
            late = await record_in(slow)
            early = await record(engine, [ONE])
        await receiver.received(2)
    assert sorted(receiver.ids()) == sorted(late + early)


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_the_order_of_a_group_is_that_of_its_lock(
    database_kind: str, engine: Database, receiver: Receiver
) -> None:
    async with engine.begin() as began_first:
        await began_first.execute(text("SELECT pg_current_xact_id()"))
        ids = await record(engine, [ONE])
        ids += await record_in(began_first, group=ONE)
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    assert receiver.ids() == ids


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_relay_continues_after_a_dump_is_restored_on_another_server(
    database_kind: str, engine: Database, receiver: Receiver
) -> None:
    ids = await record(engine, [ONE, TWO])
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    ids += await record(engine, [ONE])
    # The other server had issued many more transaction ids.
    async with engine.begin() as restoring:
        for table in (outbox, relay_sinks):
            await restoring.execute(update(table).values(transaction_id=table.c.transaction_id + 10**12))
    ids += await record(engine, [ONE, TWO])
    async with relays(engine, webhook(receiver)):
        await receiver.received_all(ids)
    assert sorted(receiver.ids()) == sorted(ids)
    assert [delivery.id for delivery in receiver.deliveries if delivery.group == str(ONE)] == [ids[0], *ids[2:4]]
    out = io.BytesIO()
    await print_events(operator_of(engine), out, organization_id=None, after=None)
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == ids


async def test_a_poll_reads_no_event_that_is_already_in_a_lane(engine: Database) -> None:
    await record(engine, GROUPS * 300)
    await relay_intake.register_sink(engine, "webhook")
    for _ in range(3):
        await relay_intake.ingest_events(engine, "webhook")
    executed: list[tuple[str, Any]] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        executed.append((statement, parameters))

    await relay_intake.find_work(engine, "webhook", 600)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = executed[-1]
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
        plan = str((await connection.exec_driver_sql(f"{explain} {statement}", parameters)).all())
    if engine.dialect.name == "postgresql":
        assert "Index Cond: ((ROW(transaction_id, sequence) > ROW(" in plan
    else:
        assert re.search(r"SEARCH pm_group_outbox USING [A-Za-z_ ]+ \(transaction_id=\? AND \w+>\?\)", plan)


async def test_a_receiver_that_was_down_gets_everything_in_order_afterwards(
    engine: Database, receiver: Receiver
) -> None:
    receiver.respond = always(503)
    ids = await record(engine, [ONE, ONE, TWO])
    async with relays(engine, webhook(receiver)):
        await receiver.received(12)
        assert set(receiver.ids()) == {ids[0], ids[2]}  # the second of a group waits for the first
        receiver.respond = accept
        await receiver.received_all(ids)
    assert receiver.ids().count(ids[1]) == 1
    assert await parked(engine) == []


async def test_a_receiver_that_did_not_listen_gets_everything_afterwards(engine: Database) -> None:
    async with listening() as stopped:
        pass
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(stopped)), listening(stopped.port) as restarted:
        await restarted.received(2)
    assert restarted.ids() == ids


async def test_a_group_whose_events_fail_delays_no_other_group(engine: Database, receiver: Receiver) -> None:
    async def refuse_one(delivery: Delivery) -> int:
        return 500 if delivery.group == str(ONE) else 200

    receiver.respond = refuse_one
    first, *others = await record(engine, [ONE, TWO, TWO])
    async with relays(engine, webhook(receiver)):
        await receiver.received_all(others)
    assert [event_id for event_id in receiver.ids() if event_id != first] == others


async def test_an_event_is_parked_after_its_attempts_and_blocks_nothing(engine: Database, receiver: Receiver) -> None:
    ids = await record(engine, [ONE, ONE], organization="org-7")

    async def refuse_first(delivery: Delivery) -> int:
        return 500 if delivery.id == ids[0] else 200

    receiver.respond = refuse_first
    async with relays(engine, webhook(receiver, Retries(3, 0.01, 0.02))):
        await receiver.received(4)
    assert receiver.ids() == [ids[0], ids[0], ids[0], ids[1]]
    (event_row,) = await parked(engine)
    assert (str(event_row["id"]), event_row["tries"], event_row["reason"]) == (ids[0], 3, "HTTP 500")
    assert (event_row["sink"], event_row["organization_id"], event_row["event"], event_row["group_definition_id"]) == (
        "webhook",
        "org-7",
        "pm_group_session_scheduled",
        ONE,
    )
    assert await nothing_is_due(engine)


@pytest.mark.parametrize("status", [400, 410, 413, 415, 422])
async def test_an_event_that_is_rejected_is_parked_immediately(
    engine: Database, receiver: Receiver, status: int
) -> None:
    receiver.respond = always(status)
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    assert receiver.ids() == ids
    assert [(row["tries"], row["reason"]) for row in await parked(engine)] == [(1, f"HTTP {status}")] * 2


async def test_a_receiver_that_hangs_blocks_no_other_sink(engine: Database, receiver: Receiver) -> None:
    response = HeldResponse()
    ids = await record(engine, GROUPS * 3)
    async with listening() as stuck:
        stuck.respond = response
        other = webhook(stuck)
        other.name = "other"
        async with relays(engine, webhook(receiver), other):
            await receiver.received(len(ids))
            await stuck.received(len(GROUPS))
            assert len(stuck.deliveries) == len(GROUPS)
            response.release()
            await stuck.received(len(ids))
    assert sorted(receiver.ids()) == sorted(stuck.ids()) == sorted(ids)


async def test_a_new_sink_gets_the_events_recorded_before_it(engine: Database, receiver: Receiver) -> None:
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    async with listening() as second:
        late = webhook(second)
        late.name = "late"
        async with relays(engine, late):
            await second.received(2)
    assert second.ids() == ids


async def test_a_stopped_relay_finishes_its_delivery_and_leaves_the_rest(engine: Database, receiver: Receiver) -> None:
    response = HeldResponse()
    receiver.respond = response
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver)) as relay:
        await receiver.received(1)
        relay.stop()
        response.release()
    assert receiver.ids() == ids[:1]
    assert [lane["lease"] for lane in await lanes(engine)] == [None]  # released, so nobody waits for it to expire
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    assert receiver.ids() == ids


async def test_a_relay_that_lost_its_lease_leaves_the_lane_to_the_new_holder(
    engine: Database, receiver: Receiver
) -> None:
    response = HeldResponse(500)
    receiver.respond = response
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver, Retries(1, 1, 1))), listening() as healthy:
        await receiver.received(1)
        await let_time_pass(engine, timedelta(minutes=5))
        async with relays(engine, webhook(healthy)):
            await healthy.received(2)
        response.release()
    assert healthy.ids() == ids
    assert receiver.ids() == ids[:1]
    assert await parked(engine) == []
    assert await nothing_is_due(engine)


async def test_a_fault_of_the_server_counts_as_no_attempt(engine: Database, receiver: Receiver) -> None:
    sink = webhook(receiver, Retries(1, 1, 1))
    faults = [ConnectionResetError, RuntimeError]
    deliver = sink.deliver

    async def broken(event: LaneEvent, now: datetime) -> None:
        if faults:
            raise faults.pop()
        await deliver(event, now)

    sink.deliver = broken  # type: ignore[method-assign]  # a database that fails while the sink uses it
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, sink):
        await receiver.received(2)
    assert receiver.ids() == ids
    assert await parked(engine) == []


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_the_relay_recovers_from_an_outage_of_the_database(
    database_kind: str, postgres_url: str, database_url: str, engine: Database, receiver: Receiver
) -> None:
    response = HeldResponse()
    receiver.respond = response
    ids = await record(engine, [ONE, ONE])
    own_engine = create_engine(database_url)
    refused = asyncio.Event()

    @event.listens_for(own_engine.sync_engine, "do_connect")
    def _connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        try:
            return dialect.connect(*arguments, **options)
        except Exception:
            refused.set()
            raise

    # The lease would expire long after the test, so the relay must release the lane.
    async with relays(own_engine, webhook(receiver, timeout=60)):
        await receiver.received(1)
        async with connections_refused(postgres_url, engine.url.database):
            response.release()  # the event is delivered, but the relay cannot store that
            await asyncio.wait_for(refused.wait(), 20)
        await receiver.received_all(ids)
    assert receiver.ids()[0] == ids[0]
    assert receiver.ids()[-1] == ids[1]
    assert await nothing_is_due(engine)
    await own_engine.dispose()
