"""Alembic's environment. It runs the migrations in the transaction that `db.migrations.migrate` has opened."""

from alembic import context

from db.migrations.schema_version import VERSION_TABLE
from db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
