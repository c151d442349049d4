"""Creates an index for searches anywhere in a text, if the database supports it."""

import sqlalchemy as sa
from alembic import op

# Whether pg_trgm is installed, or this login can install it. Some packages of PostgreSQL do not contain it.
_TRIGRAMS = sa.text(
    "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')"
    " OR (EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm')"
    "     AND has_database_privilege(current_database(), 'CREATE'))"
)


def create_trigram_index(index: str, table: str, column: str) -> None:
    """Create a trigram index on PostgreSQL. On SQLite, or without pg_trgm, searches scan the table."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite" or not connection.scalar(_TRIGRAMS):
        return
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute(f"CREATE INDEX {index} ON {table} USING gin ({column} gin_trgm_ops)")
