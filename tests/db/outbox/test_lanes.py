"""Lanes: one relay at a time claims a lane, and a relay without a lease changes nothing."""

import asyncio
import uuid
from datetime import timedelta

import pytest

from db.connections.engine import Database
from db.outbox.intake import find_work, ingest_events, register_sink
from db.outbox.lanes import (
    Lane,
    cap_waits,
    claim_lanes,
    mark_delivered,
    mark_failed,
    park,
    read_lane,
    release_lanes,
)
from db.outbox.parked_events import list_parked, send_again
from tests.support.databases import operator_of
from tests.support.relaying import database_now, lanes, let_time_pass, record

pytestmark = pytest.mark.anyio

SINK = "webhook"
GROUPS = [uuid.UUID(int=number) for number in range(1, 21)]


async def ingested(engine: Database, groups: list[uuid.UUID]) -> list[str]:
    ids = await record(engine, groups)
    await register_sink(engine, SINK)
    await ingest_events(engine, SINK)
    return ids


async def claimed(engine: Database, limit: int = 20) -> list[Lane]:
    return await claim_lanes(engine, SINK, uuid.uuid4(), "here:1", 60, limit)


async def test_concurrent_claims_share_no_lane(engine: Database) -> None:
    await ingested(engine, GROUPS)
    claims = await asyncio.gather(*(claimed(engine, 3) for _ in range(5)))
    groups = [lane.group_definition_id for claim in claims for lane in claim]
    assert max(map(len, claims)) <= 3
    assert len(set(groups)) == len(groups)
    groups += [lane.group_definition_id for lane in await claimed(engine)]
    assert sorted(groups) == GROUPS
    assert await claimed(engine) == []
    assert not (await find_work(engine, SINK, 600)).due_lanes


async def test_concurrent_ingestion_adds_each_event_once(engine: Database) -> None:
    await record(engine, GROUPS)
    await register_sink(engine, SINK)
    await asyncio.gather(*(ingest_events(engine, SINK) for _ in range(4)))
    assert len(await lanes(engine)) == len(GROUPS)
    assert not (await find_work(engine, SINK, 600)).new_events


async def test_a_relay_with_an_expired_lease_changes_nothing(engine: Database) -> None:
    await ingested(engine, GROUPS[:1] * 2)
    (lane,) = await claimed(engine)
    first, _ = await read_lane(engine, lane, 10)
    await let_time_pass(engine, timedelta(minutes=2))
    (reclaimed,) = await claimed(engine)
    before = await lanes(engine)
    assert not await mark_delivered(engine, lane, first, None)
    await mark_failed(engine, lane, "HTTP 500", 0)
    await park(engine, lane, first, 1, "HTTP 500")
    await release_lanes(engine, [lane])
    assert await lanes(engine) == before
    assert await list_parked(operator_of(engine), None) == []
    assert await mark_delivered(engine, reclaimed, first, None)


async def test_a_lane_that_grows_during_delivery_is_due_again(engine: Database) -> None:
    await ingested(engine, GROUPS[:1])
    (lane,) = await claimed(engine)
    (event,) = await read_lane(engine, lane, 10)
    (newer,) = await ingested(engine, GROUPS[:1])
    assert await claimed(engine) == []  # still leased
    assert await mark_delivered(engine, lane, event, None)
    (again,) = await claimed(engine)
    assert [str(event.id) for event in await read_lane(engine, again, 10)] == [newer]


async def test_an_event_is_sent_again_even_if_its_lane_is_leased(
    engine: Database,
) -> None:
    ids = await ingested(engine, GROUPS[:1] * 2)
    (lane,) = await claimed(engine)
    await park(engine, lane, (await read_lane(engine, lane, 10))[0], 1, "HTTP 500")
    (lane,) = await claimed(engine)
    (event,) = await read_lane(engine, lane, 10)
    assert await send_again(operator_of(engine), None) == 1
    assert await mark_delivered(engine, lane, event, None)
    (lane,) = await claimed(engine)
    (parked,) = await read_lane(engine, lane, 10)
    assert (str(parked.id), parked.was_parked) == (ids[0], True)
    assert await mark_delivered(engine, lane, parked, None)
    assert await list_parked(operator_of(engine), None) == []
    assert [(row["due_at"], row["again_count"]) for row in await lanes(engine)] == [(None, 0)]


async def test_sending_again_does_not_wait_for_the_next_retry(engine: Database) -> None:
    ids = await ingested(engine, GROUPS[:1] * 2)
    (lane,) = await claimed(engine)
    await park(engine, lane, (await read_lane(engine, lane, 10))[0], 1, "HTTP 500")
    (lane,) = await claimed(engine)
    await mark_failed(engine, lane, "HTTP 500", 3600)
    assert await claimed(engine) == []
    await send_again(operator_of(engine), None)
    (lane,) = await claimed(engine)
    assert [str(event.id) for event in await read_lane(engine, lane, 10)] == ids


async def test_only_overlong_waits_are_shortened(engine: Database) -> None:
    await ingested(engine, GROUPS[:2])
    one, two = await claimed(engine)
    await mark_failed(engine, one, "HTTP 503", 86_400)  # as a wrong clock might set it
    await mark_failed(engine, two, "HTTP 503", 300)
    before = {lane["group_definition_id"]: lane["due_at"] for lane in await lanes(engine)}
    assert (await find_work(engine, SINK, 600)).overlong_waits
    await cap_waits(engine, SINK, 600)
    assert not (await find_work(engine, SINK, 600)).overlong_waits
    after = {lane["group_definition_id"]: lane["due_at"] for lane in await lanes(engine)}
    assert after[one.group_definition_id] <= await database_now(engine) + timedelta(seconds=600)
    assert after[two.group_definition_id] == before[two.group_definition_id]
