"""List an organization's sessions in the order of their last changes."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_index("ix_pm_group_schedule_by_update", "pm_group_schedule", ["organization_id", "updated_at", "id"])
