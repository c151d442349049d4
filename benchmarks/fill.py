"""Brings data sets into a database that our own migrations have made."""

from collections.abc import Iterable, Iterator

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from benchmarks.data_set import COLUMNS, DataSet, Row
from benchmarks.postgres import Postgres
from db.connections.engine import create_engine
from db.migrations.migrate import migrate

SERVING_LOGIN = "clinic_server"
"""The login that our server runs with, as in production; the database server takes everybody's word for who he is."""

_SERVING_LOGIN = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVING_LOGIN}') THEN
    CREATE ROLE {SERVING_LOGIN} LOGIN;
    GRANT pm_group_server, pm_group_background TO {SERVING_LOGIN};
  END IF;
END $$
"""

_REFERENCE_TABLES = frozenset({"pm_group_staff_members", "pm_group_locations", "pm_group_patients"})
"""Those that refer to nothing. Their triggers keep what searches look in."""


async def create_clinic_database(postgres: Postgres, name: str, data_sets: Iterable[DataSet]) -> str:
    """Make a database with the newest schema and these rows, and return its address."""
    url = await postgres.create_database(name)
    engine = create_engine(url)
    await migrate(engine)
    await engine.dispose()
    await postgres.execute(_SERVING_LOGIN, name)
    await fill(url, data_sets)
    await postgres.execute("CHECKPOINT", name)
    return url


async def fill(database_url: str, data_sets: Iterable[DataSet]) -> None:
    """Copy the rows into a migrated database of PostgreSQL, as its superuser, and have it know their statistics."""
    connection = await asyncpg.connect(database_url)
    for data_set in data_sets:
        for table, rows in _tables(data_set):
            # What refers to others is right by construction; to look it up a million times would take minutes.
            role = "origin" if table in _REFERENCE_TABLES else "replica"
            await connection.execute(f"SET session_replication_role = {role}")
            await connection.copy_records_to_table(table, records=rows, columns=COLUMNS[table])
    await connection.execute("VACUUM (ANALYZE, FREEZE)")
    await connection.close()


def _tables(data_set: DataSet) -> Iterator[tuple[str, Iterator[Row]]]:
    yield "pm_group_staff_members", data_set.staff_members()
    yield "pm_group_locations", data_set.locations()
    yield "pm_group_patients", data_set.patients()
    yield "pm_group_definitions", data_set.group_definitions()
    yield "pm_group_schedule", data_set.sessions()
    yield "pm_group_enrollments", data_set.enrollments()
