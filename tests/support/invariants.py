"""Assertions about the invariants of a database."""

from typing import Any
from uuid import UUID

from sqlalchemy import Executable, update

from db.connections.engine import Database
from db.invariants.check import CheckSummary, check_invariants
from tests.support.clinic import OURS
from tests.support.databases import operator_of


async def violations(engine: Database, organization: str | None = None) -> set[str]:
    """Return each violation as the command prints it."""
    found: list[str] = []
    await check_invariants(operator_of(engine), lambda violation: found.append(str(violation)), organization)
    assert len(found) == len(set(found)), "a violation was told twice"
    return set(found)


async def assert_invariants(engine: Database, organization: str | None = None) -> CheckSummary:
    """Assert that all invariants hold, and return what was checked."""
    found: list[str] = []
    checked = await check_invariants(operator_of(engine), lambda violation: found.append(str(violation)), organization)
    assert found == []
    assert checked.violations == 0
    return checked


def told(invariant: str, fields: str = "", organization: str = OURS, **ids: object) -> str:
    """Return a violation as the command prints it."""
    named = " ".join(f"{name}={value}" for name, value in ids.items())
    return f"{invariant} organization={organization} {named}{f' fields={fields}' if fields else ''}"


def changed(table: Any, record: UUID, **values: Any) -> Executable:
    """Return the statement that changes a record by hand."""
    return update(table).where(table.c.id == record).values(**values)
