"""Store the names that patients go by."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("pm_group_patients", sa.Column("preferred_name", sa.String(300)))
