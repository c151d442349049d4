"""Why a lane's next event was not taken at its last try, and which relay is at work on the lane."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("pm_group_relay_lanes", sa.Column("reason", sa.String(200)))
    op.add_column("pm_group_relay_lanes", sa.Column("holder", sa.String(255)))
