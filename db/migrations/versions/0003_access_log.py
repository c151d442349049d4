"""Create the append-only log of who read which patients' records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.operations.append_only import refuse_changes

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "pm_group_access_log",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(255), nullable=False),
        sa.Column("correlation_id", sa.String(128), nullable=False),
        sa.Column("operation", sa.String(255)),
        sa.Column("patient_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pm_group_access_log")),
    )
    op.create_index("ix_pm_group_access_log_of_organization", "pm_group_access_log", ["organization_id", "at", "id"])
    refuse_changes("pm_group_access_log")
