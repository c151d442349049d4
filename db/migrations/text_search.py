"""An index for searches that match anywhere in a text, where the database can have one."""

import sqlalchemy as sa
from alembic import op

# Already there, or there to be made by this role. pg_trgm comes with PostgreSQL, but some packages leave it out.
_TRIGRAMS = sa.text(
    "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')"
    " OR (EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm')"
    "     AND has_database_privilege(current_database(), 'CREATE'))"
)


def index_for_containment(index: str, table: str, column: str) -> None:
    """Make a trigram index on PostgreSQL. Without pg_trgm, and on SQLite, searches work and read the whole table."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite" or not connection.scalar(_TRIGRAMS):
        return
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute(f"CREATE INDEX {index} ON {table} USING gin ({column} gin_trgm_ops)")
