"""Store why a lane's last attempt failed, and which relay holds its lease."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("pm_group_relay_lanes", sa.Column("reason", sa.String(200)))
    op.add_column("pm_group_relay_lanes", sa.Column("holder", sa.String(255)))
