"""A registry's version that leaves fields out keeps no earlier one from filling them: each field has its time."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    for table in ("staff_members", "staff_roles", "locations", "patients"):
        op.add_column(f"pm_group_{table}", sa.Column("registry_field_times", sa.JSON(none_as_null=True)))
