"""Let the index of a group's enrollments hold all that counting the group's seats reads."""

from alembic import op

revision = "0018"
down_revision = "0017"

_TABLE = "pm_group_enrollments"
_NAME = "ix_pm_group_enrollments_of_group"


def upgrade() -> None:
    op.drop_index(_NAME, _TABLE)
    op.create_index(_NAME, _TABLE, ["organization_id", "group_definition_id", "place", "id"])
