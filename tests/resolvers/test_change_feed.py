"""The changes that subscribers receive: all, in order, each once, whichever way they are read."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest

from db.connections.engine import Database
from db.connections.roles import Role
from db.outbox.changes import RecordedChange
from db.outbox.events import EventPosition
from db.transactions.all_organizations import writing_all
from domain import roster_changes, session_changes
from resolvers.caller import PermissionKey
from resolvers.change_feed import ChangeFeed
from resolvers.context import Context
from resolvers.errors import BadInput, PermissionDenied, StreamInterrupted
from resolvers.queries.changes import EVENT_KEYS, follow_changes
from tests.support.clinic import caller, clinic
from tests.support.databases import operator_of
from tests.support.relaying import record, record_in

pytestmark = pytest.mark.anyio

Changes = AsyncGenerator[RecordedChange, None]
GROUP, OTHER = uuid4(), uuid4()


def subscriber(engine: Database, feed: ChangeFeed, organization: str = "org-1") -> Context:
    return Context(replace(clinic(engine), change_feed=feed), caller(organization), "request-1")


async def follow(context: Context, after: str | None = None, groups: list[str] | None = None) -> Changes:
    return await follow_changes(context, after, groups, discloses_patients=False)


async def take(changes: Changes, count: int) -> list[str]:
    async with asyncio.timeout(20):
        return [str((await anext(changes)).id) for _ in range(count)]


@pytest.fixture
async def feed() -> AsyncIterator[ChangeFeed]:
    feed = ChangeFeed()
    yield feed
    await feed.close()


@asynccontextmanager
async def open_transaction(engine: Database) -> AsyncIterator[list[str]]:
    """Record an event in a transaction that is committed at the end of the block, and yield its id."""
    async with writing_all(operator_of(engine), Role.OPERATOR) as connection:
        yield await record_in(connection)


def test_every_event_has_the_key_of_what_it_is_about() -> None:
    sessions = set(session_changes._EVENTS.values())
    enrollments = set(roster_changes._EVENTS.values())
    assert {
        **dict.fromkeys(sessions, PermissionKey.GROUP_SCHEDULE_VIEW),
        **dict.fromkeys(enrollments, PermissionKey.GROUP_ENROLLMENTS_VIEW),
    } == EVENT_KEYS


async def test_a_subscriber_gets_the_changes_after_it_subscribed(engine: Database, feed: ChangeFeed) -> None:
    await record(engine, [GROUP])
    changes = await follow(subscriber(engine, feed))
    ids = await record(engine, [GROUP, OTHER])  # before the first one is requested
    assert await take(changes, 2) == ids
    more = await record(engine, [GROUP])
    assert await take(changes, 1) == more
    await changes.aclose()


async def test_a_subscriber_resumes_after_any_change(engine: Database, feed: ChangeFeed) -> None:
    ids = await record(engine, [GROUP] * 3) + await record(engine, [OTHER] * 3)
    for number, after in enumerate(ids[:-1], 1):
        changes = await follow(subscriber(engine, feed), after)
        assert await take(changes, len(ids) - number) == ids[number:]
        await changes.aclose()


async def test_a_subscriber_that_falls_behind_loses_and_repeats_nothing(engine: Database) -> None:
    feed = ChangeFeed(capacity=3)
    first = await record(engine, [GROUP])
    slow = await follow(subscriber(engine, feed), first[0])
    quick = await follow(subscriber(engine, feed), first[0])
    ids: list[str] = []
    seen: list[str] = []
    for size in (1, 2, 7, 600, 3):
        ids += await record(engine, [GROUP] * size)
        seen += await take(quick, size)
    assert seen == ids
    assert await take(slow, len(ids)) == ids
    await slow.aclose()
    await quick.aclose()
    await feed.close()


async def test_changes_of_other_organizations_are_not_received(engine: Database, feed: ChangeFeed) -> None:
    changes = await follow(subscriber(engine, feed))
    theirs = await follow(subscriber(engine, feed, "org-2"))
    other = await record(engine, [GROUP], "org-2")
    ids = await record(engine, [GROUP])
    assert await take(changes, 1) == ids
    assert await take(theirs, 1) == other
    with pytest.raises(BadInput, match="`after` must be the id of a change"):
        await follow(subscriber(engine, feed), other[0])
    await changes.aclose()
    await theirs.aclose()


@pytest.mark.parametrize("after", ["", "nonsense", "0b5c7d1e-6f2a-4c38-9a41-3d2e8f5b7a90", "1"])
async def test_an_unknown_position_is_refused(engine: Database, feed: ChangeFeed, after: str) -> None:
    with pytest.raises(BadInput, match="`after` must be the id of a change"):
        await follow(subscriber(engine, feed), after)


async def test_only_changes_of_the_chosen_groups_are_received(engine: Database, feed: ChangeFeed) -> None:
    changes = await follow(subscriber(engine, feed), groups=[str(OTHER)])
    ids = await record(engine, [GROUP, OTHER, GROUP, OTHER])
    assert await take(changes, 2) == [ids[1], ids[3]]
    await changes.aclose()
    with pytest.raises(BadInput, match="must be a UUID"):
        await follow(subscriber(engine, feed), groups=["nonsense"])
    with pytest.raises(BadInput, match="at most 100"):
        await follow(subscriber(engine, feed), groups=[str(OTHER)] * 101)


async def test_a_caller_who_may_view_neither_kind_is_refused(engine: Database, feed: ChangeFeed) -> None:
    keys = set(PermissionKey) - {PermissionKey.GROUP_SCHEDULE_VIEW, PermissionKey.GROUP_ENROLLMENTS_VIEW}
    context = Context(replace(clinic(engine), change_feed=feed), caller("org-1", keys), "request-1")
    with pytest.raises(PermissionDenied):
        await follow(context)


# SQLite has one writer at a time.
@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_change_that_is_committed_later_is_not_skipped(engine: Database, feed: ChangeFeed) -> None:
    changes = await follow(subscriber(engine, feed))
    async with open_transaction(engine) as earlier:
        later = await record(engine, [GROUP])
        reading = asyncio.create_task(take(changes, 2))
    assert await reading == [*earlier, *later]
    await changes.aclose()


async def test_the_feed_reads_only_while_there_are_subscribers(engine: Database, feed: ChangeFeed) -> None:
    changes = await follow(subscriber(engine, feed))
    reading = asyncio.create_task(take(changes, 1))
    await record(engine, [GROUP])
    await reading
    tail = feed._tail
    assert tail is not None
    await changes.aclose()
    async with asyncio.timeout(5):
        await tail
    assert feed._tail is None


async def test_subscribers_resume_if_the_order_of_events_has_changed(engine: Database, feed: ChangeFeed) -> None:
    changes = await follow(subscriber(engine, feed))
    reading = asyncio.create_task(take(changes, 1))
    await record(engine, [GROUP])
    await reading
    waiting = asyncio.create_task(take(changes, 1))
    # As after a failover to a server that lacks the last change, or has another position for it.
    feed._end = EventPosition(feed._end.transaction_id, feed._end.sequence + 7)
    await feed._find_end_again(engine)
    with pytest.raises(StreamInterrupted):
        await waiting
