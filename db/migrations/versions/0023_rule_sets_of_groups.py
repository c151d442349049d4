"""Store the rule set of a group, and the programs toward which its sessions count."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0020"

_TABLE = "pm_group_definitions"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("counts_toward", sa.String(20), nullable=False, server_default=""))
    op.add_column(_TABLE, sa.Column("compliance_rule_set_id", sa.String(64)))
