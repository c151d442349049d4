"""Runs statements on the driver itself (asyncpg, aiosqlite): SQLAlchemy has written them and has no part in it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from db.connections.statement_count import record_statement
from db.sql.lookups import Lookups
from db.sql.statement import Statement


class Driver:
    """A connection of a driver, on behalf of one organization. It leaves transactions to whoever holds it."""

    __slots__ = ("connection", "dialect", "on_postgresql", "organization_id")

    def __init__(self, organization_id: str, dialect: Dialect, connection: Any) -> None:
        """Take the driver's own connection."""
        self.organization_id = organization_id
        self.dialect = dialect
        self.on_postgresql = dialect.name == "postgresql"
        self.connection = connection

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return the statement's rows, each a sequence in the order of its columns.

        The parameter organization_id is the connection's own.

        Raises:
            DBAPIError: Where the database refuses or is lost; it tells the statement without its parameters.
        """
        compiled = statement.compiled(self.dialect)
        arguments = compiled.arguments({**parameters, "organization_id": self.organization_id})
        return compiled.read(await self._ask(compiled.text, arguments))

    async def look_up(self, lookups: Lookups, id: object) -> list[Any]:
        """Return what each of the lookups finds by the id, by one round trip where possible. Raises as above."""
        if self.on_postgresql and len(lookups.each) > 1:
            combined = lookups.combined(self.dialect)
            [row] = await self._ask(combined.text, combined.arguments(self.organization_id, id))
            return combined.values(row)
        return [
            lookup.of_rows(await self.fetch(lookup.statement, {**lookup.parameters, lookup.id_parameter: id}))
            for lookup in lookups.each
        ]

    async def _ask(self, text: str, arguments: Sequence[Any]) -> Sequence[Any]:
        started = time.perf_counter()
        try:
            if self.on_postgresql:
                rows: Sequence[Any] = await self.connection.fetch(text, *arguments)
            else:
                rows = await self.connection.execute_fetchall(text, arguments)
        except Exception as fault:  # whatever a driver raises is told as one kind
            raise self._told(text, fault) from fault
        finally:
            record_statement(time.perf_counter() - started)
        return rows

    async def store(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that changes rows, once for each of these. Raises as above."""
        if len(rows) == 1:
            await self.fetch(statement, rows[0])
            return
        compiled = statement.compiled(self.dialect)
        arguments = [compiled.arguments({**row, "organization_id": self.organization_id}) for row in rows]
        started = time.perf_counter()
        try:
            await self.connection.executemany(compiled.text, arguments)
        except Exception as fault:  # whatever a driver raises is told as one kind
            raise self._told(compiled.text, fault) from fault
        finally:
            record_statement(time.perf_counter() - started)

    async def run(self, command: str) -> None:
        """Run what bounds a transaction, several statements at once on PostgreSQL. Raises as above."""
        try:
            await (
                self.connection.execute(command) if self.on_postgresql else self.connection.execute_fetchall(command)
            )
        except Exception as fault:  # whatever a driver raises is told as one kind
            raise self._told(command, fault) from fault

    def is_lost(self) -> bool:
        """Return whether the connection has ended."""
        return self.on_postgresql and bool(self.connection.is_closed())

    def _told(self, statement: str, fault: Exception) -> DBAPIError:
        # As SQLAlchemy tells it, so that faults are known by one kind of exception.
        return DBAPIError(statement, None, fault, hide_parameters=True, connection_invalidated=self.is_lost())


async def release(pooled: PoolProxiedConnection, driver: Driver, *, reusable: bool) -> None:
    """Give a connection back to its pool, or end one that nobody can use again."""
    if reusable and driver.on_postgresql:
        pooled.close()  # nothing is left to do for the driver, so there is nothing to wait for
    else:
        await greenlet_spawn(pooled.close if reusable else pooled.invalidate)
