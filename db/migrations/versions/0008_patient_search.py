"""Add a suffix index, to find patients by any part of their names and record numbers."""

import sqlalchemy as sa
from alembic import op

from db.migrations.operations.suffix_index import create_suffix_index

revision = "0008"
down_revision = "0007"

# The "C" collation makes PostgreSQL compare by bytes, as SQLite does, so that a prefix is one range of the index.
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
    create_suffix_index("pm_group_patient_endings")
    # The trigram index of revision 0001. PostgreSQL cannot use it under row-level security.
    op.execute("DROP INDEX IF EXISTS ix_pm_group_patients_by_text")
