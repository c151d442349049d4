"""Row-level security. What it takes is declared in `db.migrations.catalog`, and `migrate` puts it in place."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    pass
