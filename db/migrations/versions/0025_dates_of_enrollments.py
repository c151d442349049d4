"""Store the first and the last day on which a patient is expected in a group."""

import sqlalchemy as sa
from alembic import op

from db.migrations.operations.start_dates import record_start_dates

revision = "0025"
down_revision = "0024"

_TABLE = "pm_group_enrollments"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("start_date", sa.Date))
    op.add_column(_TABLE, sa.Column("end_date", sa.Date))
    op.add_column(_TABLE, sa.Column("counts_from_start", sa.Boolean, nullable=False, server_default=sa.false()))
    record_start_dates(revision)
