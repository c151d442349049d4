"""Store the client's address in the access log. It is NULL in older rows."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("pm_group_access_log", sa.Column("client_address", sa.String(45)))
