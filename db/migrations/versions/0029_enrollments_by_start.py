"""List the enrollments of all groups that start on some days by index."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_index(
        "ix_pm_group_enrollments_by_start",
        "pm_group_enrollments",
        ["organization_id", "start_date", "id"],
        postgresql_where=sa.text("start_date IS NOT NULL"),
        sqlite_where=sa.text("start_date IS NOT NULL"),
    )
