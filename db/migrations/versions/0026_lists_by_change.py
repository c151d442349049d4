"""List the enrollments of all groups, and what has changed, by index."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_ENROLLMENTS = {
    "by_status": ["group_definition_id", "place", "id"],
    "by_creation": ["created_at", "id"],
    "by_update": ["updated_at", "id"],
}


def upgrade() -> None:
    op.create_index(
        "ix_pm_group_definitions_by_update", "pm_group_definitions", ["organization_id", "updated_at", "id"]
    )
    for name, columns in _ENROLLMENTS.items():
        op.create_index(
            f"ix_pm_group_enrollments_{name}", "pm_group_enrollments", ["organization_id", "status", *columns]
        )
    op.create_index(
        "ix_pm_group_enrollments_by_end",
        "pm_group_enrollments",
        ["organization_id", "end_date", "id"],
        postgresql_where=sa.text("end_date IS NOT NULL"),
        sqlite_where=sa.text("end_date IS NOT NULL"),
    )
    op.create_index(
        "ix_pm_group_patients_inactive",
        "pm_group_patients",
        ["organization_id", "id"],
        postgresql_where=sa.text("NOT active"),
        sqlite_where=sa.text("active = 0"),
    )
