"""A proxy in front of PostgreSQL that simulates network failures."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

from sqlalchemy import URL, make_url

_COMMIT = b"COMMIT"


class Cut(Enum):
    """The moment at which the connection breaks, once."""

    BEFORE_COMMIT = auto()
    """The server's COMMIT never reaches the database."""
    AFTER_COMMIT = auto()
    """The database commits, and its response never reaches the server."""


async def postgres_connection(server: URL) -> tuple[StreamReader, StreamWriter]:
    """Connect to PostgreSQL by Unix socket or TCP, depending on the URL."""
    folder = server.query.get("host")
    if isinstance(folder, str):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{server.port or 5432}")
    return await asyncio.open_connection(server.host, server.port or 5432)


class Proxy:
    """Forwards all bytes, except for the failures that a test requests."""

    def __init__(self, target: URL) -> None:
        self._target = target
        self._forwarding = asyncio.Event()
        self._forwarding.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut: tuple[int, Cut] | None = None
        self.commits = 0

    def cut_at(self, commit: int, cut: Cut) -> None:
        """Break the connection at the commit with this number, counted from the start of the proxy."""
        self._cut = (commit, cut)

    def stop_flow(self) -> None:
        """Drop all bytes from now on. Connections stay open but silent."""
        self._forwarding.clear()

    def resume_flow(self) -> None:
        """Forward all bytes again."""
        self._forwarding.set()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await postgres_connection(self._target)
            responses = asyncio.create_task(self._pass_responses(far_reader, writer))
            try:
                await self._pass_requests(reader, far_reader, far_writer, responses)
            finally:
                responses.cancel()
                far_writer.close()
                await asyncio.gather(responses, return_exceptions=True)
        writer.close()
        self._tasks.discard(task)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass_requests(
        self, reader: StreamReader, far_reader: StreamReader, far_writer: StreamWriter, responses: asyncio.Task[None]
    ) -> None:
        while data := await reader.read(65536):
            await self._forwarding.wait()
            if _COMMIT in data:
                self.commits += 1
                if self._cut == (self.commits, Cut.BEFORE_COMMIT):
                    return
                if self._cut == (self.commits, Cut.AFTER_COMMIT):
                    responses.cancel()
                    await asyncio.gather(responses, return_exceptions=True)
                    far_writer.write(data)
                    await far_reader.read(65536)
                    return
            far_writer.write(data)
            await far_writer.drain()

    async def _pass_responses(self, reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._forwarding.wait()
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def proxy_to(database_url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Yield a proxy in front of a PostgreSQL database, and the DATABASE_URL that leads through it."""
    target = make_url(database_url)
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = target.set(host="127.0.0.1", port=port, query={})
    try:
        yield proxy, through.render_as_string(hide_password=False)
    finally:
        server.close()
        await proxy.close()
