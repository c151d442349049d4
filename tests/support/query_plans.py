"""Plans of the statements that are sent: on PostgreSQL for the actual values and for any, with row-level security."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from db.connections.engine import Database
from db.sql.lookups import LookupSet
from db.sql.statement import Statement
from db.transactions.snapshots import Snapshot
from tests.support.clinic import OURS

WHOLE_TABLE = re.compile(r"Seq Scan on pm_group_|SCAN pm_group_\w+\s*$|SCAN listed\s*$", re.MULTILINE)
"""A scan of a whole table, in a plan of either database."""


class Explained(Snapshot):
    """A snapshot that records the plan of each statement that it executes."""

    plans: list[str]

    async def fetch(
        self, statement: Statement, parameters: Mapping[str, Any], seconds: float | None = None
    ) -> Sequence[Any]:
        compiled = statement.compiled(self.driver.dialect)
        await self._explain(compiled.text, compiled.arguments({**parameters, "organization_id": self.organization_id}))
        return await super().fetch(statement, parameters, seconds)

    async def look_up(self, lookups: LookupSet, id: object) -> list[Any]:
        if self.on_postgresql:
            combined = lookups.combined(self.driver.dialect)
            await self._explain(combined.text, combined.arguments(self.organization_id, id))
            return await super().look_up(lookups, id)
        return [await self.find(lookup, id) for lookup in lookups.lookups]

    async def _explain(self, sql: str, values: Sequence[Any]) -> None:
        connection = self.driver.connection
        if self.on_postgresql:
            self.plans.append(_lines(await connection.fetch(f"EXPLAIN {sql}", *values)))
            await connection.execute(f"PREPARE explained AS {sql}")
            nulls = ", ".join("NULL" for _ in values)
            self.plans.append(_lines(await connection.fetch(f"EXPLAIN EXECUTE explained({nulls})")))
            await connection.execute("DEALLOCATE explained")
        else:
            rows = await connection.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", values)
            self.plans.append("\n".join(row[3] for row in rows))


def _lines(rows: Sequence[Any]) -> str:
    return "\n".join(row[0] for row in rows)


@asynccontextmanager
async def explaining(engine: Database) -> AsyncIterator[Explained]:
    """Open a snapshot of our organization that records plans."""
    reader = Explained(engine.read_pool, await engine.read_pool.acquire(OURS))
    reader.plans = []
    await reader.begin()
    if reader.on_postgresql:
        await reader.driver.connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    yield reader
    await reader.close()


def sorts_more_than_pages(plan: str) -> bool:
    """Return whether the plan sorts more rows than the pages of its limits.

    A statement that reads two indexes sorts the pages of both, so a sort of limited rows is allowed.
    """
    lines = plan.splitlines()
    limits = [number for number, line in enumerate(lines) if "Limit" in line or "SCAN anon" in line]
    sorts = [number for number, line in enumerate(lines) if "Sort" in line or "TEMP B-TREE" in line]
    if "Limit" in plan:
        return any(not any(limit > number for limit in limits) for number in sorts)
    return any(number - 1 not in limits and not _sorts_listed_rows(lines[:number]) for number in sorts)


def _sorts_listed_rows(lines: Sequence[str]) -> bool:
    """Return whether SQLite sorts rows that the page of each value has selected by an index, after these lines."""
    start = max((number for number, line in enumerate(lines) if line in {"LEFT", "RIGHT"}), default=0)
    branch = lines[start:]
    return any("SEARCH listed" in line for line in branch) and not any("TEMP B-TREE" in line for line in branch)
