"""Store until when a group's times may run backwards, and start `changed_at` after all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_TIMES = {
    "pm_group_definitions": ("id", ("created_at", "updated_at", "deleted_at", "changed_at")),
    "pm_group_schedule": ("group_definition_id", ("created_at", "updated_at", "cancelled_at")),
    "pm_group_enrollments": (
        "group_definition_id",
        (
            "created_at",
            "updated_at",
            "waitlisted_at",
            "enrolled_at",
            "promoted_at",
            "disenrolled_at",
            "deleted_at",
        ),
    ),
    "pm_group_outbox": ("group_definition_id", ("created_at",)),
}


def upgrade() -> None:
    op.add_column("pm_group_definitions", sa.Column("old_times_until", sa.DateTime(timezone=True)))
    times = " UNION ALL ".join(
        f"SELECT {group} AS group_id, max({time}) AS at FROM {table} GROUP BY {group}"  # noqa: S608 - constants
        for table, (group, columns) in _TIMES.items()
        for time in columns
    )
    op.execute(
        "UPDATE pm_group_definitions SET old_times_until = latest.at, changed_at = latest.at"  # noqa: S608 - constants
        f" FROM (SELECT group_id, max(at) AS at FROM ({times}) AS times GROUP BY group_id) AS latest"
        " WHERE latest.group_id = pm_group_definitions.id"
    )
