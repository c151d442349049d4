"""Snapshots: values as SQLAlchemy reads them, of one organization and one moment, and a pool that recovers."""

from datetime import date, time

import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.exc import DBAPIError

from db.connections.engine import Database
from db.connections.statement_count import start_counting
from db.sql.rows import OCCURRENCE_COLUMNS
from db.sql.statement import Statement, of_organization
from db.tables import group_definitions, occurrences
from db.transactions.snapshots import Snapshot, snapshot
from tests.support.clinic import OURS, THEIRS, seed
from tests.support.clinic_rows import add_group, add_sessions

pytestmark = pytest.mark.anyio

_COUNT = Statement(select(func.count()).select_from(group_definitions).where(of_organization(group_definitions)))


async def test_values_are_read_as_sqlalchemy_reads_them(engine: Database) -> None:
    await seed(engine)
    group = await add_group(engine, "a")
    await add_sessions(engine, group, [date(2026, 11, 1)], start_time=time(9, 30), location_id="phoenix")
    async with engine.connect() as connection:
        (expected,) = await connection.execute(select(*OCCURRENCE_COLUMNS))
    async with snapshot(engine, OURS) as reader:
        (row,) = await reader.fetch(Statement(select(*OCCURRENCE_COLUMNS).where(of_organization(occurrences))), {})
    assert tuple(row) == tuple(expected)
    assert [type(value) for value in row] == [type(value) for value in expected]


async def test_a_snapshot_reads_only_its_own_organization(engine: Database) -> None:
    await seed(engine)
    await add_group(engine, "ours")
    async with snapshot(engine, THEIRS) as reader:
        assert [tuple(row) for row in await reader.fetch(_COUNT, {"organization_id": OURS})] == [(0,)]


async def test_a_snapshot_sees_one_moment(engine: Database) -> None:
    await seed(engine)
    async with snapshot(engine, OURS) as reader:
        assert [tuple(row) for row in await reader.fetch(_COUNT, {})] == [(0,)]
        await add_group(engine, "meanwhile")
        assert [tuple(row) for row in await reader.fetch(_COUNT, {})] == [(0,)]
    async with snapshot(engine, OURS) as reader:
        assert [tuple(row) for row in await reader.fetch(_COUNT, {})] == [(1,)]


async def test_a_failed_snapshot_raises_its_first_fault_again(engine: Database) -> None:
    async with snapshot(engine, OURS) as reader:
        with pytest.raises(DBAPIError) as first:
            await reader.fetch(Statement(select(text("1")).select_from(text("nowhere"))), {})
        with pytest.raises(DBAPIError) as second:
            await reader.fetch(_COUNT, {})
    assert second.value is first.value
    async with snapshot(engine, OURS) as reader:
        assert [tuple(row) for row in await reader.fetch(_COUNT, {})] == [(0,)]


async def test_statements_are_counted(engine: Database) -> None:
    async with snapshot(engine, OURS) as reader:
        count = start_counting()
        await reader.fetch(_COUNT, {})
        await reader.fetch(_COUNT, {})
    assert count.statements == 2
    assert count.seconds > 0


async def test_a_refused_statement_shows_its_text_and_no_values(engine: Database) -> None:
    refused = Statement(text("SELECT x FROM nowhere WHERE y = :y"))
    for _ in range(30):  # more than the pool holds
        with pytest.raises(DBAPIError) as caught:
            async with snapshot(engine, OURS) as reader:
                await reader.fetch(refused, {"y": "Marguerite"})
        assert "nowhere" in str(caught.value.statement)
        assert not caught.value.connection_invalidated
        assert "Marguerite" not in str(caught.value)
    async with snapshot(engine, OURS) as reader:
        assert await reader.fetch(Statement(select(bindparam("one", 1))), {})


async def _process(reader: Snapshot) -> int:
    ((process,),) = await reader.fetch(Statement(text("SELECT pg_backend_pid()")), {})
    return int(process)


async def _terminate(engine: Database, processes: list[int]) -> None:
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for process in processes:
            await connection.execute(
                text("SELECT pg_terminate_backend(:process, 5000) WHERE :process <> pg_backend_pid()"),
                {"process": process},
            )


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_lost_connection_is_replaced_for_the_next_snapshot(engine: Database) -> None:
    async with snapshot(engine, OURS) as reader:
        await _terminate(engine, [await _process(reader)])
        with pytest.raises(DBAPIError) as caught:
            await reader.fetch(_COUNT, {})
    assert caught.value.connection_invalidated
    async with snapshot(engine, OURS) as reader:
        assert [tuple(row) for row in await reader.fetch(_COUNT, {})] == [(0,)]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_connections_that_end_in_the_pool_are_replaced(engine: Database) -> None:
    async with snapshot(engine, OURS) as first, snapshot(engine, OURS) as second:
        idle = [await _process(first), await _process(second)]
    await _terminate(engine, idle)
    async with snapshot(engine, OURS) as first, snapshot(engine, OURS) as second:
        processes = {await _process(first), await _process(second)}
    assert len(processes - set(idle)) >= 1
