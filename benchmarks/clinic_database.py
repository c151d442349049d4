"""Creates databases with the migrations of this project, and inserts data sets."""

from collections.abc import Iterable, Iterator

import asyncpg

from benchmarks.data_set import COLUMNS, DataSet, Row
from benchmarks.postgres import Postgres
from db.connections.engine import create_engine
from db.migrations.migrate import migrate

SERVING_LOGIN = "clinic_server"
"""The login of this project's server, as in production. The benchmark's PostgreSQL asks for no password."""

_CREATE_SERVING_LOGIN = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVING_LOGIN}') THEN
    CREATE ROLE {SERVING_LOGIN} LOGIN;
    GRANT pm_group_server, pm_group_background TO {SERVING_LOGIN};
  END IF;
END $$
"""

_REFERENCE_TABLES = frozenset({"pm_group_staff_members", "pm_group_locations", "pm_group_patients"})
"""The tables without references to others. Their triggers maintain the text for searches."""


async def create_clinic_database(postgres: Postgres, name: str, data_sets: Iterable[DataSet]) -> str:
    """Create a database with the newest schema and the rows of the data sets. Return its URL."""
    url = await postgres.create_database(name)
    engine = create_engine(url)
    await migrate(engine)
    await engine.dispose()
    await postgres.execute(_CREATE_SERVING_LOGIN, name)
    await insert_data_sets(url, data_sets)
    await postgres.execute("CHECKPOINT", name)
    return url


async def insert_data_sets(database_url: str, data_sets: Iterable[DataSet]) -> None:
    """Copy the rows into a migrated PostgreSQL database as its superuser, and update the statistics."""
    connection = await asyncpg.connect(database_url)
    for data_set in data_sets:
        for table, rows in _tables(data_set):
            # References are valid by construction. Checking a million of them would take minutes.
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
