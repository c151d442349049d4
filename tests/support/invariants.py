"""Assertions about the invariants of a database."""

from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Table, update

from db.connections.engine import Database
from db.invariants.check import CheckSummary, check_invariants
from db.tables import closures, enrollments, group_definitions, occurrences
from tests.support.clinic import OURS
from tests.support.databases import operator_of


async def violations(engine: Database, organization: str | None = None) -> set[str]:
    """Return the violations, as the command prints them."""
    lines: list[str] = []
    await check_invariants(operator_of(engine), lambda violation: lines.append(str(violation)), organization)
    assert len(lines) == len(set(lines)), "a violation was reported twice"
    return set(lines)


async def assert_invariants(engine: Database, organization: str | None = None) -> CheckSummary:
    """Assert that all invariants hold, and return the summary."""
    lines: list[str] = []
    summary = await check_invariants(operator_of(engine), lambda violation: lines.append(str(violation)), organization)
    assert lines == []
    assert summary.violations == 0
    return summary


def violation_line(invariant: str, fields: str = "", organization: str = OURS, **ids: object) -> str:
    """Return the line that the command prints for a violation."""
    pairs = " ".join(f"{name}={value}" for name, value in ids.items())
    return f"{invariant} organization={organization} {pairs}{f' fields={fields}' if fields else ''}"


def history_line(table: Table, record: UUID, fields: str) -> str:
    """Return the line for a record of ours that its history does not explain."""
    names = {group_definitions: "group", occurrences: "session", enrollments: "enrollment", closures: "closure"}
    return violation_line("history_explains_records", fields, OURS, **{names[table]: record})


def changed(table: Any, record: UUID, **values: Any) -> Executable:
    """Return the statement that changes a record without the API."""
    return update(table).where(table.c.id == record).values(**values)
