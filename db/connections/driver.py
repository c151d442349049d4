"""Runs statements directly on the driver (asyncpg or aiosqlite). SQLAlchemy only compiles them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from db.connections.statement_count import record_statement
from db.sql.lookups import LookupSet
from db.sql.statement import CompiledStatement, Statement

_ROWS_PER_ITERATION: Final = 1_000
"""How many rows to convert in one iteration of the event loop."""


class Driver:
    """A driver's connection, used for one organization. Its holder manages transactions."""

    __slots__ = ("connection", "dialect", "on_postgresql", "organization_id")

    def __init__(self, organization_id: str, dialect: Dialect, connection: Any) -> None:
        """Wrap a connection of asyncpg or aiosqlite."""
        self.organization_id = organization_id
        self.dialect = dialect
        self.on_postgresql = dialect.name == "postgresql"
        self.connection = connection

    async def fetch(
        self, statement: Statement, parameters: Mapping[str, Any], seconds: float | None = None
    ) -> Sequence[Any]:
        """Return the statement's rows, each a sequence in the order of its columns.

        The parameter `organization_id` is always set to the connection's organization. `seconds` is how long PostgreSQL
        may take; None for the timeout of the connection.

        Raises:
            DBAPIError: The statement failed or the connection was lost. The error contains no parameters.
        """
        compiled = statement.compiled(self.dialect)
        arguments = compiled.arguments({**parameters, "organization_id": self.organization_id})
        return await _read(compiled, await self._execute(compiled.text, arguments, seconds))

    async def look_up(self, lookups: LookupSet, id: object) -> list[Any]:
        """Return the result of each lookup for the id, in one round trip on PostgreSQL. Raise DBAPIError."""
        if self.on_postgresql and len(lookups.lookups) > 1:
            combined = lookups.combined(self.dialect)
            [row] = await self._execute(combined.text, combined.arguments(self.organization_id, id))
            return combined.values(row)
        return [
            lookup.of_rows(await self.fetch(lookup.statement, {**lookup.parameters, lookup.id_parameter: id}))
            for lookup in lookups.lookups
        ]

    async def _execute(self, text: str, arguments: Sequence[Any], seconds: float | None = None) -> Sequence[Any]:
        if self.on_postgresql:
            text, arguments = self._confined(text, arguments)
            operation = self.connection.fetch(text, *arguments, timeout=seconds)
        else:
            operation = self.connection.execute_fetchall(text, arguments)
        rows: Sequence[Any] = await self._counted(text, operation)
        return rows

    async def copy(
        self,
        statement: Statement,
        parameters: Mapping[str, Any],
        write: Callable[[bytes], Awaitable[None]],
        *,
        seconds: float,
        **options: Any,
    ) -> int:
        """Write a query's rows as COPY formats them, and return their number. PostgreSQL only.

        PostgreSQL waits while `write` does. If the task is cancelled, the query is too.

        Args:
            statement: A SELECT.
            parameters: Its parameters; `organization_id` is always set to the connection's organization.
            write: Receives the bytes.
            seconds: How long it may take in all.
            options: The options of COPY, as asyncpg names them.

        Raises:
            DBAPIError: The statement failed, or took too long, or the connection was lost.
        """
        compiled = statement.compiled(self.dialect)
        own_arguments = compiled.arguments({**parameters, "organization_id": self.organization_id})
        text, arguments = self._confined(compiled.text, own_arguments)
        copying = self.connection.copy_from_query(text, *arguments, output=write, timeout=seconds, **options)
        status: str = await self._counted(text, copying)
        return int(status.rpartition(" ")[2])

    async def stream(
        self, statement: Statement, parameters: Mapping[str, Any], batch: int
    ) -> AsyncIterator[Sequence[Any]]:
        """Yield a query's rows in batches, as `fetch` returns them. SQLite only. Raise DBAPIError."""
        compiled = statement.compiled(self.dialect)
        arguments = compiled.arguments({**parameters, "organization_id": self.organization_id})
        cursor = await self._counted(compiled.text, self.connection.execute(compiled.text, arguments))
        try:
            while rows := await self._raising_dbapi_error(compiled.text, cursor.fetchmany(batch)):
                yield compiled.read(rows)
        finally:
            await cursor.close()

    def _confined(self, text: str, arguments: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """Return a query and its arguments with the checks that the connection adds to each query."""
        return text, arguments

    async def store(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that writes, once for each of the rows. Raise DBAPIError."""
        if len(rows) == 1:
            await self.fetch(statement, rows[0])
            return
        compiled = statement.compiled(self.dialect)
        arguments = [compiled.arguments({**row, "organization_id": self.organization_id}) for row in rows]
        await self._counted(compiled.text, self.connection.executemany(compiled.text, arguments))

    async def run(self, command: str) -> None:
        """Run a command such as BEGIN or COMMIT. PostgreSQL accepts several in one text. Raise DBAPIError."""
        run = self.connection.execute if self.on_postgresql else self.connection.execute_fetchall
        await self._raising_dbapi_error(command, run(command))

    def is_lost(self) -> bool:
        """Return whether the connection is known to be closed."""
        return self.on_postgresql and bool(self.connection.is_closed())

    async def _counted(self, text: str, operation: Awaitable[Any]) -> Any:
        started = time.perf_counter()
        try:
            return await self._raising_dbapi_error(text, operation)
        finally:
            record_statement(text, time.perf_counter() - started)

    async def _raising_dbapi_error(self, text: str, operation: Awaitable[Any]) -> Any:
        try:
            return await operation
        except Exception as fault:  # drivers raise many kinds; SQLAlchemy wraps them in the same way
            lost = self.is_lost()
            raise DBAPIError(text, None, fault, hide_parameters=True, connection_invalidated=lost) from fault


async def _read(compiled: CompiledStatement, rows: Sequence[Any]) -> Sequence[Any]:
    """Return the rows with their values as Python objects. Other requests run between the parts of many rows."""
    if compiled.readers is None or len(rows) <= _ROWS_PER_ITERATION:
        return compiled.read(rows)
    converted: list[Any] = []
    for start in range(0, len(rows), _ROWS_PER_ITERATION):
        if start:
            await asyncio.sleep(0)
        converted += compiled.read(rows[start : start + _ROWS_PER_ITERATION])
    return converted


async def release(pooled: PoolProxiedConnection, driver: Driver, *, reusable: bool) -> None:
    """Return a connection to its pool, or close it if it is not reusable."""
    if reusable and driver.on_postgresql:
        pooled.close()  # the driver has nothing to reset, so this does not block
    else:
        await greenlet_spawn(pooled.close if reusable else pooled.invalidate)
