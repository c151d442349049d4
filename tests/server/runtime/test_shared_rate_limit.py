"""Rate limits that processes share through Valkey or Redis, if one is installed on the machine."""

import asyncio
import contextlib
import shutil
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import valkey.asyncio

from resolvers.context import Clinic
from server.runtime.rate_limit import RateLimit
from server.runtime.rate_limit_store import RateLimitStore
from server.settings.request_limits import RequestLimits
from tests.support.api_client import clients_of, make_app
from tests.support.processes import free_port

PROGRAM = shutil.which("valkey-server") or shutil.which("redis-server")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(PROGRAM is None, reason="neither valkey-server nor redis-server is installed"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]


@pytest.fixture
async def store_process(tmp_path: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The URL and the process of an empty store."""
    port = free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path))
    process = await asyncio.create_subprocess_exec(str(PROGRAM), *options, stdout=DEVNULL)
    try:
        async with asyncio.timeout(30):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_servers_count_together_and_by_themselves_without_the_store(
    clinic: Clinic, store_process: tuple[str, asyncio.subprocess.Process]
) -> None:
    url, process = store_process
    faults = 0

    def count_fault() -> None:
        nonlocal faults
        faults += 1

    stores = [RateLimitStore(url, count_fault) for _ in range(2)]
    apps = [make_app(clinic, limits=RequestLimits(rate_limit="4/day"), rate_limit_store=store) for store in stores]
    async with clients_of(apps[0]) as first, clients_of(apps[1]) as second:
        both = [await clients(subject="Marguerite") for clients in (first, second)]
        statuses = [(await client.send("{ __typename }")).status_code for client in both * 3]
        assert statuses == [200, 200, 200, 200, 429, 429]
        refused = await both[0].send("{ __typename }")
        assert 1 <= int(refused.headers["Retry-After"]) <= 86_400
        assert (await (await second(subject="other")).send("{ __typename }")).status_code == 200
        reader = valkey.asyncio.Valkey.from_url(url)
        keys = b" ".join(await reader.keys("*")).lower()
        assert keys
        assert b"marguerite" not in keys
        await reader.aclose()
        process.kill()
        await process.wait()
        statuses = [(await client.send("{ __typename }")).status_code for client in both * 5]
        assert statuses == [200] * 8 + [429] * 2
    assert faults == 2  # one for each server, not for each request
    for store in stores:
        await store.close()


async def test_a_store_that_does_not_respond_delays_one_request(
    clinic: Clinic, store_process: tuple[str, asyncio.subprocess.Process]
) -> None:
    async def never_respond(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        silent.append(writer)

    silent: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(never_respond, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    store = RateLimitStore(f"valkey://127.0.0.1:{port}/0")
    limit = RateLimit("5/day", store)
    started = time.monotonic()
    assert [await limit.seconds_to_wait("key") is None for _ in range(6)] == [True] * 5 + [False]
    assert time.monotonic() - started < 5
    await store.close()
    for writer in silent:
        writer.close()
    server.close()
