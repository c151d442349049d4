"""Migrations create exactly the declared tables, and can run several times and in several processes."""

import asyncio
import sys
import uuid
from asyncio.subprocess import PIPE
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Executable, delete, func, insert, inspect, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from db.connections.engine import Database, create_engine
from db.migrations.migrate import SCRIPTS, migrate
from db.migrations.schema_version import REVISIONS, VERSION_TABLE, current_revision, schema_is_current
from db.tables import audit_log, metadata

pytestmark = pytest.mark.anyio

MIGRATE = """
import asyncio, sys
from db.connections.engine import create_engine
from db.migrations.migrate import migrate

async def main():
    engine = create_engine(sys.argv[1])
    await migrate(engine)
    await engine.dispose()

print('ready', flush=True)
sys.stdin.read()
asyncio.run(main())
"""

# Created only if PostgreSQL has the extension for it, so the tables do not declare it.
TRIGRAM_INDEX = "ix_pm_group_patients_by_text"


async def test_migrating_twice_is_the_same_as_migrating_once(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    assert await current_revision(engine) is None
    assert not await schema_is_current(engine)
    await migrate(engine)
    assert await schema_is_current(engine)
    await migrate(engine)
    assert await current_revision(engine) == REVISIONS[-1]
    await engine.dispose()


def test_revisions_are_in_the_order_of_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    newest_first = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert list(REVISIONS) == newest_first[::-1]


async def test_several_processes_can_migrate_at_once(empty_database_url: str) -> None:
    arguments = [sys.executable, "-c", MIGRATE, empty_database_url]
    processes = [
        await asyncio.create_subprocess_exec(*arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE) for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    # All have loaded their modules. `communicate` closes their input, so they start at the same time.
    outcomes = await asyncio.gather(*(process.communicate(b"") for process in processes))
    assert [process.returncode for process in processes] == [0] * len(processes), outcomes
    engine = create_engine(empty_database_url)
    assert await schema_is_current(engine)
    await engine.dispose()


async def test_a_failed_migration_changes_nothing(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE pm_group_audit_log (id INTEGER)"))
    with pytest.raises(DBAPIError):
        await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["pm_group_audit_log"]
    await engine.dispose()


async def test_alembic_finds_no_difference_from_the_declared_tables(
    engine: Database,
) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_migrations_create_exactly_what_the_tables_declare(engine: Database, empty_database_url: str) -> None:
    declared = create_engine(empty_database_url)
    async with declared.begin() as connection:
        await connection.run_sync(metadata.create_all)
        expected = await connection.run_sync(_description)
    await declared.dispose()
    async with engine.connect() as connection:
        assert await connection.run_sync(_description) == expected


async def test_history_cannot_be_changed(engine: Database) -> None:
    row = _history_row()
    async with engine.begin() as connection:
        await connection.execute(insert(audit_log), row)
    attempts: list[Executable] = [update(audit_log).values(action="other"), delete(audit_log)]
    if engine.dialect.name == "postgresql":
        attempts.append(text("TRUNCATE pm_group_audit_log"))
    else:
        attempts.append(insert(audit_log).prefix_with("OR REPLACE").values(row | {"action": "other"}))
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="append-only"):
            async with engine.begin() as connection:
                await connection.execute(attempt)
    async with engine.connect() as connection:
        assert (await connection.scalars(select(audit_log.c.action))).all() == ["created"]


async def test_a_test_starts_with_an_empty_database(engine: Database) -> None:
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            assert await connection.scalar(select(func.count()).select_from(table)) == 0


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "compare_type": True,
            "include_object": lambda _object, name, *_: name != TRIGRAM_INDEX,
        },
    )
    return list(compare_metadata(context, metadata))


def _description(connection: Connection) -> dict[str, Any]:
    """Return the database's description of the tables, including the SQL of constraints and computed columns."""
    inspector = inspect(connection)
    return {
        table.name: {
            "columns": [{**column, "type": str(column["type"])} for column in inspector.get_columns(table.name)],
            "primary key": inspector.get_pk_constraint(table.name),
            "checks": sorted(inspector.get_check_constraints(table.name), key=_name),
            "references": sorted(inspector.get_foreign_keys(table.name), key=_name),
            "unique": sorted(inspector.get_unique_constraints(table.name), key=_name),
            "indexes": [
                {
                    **index,
                    "dialect_options": {option: str(text) for option, text in index.get("dialect_options", {}).items()},
                }
                for index in sorted(inspector.get_indexes(table.name), key=_name)
                if index["name"] != TRIGRAM_INDEX
            ],
        }
        for table in metadata.sorted_tables
    }


def _name(constraint: Any) -> str:
    return str(constraint["name"])


def _history_row() -> dict[str, Any]:
    return {
        "id": uuid.uuid4(),
        "organization_id": "org",
        "entity_type": "GROUP",
        "entity_id": uuid.uuid4(),
        "at": datetime(2026, 1, 5, tzinfo=UTC),
        "actor_id": "someone",
        "correlation_id": "request",
        "action": "created",
        "changes": [],
    }
