"""Index the calendar so that each filter reads a page from one index, in order."""

from alembic import op

revision = "0007"
down_revision = "0006"

_TABLE = "pm_group_schedule"
_ORDER = ["session_date", "start_time", "id"]


def upgrade() -> None:
    for name, column in (
        ("facilitator", "facilitator_id"),
        ("co_facilitator", "co_facilitator_id"),
        ("location", "location_id"),
    ):
        op.drop_index(f"ix_{_TABLE}_by_{name}", _TABLE)
        op.create_index(f"ix_{_TABLE}_by_{name}", _TABLE, ["organization_id", column, *_ORDER])
    op.create_index(f"ix_{_TABLE}_by_status", _TABLE, ["organization_id", "status", *_ORDER])
    # No query uses it.
    op.drop_index(f"ix_{_TABLE}_by_instant", _TABLE)
