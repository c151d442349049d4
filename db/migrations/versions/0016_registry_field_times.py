"""Store a time per field, so that an earlier version can fill a field that a later version left out."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    for table in ("staff_members", "staff_roles", "locations", "patients"):
        op.add_column(f"pm_group_{table}", sa.Column("registry_field_times", sa.JSON(none_as_null=True)))
