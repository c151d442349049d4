"""Store which day of its group's recurrence a session fills, and whether a person has changed it since."""

import sqlalchemy as sa
from alembic import op

from db.migrations.operations.recurrence_dates import record_recurrence_dates

revision = "0019"
down_revision = "0018"

_TABLE = "pm_group_schedule"
_LIVE = sa.text("status <> 'CANCELLED' AND recurrence_date IS NOT NULL")


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("recurrence_date", sa.Date))
    op.add_column(_TABLE, sa.Column("edited", sa.Boolean, nullable=False, server_default=sa.false()))
    record_recurrence_dates(revision)
    op.create_index(
        "uq_pm_group_schedule_live_recurrence_date",
        _TABLE,
        ["group_definition_id", "recurrence_date"],
        unique=True,
        postgresql_where=_LIVE,
        sqlite_where=_LIVE,
    )
