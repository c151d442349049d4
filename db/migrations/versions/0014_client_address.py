"""The access log holds the address that each request came from; of older rows it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("pm_group_access_log", sa.Column("client_address", sa.String(45)))
