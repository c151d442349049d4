"""The relay: every event reaches every sink, at least once, in order per group, whatever fails on the way."""

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
from tests.server.cli.test_events_command import record as record_in
from tests.support.databases import operator_of
from tests.support.receiver import Delivery, Receiver, accept, always, listening
from tests.support.relaying import lanes, let_time_pass, nothing_is_due, parked, record, relays, webhook

pytestmark = pytest.mark.anyio

GROUPS = [uuid.UUID(int=number) for number in range(1, 8)]
ONE, TWO = GROUPS[:2]


def each_once_and_in_order(receiver: Receiver, recorded: list[tuple[str, uuid.UUID]]) -> bool:
    came = receiver.ids()
    return sorted(came) == sorted(event_id for event_id, _ in recorded) and all(
        [delivery.id for delivery in receiver.deliveries if delivery.group == str(group)]
        == [event_id for event_id, its_group in recorded if its_group == group]
        for group in GROUPS
    )


async def test_an_event_comes_signed_with_its_id_and_its_whole_envelope(engine: Database, receiver: Receiver) -> None:
    (event_id,) = await record(engine, [ONE], note="née 名")
    async with relays(engine, webhook(receiver)):
        (delivery,) = await receiver.received(1)
    assert delivery.id == delivery.envelope["id"] == event_id
    assert delivery.envelope["payload"] == {"group": str(ONE), "note": "née 名"}
    assert delivery.headers["content-type"] == "application/json"


async def test_events_recorded_before_and_while_it_runs_come_in_order(engine: Database, receiver: Receiver) -> None:
    ids = await record(engine, [ONE, ONE, ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(3)
        ids += await record(engine, [ONE])
        await receiver.received(4)
        ids += await record(engine, [ONE, ONE])
        await receiver.received(6)
    assert receiver.ids() == ids
    async with relays(engine, webhook(receiver)):  # another one goes on where the first was
        ids += await record(engine, [ONE])
        await receiver.received(7)
    assert receiver.ids() == ids


async def test_pages_and_turns_leave_out_and_repeat_nothing(
    engine: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_intake, "PAGE", 5)
    monkeypatch.setattr(sink_relay, "RUN", 2)
    monkeypatch.setattr(sink_relay, "LANES", 3)
    order = [*GROUPS, ONE, ONE, ONE, TWO, *reversed(GROUPS)]
    ids = await record(engine, order)
    async with relays(engine, webhook(receiver)):
        await receiver.received(len(ids))
    assert each_once_and_in_order(receiver, list(zip(ids, order, strict=True)))
    assert await nothing_is_due(engine)


async def test_several_relays_deliver_each_event_once_and_in_order_per_group(
    database_url: str, engine: Database, receiver: Receiver
) -> None:
    recorded: list[tuple[str, uuid.UUID]] = []
    async with AsyncExitStack() as stack:
        for _ in range(4):
            its_own = create_engine(database_url)
            stack.push_async_callback(its_own.dispose)
            await stack.enter_async_context(relays(its_own, webhook(receiver)))
        for _ in range(12):
            recorded += zip(await record(engine, GROUPS), GROUPS, strict=True)
        await receiver.received(len(recorded))
    assert each_once_and_in_order(receiver, recorded)
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
async def test_a_groups_order_is_that_of_its_lock_whichever_transaction_began_first(
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
async def test_a_dump_restored_into_another_server_goes_on_where_it_was(
    database_kind: str, engine: Database, receiver: Receiver
) -> None:
    ids = await record(engine, [ONE, TWO])
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    ids += await record(engine, [ONE])
    # The other server had given out many more transaction numbers.
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


async def test_looking_for_work_reads_no_event_that_was_seen(engine: Database) -> None:
    await record(engine, GROUPS * 300)
    await relay_intake.register_sink(engine, "webhook")
    for _ in range(3):
        await relay_intake.ingest_events(engine, "webhook")
    asked: list[tuple[str, Any]] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    await relay_intake.find_work(engine, "webhook", 600)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = asked[-1]
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
        plan = str((await connection.exec_driver_sql(f"{explain} {statement}", parameters)).all())
    if engine.dialect.name == "postgresql":
        assert "Index Cond: ((ROW(transaction_id, sequence) > ROW(" in plan
    else:
        assert re.search(r"SEARCH pm_group_outbox USING [A-Za-z_ ]+ \(transaction_id=\? AND \w+>\?\)", plan)


async def test_a_receiver_that_was_down_gets_everything_in_order_when_it_is_back(
    engine: Database, receiver: Receiver
) -> None:
    receiver.answer = always(503)
    ids = await record(engine, [ONE, ONE, TWO])
    async with relays(engine, webhook(receiver)):
        await receiver.received(12)
        assert set(receiver.ids()) == {ids[0], ids[2]}  # the second of a group waits for the first
        receiver.answer = accept
        await receiver.received_all(ids)
    assert receiver.ids().count(ids[1]) == 1
    assert await parked(engine) == []


async def test_a_receiver_that_is_not_there_gets_everything_when_it_is(engine: Database) -> None:
    async with listening() as gone:
        pass
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(gone)), listening(gone.port) as back:
        await back.received(2)
    assert back.ids() == ids


async def test_a_group_that_is_not_taken_holds_up_no_other(engine: Database, receiver: Receiver) -> None:
    async def refuse_one(delivery: Delivery) -> int:
        return 500 if delivery.group == str(ONE) else 200

    receiver.answer = refuse_one
    first, *others = await record(engine, [ONE, TWO, TWO])
    async with relays(engine, webhook(receiver)):
        await receiver.received_all(others)
    assert [event_id for event_id in receiver.ids() if event_id != first] == others


async def test_an_event_is_parked_after_its_tries_and_holds_up_nothing(engine: Database, receiver: Receiver) -> None:
    ids = await record(engine, [ONE, ONE], organization="org-7")

    async def refuse_first(delivery: Delivery) -> int:
        return 500 if delivery.id == ids[0] else 200

    receiver.answer = refuse_first
    async with relays(engine, webhook(receiver, Retries(3, 0.01, 0.02))):
        await receiver.received(4)
    assert receiver.ids() == [ids[0], ids[0], ids[0], ids[1]]
    (left,) = await parked(engine)
    assert (str(left["id"]), left["tries"], left["reason"]) == (ids[0], 3, "HTTP 500")
    assert (left["sink"], left["organization_id"], left["event"], left["group_definition_id"]) == (
        "webhook",
        "org-7",
        "pm_group_session_scheduled",
        ONE,
    )
    assert await nothing_is_due(engine)


@pytest.mark.parametrize("status", [400, 410, 413, 415, 422])
async def test_an_event_that_is_not_wanted_is_parked_at_once(engine: Database, receiver: Receiver, status: int) -> None:
    receiver.answer = always(status)
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    assert receiver.ids() == ids
    assert [(left["tries"], left["reason"]) for left in await parked(engine)] == [(1, f"HTTP {status}")] * 2


async def test_a_receiver_that_hangs_stops_no_other_sink(engine: Database, receiver: Receiver) -> None:
    go_on = asyncio.Event()

    async def hang(_delivery: Delivery) -> int:
        await go_on.wait()
        return 200

    ids = await record(engine, GROUPS * 3)
    async with listening() as stuck:
        stuck.answer = hang
        other = webhook(stuck)
        other.name = "other"
        async with relays(engine, webhook(receiver), other):
            await receiver.received(len(ids))
            await stuck.received(len(GROUPS))
            assert len(stuck.deliveries) == len(GROUPS)
            go_on.set()
            await stuck.received(len(ids))
    assert sorted(receiver.ids()) == sorted(stuck.ids()) == sorted(ids)


async def test_a_sink_that_is_new_gets_what_was_recorded_before_it(engine: Database, receiver: Receiver) -> None:
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    async with listening() as second:
        late = webhook(second)
        late.name = "late"
        async with relays(engine, late):
            await second.received(2)
    assert second.ids() == ids


async def test_a_relay_that_stops_finishes_the_event_under_way_and_leaves_the_rest(
    engine: Database, receiver: Receiver
) -> None:
    go_on = asyncio.Event()

    async def slowly(_delivery: Delivery) -> int:
        await go_on.wait()
        return 200

    receiver.answer = slowly
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver)) as relay:
        await receiver.received(1)
        relay.stop()
        go_on.set()
    assert receiver.ids() == ids[:1]
    assert [lane["lease"] for lane in await lanes(engine)] == [None]  # nobody has to wait for it to run out
    async with relays(engine, webhook(receiver)):
        await receiver.received(2)
    assert receiver.ids() == ids


async def test_a_relay_that_lost_its_lease_leaves_the_lane_to_who_took_it_over(
    engine: Database, receiver: Receiver
) -> None:
    go_on = asyncio.Event()

    async def hang(_delivery: Delivery) -> int:
        await go_on.wait()
        return 500

    receiver.answer = hang
    ids = await record(engine, [ONE, ONE])
    async with relays(engine, webhook(receiver, Retries(1, 1, 1))), listening() as sound:
        await receiver.received(1)
        await let_time_pass(engine, timedelta(minutes=5))
        async with relays(engine, webhook(sound)):
            await sound.received(2)
        go_on.set()
    assert sound.ids() == ids
    assert receiver.ids() == ids[:1]
    assert await parked(engine) == []
    assert await nothing_is_due(engine)


async def test_a_fault_that_is_not_the_events_costs_it_no_try(engine: Database, receiver: Receiver) -> None:
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
async def test_the_relay_recovers_from_a_database_that_was_gone(
    database_kind: str, postgres_url: str, database_url: str, engine: Database, receiver: Receiver
) -> None:
    outside = create_engine(postgres_url)
    name = engine.url.database
    go_on = asyncio.Event()

    async def slowly(_delivery: Delivery) -> int:
        await go_on.wait()
        return 200

    receiver.answer = slowly
    ids = await record(engine, [ONE, ONE])
    its_own = create_engine(database_url)
    refused = asyncio.Event()

    @event.listens_for(its_own.sync_engine, "do_connect")
    def _connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        try:
            return dialect.connect(*arguments, **options)
        except Exception:
            refused.set()
            raise

    # Its lease would run out long after the test: it gives the lane back itself.
    async with relays(its_own, webhook(receiver, timeout=60)):
        await receiver.received(1)
        async with outside.connect() as operator:
            await operator.execution_options(isolation_level="AUTOCOMMIT")
            await operator.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            await operator.execute(
                text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name"),
                {"name": name},
            )
            go_on.set()  # the event is delivered, and that cannot be noted down
            await asyncio.wait_for(refused.wait(), 20)
            await operator.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        await receiver.received_all(ids)
    assert receiver.ids()[0] == ids[0]
    assert receiver.ids()[-1] == ids[1]
    assert await nothing_is_due(engine)
    await outside.dispose()
    await its_own.dispose()
