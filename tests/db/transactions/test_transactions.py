"""Conflicting transactions: a bounded number of retries, and at most three seconds of waiting for a lock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from db.connections.engine import WRITES, Database, Pooling, create_engine
from db.connections.faults import Busy, classify_fault
from db.sql.statement import Statement, equals
from db.stores.groups import lock_group
from db.tables import group_definitions
from db.transactions.lock_queue import LockQueue, MustQueue, Ticket
from db.transactions.retries import ATTEMPTS, transact
from db.transactions.snapshots import snapshot
from db.transactions.unit_of_work import Actor, UnitOfWork, unit_of_work
from server.runtime.clock import now
from tests.support.clinic import OURS, seed
from tests.support.clinic_rows import add_group
from tests.support.databases import until_a_backend_waits, waiting_backends

pytestmark = pytest.mark.anyio
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"])
"""SQLite has one writer at a time, so there are no conflicts, and no locks of single groups."""

ACTOR = Actor("user-1", OURS, "request-1")
Decide = Callable[[UnitOfWork], Awaitable[object]]
RENAME = Statement(update(group_definitions).where(equals(group_definitions.c.id)), ["name"])
CONFLICT = Statement(text("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure'; END $$"))
EMPTY_CAPACITY = Statement(update(group_definitions).values(max_capacity=0))


@pytest.fixture
async def groups(engine: Database) -> list[UUID]:
    await seed(engine)
    return [await add_group(engine, name) for name in ("First", "Second")]


async def run(engine: Database, decide: Decide, lock_queue: LockQueue | None = None) -> object:
    return await transact(engine, lock_queue or LockQueue(), ACTOR, now, uuid7, decide)


def rename(group_id: UUID, name: str) -> Decide:
    async def decide(work: UnitOfWork) -> str:
        await lock_group(work, group_id)
        await work.store(RENAME, [{"id": group_id, "name": name}])
        return name

    return decide


async def names(engine: Database) -> list[str]:
    async with engine.connect() as connection:
        return sorted(await connection.scalars(select(group_definitions.c.name)))


@asynccontextmanager
async def locked(engine: Database, group_id: UUID) -> AsyncIterator[AsyncConnection]:
    """Lock the group, on SQLite the database, from another connection."""
    async with engine.connect() as other:
        await other.execution_options(**{WRITES: True})
        async with other.begin() as transaction:
            await other.execute(
                select(group_definitions.c.id).where(group_definitions.c.id == group_id).with_for_update()
            )
            yield other
            await transaction.rollback()


@on_postgresql
async def test_a_deadlock_is_resolved_and_both_succeed(
    engine: Database, groups: list[UUID], database_kind: str
) -> None:
    runs = 0
    both_hold_one = asyncio.Barrier(2)

    def both(first: UUID, second: UUID, name: str) -> Decide:
        met = False

        async def decide(work: UnitOfWork) -> None:
            nonlocal runs, met
            runs += 1
            await rename(first, name)(work)
            if not met:
                met = True
                await both_hold_one.wait()
            await rename(second, name)(work)

        return decide

    one, two = groups
    # Separate queues, as in separate processes. In one queue the transactions would not meet.
    await asyncio.gather(run(engine, both(one, two, "A")), run(engine, both(two, one, "B")))
    assert runs == 3
    assert (await names(engine)) in (["A", "A"], ["B", "B"])


async def conflict(work: UnitOfWork) -> None:
    """Make the database report a serialization failure."""
    await work.store(CONFLICT, [{}])


@on_postgresql
async def test_serialization_failures_are_retried_up_to_a_bound(
    engine: Database, groups: list[UUID], database_kind: str
) -> None:
    runs = 0

    def conflicting(times: int) -> Decide:
        async def decide(work: UnitOfWork) -> int:
            nonlocal runs
            runs += 1
            await rename(groups[0], f"Run {runs}")(work)
            if runs <= times:
                await conflict(work)
            return runs

        return decide

    assert await run(engine, conflicting(2)) == 3
    assert await names(engine) == ["Run 3", "Second"]
    runs = 0
    with pytest.raises(Busy):
        await run(engine, conflicting(100))
    assert runs == ATTEMPTS
    assert await names(engine) == ["Run 3", "Second"]


async def test_faults_that_are_no_conflict_are_not_retried(engine: Database, groups: list[UUID]) -> None:
    runs = 0

    async def decide(work: UnitOfWork) -> None:
        nonlocal runs
        runs += 1
        await rename(groups[0], "Half done")(work)
        await work.store(EMPTY_CAPACITY, [{}])

    with pytest.raises(DBAPIError) as caught:
        await run(engine, decide)
    assert classify_fault(caught.value) is None
    assert runs == 1
    assert await names(engine) == ["First", "Second"]


async def test_a_lock_that_is_not_released_is_busy(engine: Database, groups: list[UUID]) -> None:
    async with locked(engine, groups[0]), asyncio.timeout(20):
        with pytest.raises(Busy):
            await run(engine, rename(groups[0], "Renamed"))
    assert await names(engine) == ["First", "Second"]
    assert await run(engine, rename(groups[0], "Renamed")) == "Renamed"


async def test_a_lock_that_is_released_in_time_is_acquired(engine: Database, groups: list[UUID]) -> None:
    lock_queue = LockQueue()
    async with locked(engine, groups[0]):
        waiting = [asyncio.create_task(run(engine, rename(groups[0], f"Renamed {n}"), lock_queue)) for n in range(3)]
        await asyncio.wait(waiting, timeout=0.2)
        assert not any(task.done() for task in waiting)
    assert await asyncio.gather(*waiting) == ["Renamed 0", "Renamed 1", "Renamed 2"]
    assert (await names(engine))[0].startswith("Renamed")


@on_postgresql
async def test_a_busy_group_does_not_delay_other_groups(
    groups: list[UUID], database_url: str, database_kind: str, engine: Database
) -> None:
    small = create_engine(database_url, Pooling(4, 4))  # at most 4 connections write
    lock_queue = LockQueue()

    async def insist(name: str) -> object:
        while True:  # clients retry, so the load stays, however slow this machine is
            with suppress(Busy):
                return await run(small, rename(groups[0], name), lock_queue)

    async with locked(engine, groups[0]) as other:
        waiting = [asyncio.create_task(insist(f"Hot {n}")) for n in range(50)]
        await until_a_backend_waits(engine)
        for n in range(20):
            assert await run(small, rename(groups[1], f"Cool {n}"), lock_queue) == f"Cool {n}"
            assert await waiting_backends(other) <= 1
        assert not any(task.done() for task in waiting)
    assert await asyncio.gather(*waiting) == [f"Hot {n}" for n in range(50)]
    await small.dispose()


async def test_a_full_pool_is_busy(groups: list[UUID], database_url: str, database_kind: str) -> None:
    small = create_engine(database_url, Pooling(1, 1), pool_timeout=0.05)
    async with AsyncExitStack() as connections, asyncio.timeout(20):
        for _ in range(2 if database_kind == "sqlite" else 1):  # on PostgreSQL the other connection reads
            await connections.enter_async_context(small.connect())
        with pytest.raises(Busy):
            await run(small, rename(groups[0], "Renamed"))
    assert await run(small, rename(groups[0], "Renamed")) == "Renamed"
    await small.dispose()


async def test_sqlite_reads_during_a_write(groups: list[UUID], engine: Database) -> None:
    async with locked(engine, groups[0]) as other:
        await other.execute(
            insert(group_definitions).from_select(
                group_definitions.c.keys(), select(group_definitions).where(text("false"))
            )
        )
        async with asyncio.timeout(10):
            assert await names(engine) == ["First", "Second"]


async def test_a_cancelled_waiter_does_not_delay_the_queue() -> None:
    lock_queue = LockQueue()
    assert lock_queue.acquire_now("group")
    first, second, third = (asyncio.create_task(lock_queue.acquire("group", 60)) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    lock_queue.release("group")
    await second
    third.cancel()
    lock_queue.release("group")
    await asyncio.gather(first, third, return_exceptions=True)
    assert lock_queue.acquire_now("group")


async def test_a_key_for_a_waiter_that_gives_up_goes_to_the_next() -> None:
    lock_queue = LockQueue()
    assert lock_queue.acquire_now("group")
    first, second = (asyncio.create_task(lock_queue.acquire("group", 60)) for _ in range(2))
    await asyncio.sleep(0)
    lock_queue.release("group")
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.wait_for(second, 10)


async def test_tickets_for_the_same_keys_do_not_wait_for_each_other() -> None:
    lock_queue = LockQueue()
    keys = [("org-1", str(number)) for number in range(4)]
    holders: dict[tuple[str, ...], int] = {}

    async def hold(*needed: tuple[str, ...]) -> None:
        ticket = Ticket(lock_queue)
        # The first attempt needs one of the keys; the second finds that it needs all of them.
        for attempt in (needed[:1], needed):
            while True:
                try:
                    ticket.require(*attempt)
                    break
                except MustQueue as refusal:
                    await ticket.wait(refusal.key, 20)
            await asyncio.sleep(0)
        for key in needed:
            holders[key] = holders.get(key, 0) + 1
            assert holders[key] == 1
        await asyncio.sleep(0)
        for key in needed:
            holders[key] -= 1
        ticket.release()

    async with asyncio.timeout(20):
        await asyncio.gather(*(hold(*order) for order in permutations(keys, 3)))
    assert all(lock_queue.acquire_now(key) for key in keys)


@on_postgresql
async def test_a_request_s_transaction_has_time_limits(engine: Database) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    settings = select(*(func.current_setting(name).label(name) for name in names))

    async def decide(work: UnitOfWork) -> dict[str, str]:
        [row] = await work.fetch(Statement(settings), {})
        return dict(zip(names, row, strict=True))

    limits = await run(engine, decide)
    assert isinstance(limits, dict)
    # A statement may wait twice for one lock, and lock_timeout limits each wait.
    within_three_seconds = {"1s", "2s", "3s", *(f"{left}ms" for left in range(1, 3000))}
    assert {limits.pop("lock_timeout"), limits.pop("statement_timeout")} <= within_three_seconds
    assert limits == {"idle_in_transaction_session_timeout": "1min"}
    async with snapshot(engine, OURS) as reader:
        (row,) = await reader.fetch(Statement(settings), {})
        assert tuple(row) == ("3s", "10s", "1min")


@on_postgresql
@pytest.mark.parametrize("left", [3.0, 1.0, 0.9, 0.05])
async def test_both_waits_for_a_row_end_within_the_remaining_time(
    engine: Database, database_kind: str, left: float
) -> None:
    milliseconds = text(
        "SELECT name, setting::int FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout')"
    )
    async with unit_of_work(engine, ACTOR, now, uuid7, lock_seconds=left) as work:
        limits: dict[str, int] = dict(await work.fetch(Statement(milliseconds), {}))
    assert 0 < min(2 * limits["lock_timeout"], limits["statement_timeout"]) <= left * 1000


async def test_discarded_work_changes_nothing_and_returns_its_result(engine: Database, groups: list[UUID]) -> None:
    async def decide(work: UnitOfWork) -> str:
        name = await rename(groups[0], "Renamed")(work)
        work.discard()
        return str(name)

    assert await run(engine, decide) == "Renamed"
    assert await names(engine) == ["First", "Second"]
    # The connection is free of the transaction: the next one commits.
    await run(engine, rename(groups[0], "Third"))
    assert await names(engine) == ["Second", "Third"]
