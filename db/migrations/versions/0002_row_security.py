"""Require row-level security. `db.migrations.catalog` declares it, and `migrate` creates it."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    pass
