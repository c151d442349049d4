"""Store more from the registry: times of changes, merges, roles of staff, and the status and parents of locations."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"

_STAFF = "pm_group_staff_members"
_LOCATIONS = "pm_group_locations"
_PATIENTS = "pm_group_patients"
_ROLES = "pm_group_staff_roles"


def upgrade() -> None:
    op.add_column(_STAFF, sa.Column("registry_active", sa.Boolean, nullable=False, server_default=sa.true()))
    op.execute(f"UPDATE {_STAFF} SET registry_active = active WHERE NOT active")  # noqa: S608 - a constant
    op.add_column(_LOCATIONS, sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column(_LOCATIONS, sa.Column("parent_id", sa.String(64)))
    op.add_column(_LOCATIONS, sa.Column("parent_name", sa.String(300)))
    op.add_column(_LOCATIONS, sa.Column("own_time_zone", sa.String(64)))
    op.add_column(_PATIENTS, sa.Column("replaced_by", sa.String(64)))
    for table in (_STAFF, _LOCATIONS, _PATIENTS):
        op.add_column(table, sa.Column("registry_updated_at", sa.DateTime(timezone=True)))
    op.create_table(
        _ROLES,
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.String(64), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("ends_on", sa.Date),
        sa.Column("registry_updated_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_pm_group_staff_roles")),
    )
    op.create_index("ix_pm_group_staff_roles_of_staff", _ROLES, ["organization_id", "staff_id"])
