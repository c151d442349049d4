"""The database engine: SQLite out of the box, PostgreSQL for production."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import URL, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

from db.connections.meter import NO_METER, Meter
from db.connections.postgres_address import PostgresAddress, postgres_address
from db.connections.postgres_hosts import PostgresHosts
from db.connections.read_pool import ConfinedReadPool, PoolUse, ReadPool, SharedReadPool, TransactionReadPool
from db.connections.sqlite_file import connect, follow_file, make_private_folder
from db.connections.sqlite_writer import (
    BUSY_SECONDS,
    WRITER_SECONDS,
    WriterConnection,
    begin_immediate,
    enable_write_ahead_log,
)
from db.connections.statement_count import UNCOUNTED
from db.connections.write_refusals import WriteRefusals

# The execution option of a connection that may write. It makes SQLite take its write lock at BEGIN, not at the first
# write. Otherwise a transaction that reads and then writes could lose a race in between (SQLITE_BUSY_SNAPSHOT).
WRITES = "group_sessions_writes"
# The execution option with the seconds to wait for that lock. The default is WRITER_SECONDS.
LOCK_WAIT = "group_sessions_lock_wait"

QUEUE_SECONDS: Final = 10.0
"""How long a request waits in this process for a connection, or in a lock queue, before it fails as busy.

A waiting request holds no resources, so a burst is served late rather than rejected. Two such waits and a wait for a
lock take less time than `db.stores.idempotency.LEASE`.
"""

CLOSE_SECONDS = 5
"""How long closing the connections may take. PostgreSQL ends the remaining ones itself."""

_STATEMENTS_PREPARED = 50
"""How many prepared statements a read connection keeps."""

_NOTHING_PREPARED: Final[Mapping[str, Any]] = {
    "statement_cache_size": 0,  # asyncpg then prepares unnamed statements
    "prepared_statement_cache_size": 0,  # so does SQLAlchemy, with this name
    "prepared_statement_name_func": str,
}
"""The arguments with which no prepared statement outlives its transaction. The next one may run in another session."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


PoolMode = Literal["session", "transaction"]


@dataclass(frozen=True, slots=True)
class Pooling:
    """The connections of a process to PostgreSQL. Each is opened when it is first needed.

    Attributes:
        write_connections: The most connections that write.
        read_connections: The most connections that read.
        mode: What runs in one session of PostgreSQL: all that a connection does ("session"), or only each transaction
            ("transaction"), because a pooler is in between.
    """

    write_connections: int = 10
    read_connections: int = 10
    mode: PoolMode = "session"


DEFAULT_POOLING: Final = Pooling()


class Database(AsyncEngine):
    """An engine with a second pool of connections, for reading.

    Attributes:
        read_pool: The connections for reading. `dispose` closes them too.
        write_refusals: Whether the database accepts writes.
        meter: Receives what this process measures.
    """

    read_pool: ReadPool
    write_refusals: WriteRefusals
    meter: Meter = NO_METER

    def pool_use(self) -> dict[str, PoolUse]:
        """Return how many connections each pool has, by its name: `write`, and `read` on PostgreSQL."""
        pool = self.sync_engine.pool
        assert isinstance(pool, QueuePool)  # noqa: S101 - for mypy: `create_engine` makes no other
        limit = pool.size() + pool._max_overflow  # noqa: SLF001 - it has no public name
        use = {"write": PoolUse(pool.checkedout(), pool.checkedin(), limit)}
        read = self.read_pool.use()
        return use if read is None else {**use, "read": read}

    async def dispose(self, close: bool = True) -> None:
        """Close the idle connections. Give up after CLOSE_SECONDS if the database does not respond."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.read_pool.close()
                await super().dispose(close)


def async_url(database_url: str) -> URL:
    """Return SQLAlchemy's URL, with the async driver, for sqlite:///path or postgresql://… (without its parameters).

    Raises:
        UnusableParameter: A parameter of postgresql://… cannot be used.
        ValueError: The URL is for another kind of database.
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
    pooling: Pooling = DEFAULT_POOLING,
    *,
    command_timeout: float | None = None,
    may_create: bool = True,
    pool_timeout: float = QUEUE_SECONDS,
) -> Database:
    """Return an engine for sqlite:///path or postgresql://user@host/name.

    Args:
        database_url: The database.
        pooling: The connections. SQLite has as many, and any of them reads and writes.
        command_timeout: How many seconds PostgreSQL may take to respond to a statement before it counts as
            unavailable. Servers and relays set it. None, for operators' commands, means no limit.
        may_create: Whether to create the SQLite file and its folder if they are missing. Servers and commands that only
            read do not: a missing file means lost data, not a new database.
        pool_timeout: How many seconds to wait for a connection if all are in use.
    """
    url = async_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, pooling, may_create=may_create, pool_timeout=pool_timeout)
    shares_sessions = pooling.mode == "transaction"
    options: dict[str, Any] = {
        "connect_args": {
            "async_creator_fn": _connector(postgres_address(database_url)),
            "command_timeout": command_timeout,
            **(_NOTHING_PREPARED if shares_sessions else {}),
        },
        "hide_parameters": True,  # parameters contain patient data, which errors and logs must not show
        "json_serializer": _dump_json,
        "json_deserializer": orjson.loads,
    }
    engine = _database(
        create_async_engine(
            url,
            # Without overflow, releasing never closes a connection, so it does not block.
            pool_size=pooling.write_connections,
            max_overflow=0,
            pool_use_lifo=True,  # the connection that was used last is the most likely to have the statement prepared
            pool_timeout=pool_timeout,
            **options,
        ),
        (TransactionReadPool if shares_sessions else ConfinedReadPool)(
            create_async_engine(url, poolclass=NullPool, **_read_options(options)),
            pooling.read_connections,
            pool_timeout,
        ),
    )

    # The event loop notices when PostgreSQL closes a connection, so this needs no round trip.
    @event.listens_for(engine.sync_engine, "checkout")
    def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine


def _connector(address: PostgresAddress) -> Callable[..., Awaitable[asyncpg.Connection]]:
    """Return the function that opens connections. It uses the address instead of SQLAlchemy's arguments."""
    hosts = PostgresHosts(address)

    def connect(*, command_timeout: float | None, statement_cache_size: int = 100, **_arguments: Any) -> Any:
        return hosts.connect(command_timeout=command_timeout, statement_cache_size=statement_cache_size)

    return connect


def _read_options(options: dict[str, Any]) -> dict[str, Any]:
    # Queries differ from client to client. A small cache keeps a client's rare queries from staying prepared.
    return options | {"connect_args": {"statement_cache_size": _STATEMENTS_PREPARED} | options["connect_args"]}


def _database(engine: AsyncEngine, read_pool: ReadPool) -> Database:
    database = Database(engine.sync_engine)
    database.read_pool = read_pool
    database.write_refusals = WriteRefusals()
    return database


def _dump_json(value: Any) -> str:
    return orjson.dumps(value, default=_uuid_text).decode()


def _uuid_text(value: Any) -> str:
    # orjson writes UUIDs itself, but not the subclass that asyncpg returns.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _sqlite(url: URL, pooling: Pooling, *, may_create: bool, pool_timeout: float) -> Database:
    if may_create and url.database and url.database != ":memory:":
        make_private_folder(Path(url.database).parent)
    engine = create_async_engine(
        url,
        pool_size=pooling.write_connections,
        max_overflow=pooling.read_connections,
        pool_timeout=pool_timeout,
        connect_args={"timeout": BUSY_SECONDS, "factory": WriterConnection, "async_creator_fn": connect},
        hide_parameters=True,  # parameters contain patient data, which errors and logs must not show
        json_serializer=_dump_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # sqlite3 would begin transactions implicitly, too late for `_begin`.
        connection.isolation_level = None
        cursor = connection.cursor()
        enable_write_ahead_log(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    if url.database and not url.query:  # with a query it is a URI filename of SQLite, not a path
        follow_file(engine, Path(url.database), may_create=may_create)

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(WRITES, False):
            begin_immediate(connection.connection.dbapi_connection, options.get(LOCK_WAIT, WRITER_SECONDS))
        else:
            connection.exec_driver_sql("BEGIN", execution_options={UNCOUNTED: True})

    return _database(engine, SharedReadPool(engine))
