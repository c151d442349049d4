"""Store when a group, its roster or its calendar last changed, so that no later change gets an earlier time."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("pm_group_definitions", sa.Column("changed_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE pm_group_definitions SET changed_at = (SELECT max(changes.updated_at) FROM ("
        "SELECT updated_at FROM pm_group_definitions AS self WHERE self.id = pm_group_definitions.id"
        " UNION ALL SELECT updated_at FROM pm_group_enrollments"
        " WHERE group_definition_id = pm_group_definitions.id"
        " UNION ALL SELECT updated_at FROM pm_group_schedule"
        " WHERE group_definition_id = pm_group_definitions.id) AS changes)"
    )
