"""`group-sessions events` prints the recorded events in order."""

import asyncio
import io
import json
import signal
from pathlib import Path

import pytest

from db.connections.engine import Database
from server.cli import event_stream
from server.cli.event_stream import follow_events, print_events
from server.runtime.command_error import CommandError
from tests.support.databases import connections_refused, operator_of
from tests.support.processes import running_command
from tests.support.relaying import record_in

pytestmark = pytest.mark.anyio


async def printed(engine: Database, organization: str | None = None, after: str | None = None) -> list[str]:
    out = io.BytesIO()
    await print_events(operator_of(engine), out, organization_id=organization, after=after)
    return [json.loads(line)["id"] for line in out.getvalue().splitlines()]


async def test_events_are_printed_in_the_order_they_were_recorded(engine: Database) -> None:
    ids: list[str] = []
    for _ in range(3):
        async with engine.begin() as connection:
            ids += await record_in(connection, count=2)
    assert await printed(engine) == ids
    assert await printed(engine, after=ids[2]) == ids[3:]
    assert await printed(engine, after=ids[-1]) == []


async def test_pages_skip_and_repeat_nothing(engine: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "PAGE", 3)
    async with engine.begin() as connection:
        ids = await record_in(connection, count=10)
    assert await printed(engine) == ids


async def test_only_events_of_the_organization_are_printed(engine: Database) -> None:
    async with engine.begin() as connection:
        ours, theirs = await record_in(connection, "org-1", 2), await record_in(connection, "org-2", 2)
    assert await printed(engine, "org-1") == ours
    assert await printed(engine, "org-2") == theirs
    with pytest.raises(CommandError, match="no event"):
        await printed(engine, "org-2", after=ours[0])


@pytest.mark.parametrize("after", ["yesterday", "7d3c1e8a-0000-4000-8000-000000000000"])
async def test_an_unknown_event_id_is_an_error(engine: Database, after: str) -> None:
    with pytest.raises(CommandError, match=after):
        await printed(engine, after=after)


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_no_event_of_a_running_earlier_transaction_is_skipped(database_kind: str, engine: Database) -> None:
    async with engine.connect() as slow:
        transaction = await slow.begin()
        first = await record_in(slow)
        async with engine.begin() as quick:
            second = await record_in(quick)
        assert await printed(engine) == []
        await transaction.commit()
    assert await printed(engine) == first + second


class Lines(io.BytesIO):
    """An output that sets an event when it is flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed = asyncio.Event()

    def flush(self) -> None:
        self.flushed.set()


async def test_follow_prints_new_events_until_it_is_stopped(engine: Database) -> None:
    out, messages = Lines(), list[str]()
    async with engine.begin() as connection:
        ids = await record_in(connection)
    following = asyncio.create_task(
        follow_events(operator_of(engine), out, messages.append, organization_id=None, after=None)
    )
    await asyncio.wait_for(out.flushed.wait(), 10)
    out.flushed.clear()
    async with engine.begin() as connection:
        ids += await record_in(connection)
    await asyncio.wait_for(out.flushed.wait(), 10)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == ids
    assert messages == []


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_follow_continues_after_an_outage_without_loss_or_repeats(
    database_kind: str, engine: Database, owner_url: str, postgres_url: str, tmp_path: Path
) -> None:
    async with engine.begin() as connection:
        ids = await record_in(connection, count=2)
    async with running_command("events", "--follow", cwd=tmp_path, DATABASE_URL=owner_url) as following:
        assert following.stdout is not None
        assert following.stderr is not None
        printed = [await asyncio.wait_for(following.stdout.readline(), 30) for _ in range(2)]
        async with connections_refused(postgres_url, engine.url.database):
            message = await asyncio.wait_for(following.stderr.readline(), 30)
            assert b"the connection to the database is lost" in message
        async with engine.begin() as connection:
            ids += await record_in(connection, count=2)
        assert b"the database is back" in await asyncio.wait_for(following.stderr.readline(), 30)
        printed += [await asyncio.wait_for(following.stdout.readline(), 30) for _ in range(2)]
        following.send_signal(signal.SIGINT)
        stdout, stderr = await asyncio.wait_for(following.communicate(), 30)
    assert (following.returncode, stdout, stderr) == (0, b"", b"")
    assert [json.loads(line)["id"] for line in printed] == ids
