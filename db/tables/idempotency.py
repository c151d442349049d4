"""Requests with an Idempotency-Key: their responses, and the decisions of their mutations."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, LargeBinary, String, Table

from db.tables.columns import Id, Instant, Json, metadata, organization_column

idempotency_keys = Table(
    "pm_group_idempotency_keys",
    metadata,
    organization_column(primary_key=True),
    Column[str]("subject", String(255), primary_key=True),
    Column[str]("key", String(255), primary_key=True),
    Column[bytes]("fingerprint", LargeBinary, nullable=False),
    # The attempt that is processing the request. A retry takes over once `leased_until` has passed.
    Column[uuid.UUID]("attempt", Id, nullable=False),
    Column[datetime]("leased_until", Instant, nullable=False),
    Column[datetime]("expires_at", Instant, nullable=False),
    # The response. NULL until there is one.
    Column[int | None]("status", Integer),
    Column[str | None]("media_type", String(100)),
    Column[bytes | None]("body", LargeBinary),
    # The caller's permissions, and the patients whose records the response discloses.
    Column[Any]("permissions", Json, nullable=False),
    Column[Any]("patient_ids", Json, nullable=False),
    CheckConstraint(
        "(status IS NULL) = (body IS NULL) AND (status IS NULL) = (media_type IS NULL)", name="answer_whole"
    ),
    Index("ix_pm_group_idempotency_keys_by_expiry", "expires_at"),
)

idempotency_steps = Table(
    "pm_group_idempotency_steps",
    metadata,
    organization_column(primary_key=True),
    Column[str]("subject", String(255), primary_key=True),
    Column[str]("key", String(255), primary_key=True),
    Column[str]("step", String(64), primary_key=True),
    Column[Any]("decision", Json, nullable=False),
    ForeignKeyConstraint(
        ["organization_id", "subject", "key"],
        [
            "pm_group_idempotency_keys.organization_id",
            "pm_group_idempotency_keys.subject",
            "pm_group_idempotency_keys.key",
        ],
        ondelete="CASCADE",
    ),
)
