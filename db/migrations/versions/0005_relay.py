"""Create the relay's tables: the progress of each sink and of each lane, and the parked events."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_index("ix_pm_group_outbox_of_group", "pm_group_outbox", ["group_definition_id", "sequence"])
    op.create_table(
        "pm_group_relay_sinks",
        sa.Column("sink", sa.String(40), nullable=False),
        sa.Column("transaction_id", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sink", name=op.f("pk_pm_group_relay_sinks")),
    )
    op.create_table(
        "pm_group_relay_lanes",
        sa.Column("sink", sa.String(40), nullable=False),
        sa.Column("group_definition_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("newest_sequence", sa.BigInteger, nullable=False),
        sa.Column("again_count", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("lease", sa.Uuid),
        sa.CheckConstraint("again_count >= 0 AND tries >= 0", name=op.f("ck_pm_group_relay_lanes_counts")),
        sa.PrimaryKeyConstraint("sink", "group_definition_id", name=op.f("pk_pm_group_relay_lanes")),
    )
    op.create_index("ix_pm_group_relay_lanes_due", "pm_group_relay_lanes", ["sink", "due_at"])
    op.create_table(
        "pm_group_parked_events",
        sa.Column("sink", sa.String(40), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("group_definition_id", sa.Uuid, nullable=False),
        sa.Column("event", sa.String(100), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("parked_at", INSTANT, nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("sink", "sequence", name=op.f("pk_pm_group_parked_events")),
    )
    op.create_index(
        "ix_pm_group_parked_events_of_group",
        "pm_group_parked_events",
        ["sink", "group_definition_id", "sequence"],
    )
