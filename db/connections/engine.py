"""The database engine: SQLite out of the box, PostgreSQL in earnest."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import orjson
from sqlalchemy import URL, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from db.connections.postgres_address import PostgresAddress, postgres_address
from db.connections.read_pool import ConfinedReadPool, ReadPool, SharedReadPool
from db.connections.sqlite_file import keep_to_file, make_private_folder
from db.connections.sqlite_writer import BUSY_SECONDS, WRITER_SECONDS, WriterConnection, begin_immediate
from db.connections.statement_count import UNCOUNTED
from db.connections.write_refusals import WriteRefusals

# A connection opened with this execution option may write. SQLite then takes its write lock at BEGIN, not at the first
# write: a transaction that reads, decides and writes cannot lose the race in between (SQLITE_BUSY_SNAPSHOT).
WRITES = "group_sessions_writes"
# The execution option that tells for how many seconds it may wait for that lock; 10 unless it is told.
LOCK_WAIT = "group_sessions_lock_wait"

QUEUE_SECONDS: Final = 10.0
"""How long a request waits in this process, for a connection or for its turn, before it is refused as busy.

It holds nothing meanwhile, so a burst is served late rather than refused. Twice as long, and the wait for a lock, is
still less than `db.stores.idempotency.LEASE`.
"""

CLOSE_SECONDS = 5
"""How long PostgreSQL may take to end connections; the server ends those that are left when it notices."""

_STATEMENTS_PREPARED = 50
"""How many statements PostgreSQL keeps prepared for a connection that reads."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class Database(AsyncEngine):
    """An engine, and beside its connections those that requests read by.

    Attributes:
        read_pool: The connections to read by; they end with the engine's own.
        write_refusals: Whether the database takes changes.
    """

    read_pool: ReadPool
    write_refusals: WriteRefusals

    async def dispose(self, close: bool = True) -> None:
        """End the connections that are not in use; a database that does not answer is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.read_pool.close()
                await super().dispose(close)


def async_url(database_url: str) -> URL:
    """Return the URL with the driver used here, for sqlite:///path and postgresql://… (without its parameters).

    Raises:
        UnusableParameter: Where a parameter of postgresql://… cannot be used.
        ValueError: Where the URL names another database.
    """
    if database_url.startswith(("postgresql://", "postgres://")):
        return postgres_address(database_url).url
    url = make_url(database_url)
    backend = url.drivername.partition("+")[0]
    if backend not in _DRIVERS:
        raise ValueError("the database must be sqlite:///path or postgresql://…")
    return url.set(drivername=_DRIVERS[backend])


def create_engine(
    database_url: str,
    pool_size: int = 10,
    *,
    command_timeout: float | None = None,
    may_create: bool = True,
    pool_timeout: float = QUEUE_SECONDS,
) -> Database:
    """Return an engine for sqlite:///path (its folder is made) or postgresql://user@host/name.

    Args:
        database_url: The database.
        pool_size: Half of how many connections are opened at most, each when it is needed. On PostgreSQL one half
            reads, the other writes.
        command_timeout: For servers and relays: how long PostgreSQL may be silent after a statement before it counts as
            gone. None, for commands, is for ever, and so may a command be silent within a transaction.
        may_create: Whether SQLite makes the file where there is none. A server does not, nor a command that only reads:
            a file that is gone is lost data, not a new beginning.
        pool_timeout: How long to wait for a connection where all are in use.
    """
    url = async_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, pool_size, may_create=may_create, pool_timeout=pool_timeout)
    options: dict[str, Any] = {
        "connect_args": {
            "async_creator_fn": _connecting(postgres_address(database_url)),
            "command_timeout": command_timeout,
        },
        "hide_parameters": True,  # errors and logs show statements without the values of patients
        "json_serializer": _dump_json,
        "json_deserializer": orjson.loads,
    }
    engine = _database(
        create_async_engine(
            url,
            # Without overflow no connection is closed when it is released: the driver does not wait for that.
            pool_size=pool_size,
            max_overflow=0,
            pool_use_lifo=True,  # the one that was used last has its statements prepared
            pool_timeout=pool_timeout,
            **options,
        ),
        ConfinedReadPool(create_async_engine(url, poolclass=NullPool, **_reading(options)), pool_size, pool_timeout),
    )

    # The event loop has seen which connections the server ended, so a look suffices, and no round trip is needed.
    @event.listens_for(engine.sync_engine, "checkout")
    def _refuse_ended(connection: Any, _record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine


def _connecting(address: PostgresAddress) -> Callable[..., Awaitable[asyncpg.Connection]]:
    """Return what opens a connection; where the database is, the address says, and not SQLAlchemy's own arguments."""
    tls = {} if address.tls is None else {"ssl": address.tls}

    def connect(*, command_timeout: float | None, statement_cache_size: int = 100, **_named: Any) -> Any:
        return asyncpg.connect(
            address.dsn,
            timeout=address.connect_seconds,
            command_timeout=command_timeout,
            statement_cache_size=statement_cache_size,
            **tls,
        )

    return connect


def _reading(options: dict[str, Any]) -> dict[str, Any]:
    # What is read differs with what is asked, and what a client makes up shall not stay prepared for long.
    return options | {"connect_args": options["connect_args"] | {"statement_cache_size": _STATEMENTS_PREPARED}}


def _database(engine: AsyncEngine, read_pool: ReadPool) -> Database:
    database = Database(engine.sync_engine)
    database.read_pool = read_pool
    database.write_refusals = WriteRefusals()
    return database


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _sqlite(url: URL, pool_size: int, *, may_create: bool, pool_timeout: float) -> Database:
    if may_create and url.database and url.database != ":memory:":
        make_private_folder(Path(url.database).parent)
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=pool_timeout,
        connect_args={"timeout": BUSY_SECONDS, "factory": WriterConnection},
        hide_parameters=True,  # errors and logs show statements without the values of patients
        json_serializer=_dump_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver's own implicit BEGIN comes too late for what _begin needs.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    if url.database and not url.query:  # else it is SQLite's own kind of address, not a path
        keep_to_file(engine, Path(url.database), may_create=may_create)

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(WRITES, False):
            begin_immediate(connection.connection.dbapi_connection, options.get(LOCK_WAIT, WRITER_SECONDS))
        else:
            connection.exec_driver_sql("BEGIN", execution_options={UNCOUNTED: True})

    return _database(engine, SharedReadPool(engine))
