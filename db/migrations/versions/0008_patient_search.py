"""Patients are found by any part of their names and record numbers through a table of the endings of these texts."""

import sqlalchemy as sa
from alembic import op

from db.migrations.text_endings import keep_endings

revision = "0008"
down_revision = "0007"

# PostgreSQL compares by bytes, as SQLite does, so that what starts with a text is one stretch of the index.
_BY_BYTES = sa.String(16).with_variant(sa.String(16, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "pm_group_patient_endings",
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("ending", _BY_BYTES, nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "ending", "patient_id", name=op.f("pk_pm_group_patient_endings")),
        sqlite_with_rowid=False,
    )
    keep_endings("pm_group_patient_endings")
    # By pg_trgm, where there is one. Row-level security lets PostgreSQL use no such index.
    op.execute("DROP INDEX IF EXISTS ix_pm_group_patients_by_text")
