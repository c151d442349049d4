"""Create the tables for requests with an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
REQUEST = ["organization_id", "subject", "key"]


def upgrade() -> None:
    op.create_table(
        "pm_group_idempotency_keys",
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("attempt", sa.Uuid, nullable=False),
        sa.Column("leased_until", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("media_type", sa.String(100)),
        sa.Column("body", sa.LargeBinary),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("patient_ids", JSON, nullable=False),
        sa.CheckConstraint(
            "(status IS NULL) = (body IS NULL) AND (status IS NULL) = (media_type IS NULL)",
            name=op.f("ck_pm_group_idempotency_keys_answer_whole"),
        ),
        sa.PrimaryKeyConstraint(*REQUEST, name=op.f("pk_pm_group_idempotency_keys")),
    )
    op.create_index("ix_pm_group_idempotency_keys_by_expiry", "pm_group_idempotency_keys", ["expires_at"])
    op.create_table(
        "pm_group_idempotency_steps",
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("decision", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            REQUEST,
            [f"pm_group_idempotency_keys.{column}" for column in REQUEST],
            name=op.f("fk_pm_group_idempotency_steps_organization_id_subject_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*REQUEST, "step", name=op.f("pk_pm_group_idempotency_steps")),
    )
