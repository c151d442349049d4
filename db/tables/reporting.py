"""Access for reports: tokens that read exports, and the organizations of logins that read the schema `reporting`."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, String, Table

from db.tables.columns import Id, Instant, Json, metadata, organization_column

reporting_tokens = Table(
    "pm_group_reporting_tokens",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    # Who reads, in the access log.
    Column[str]("subject", String(255), nullable=False),
    # SHA-256 of the token. The token itself is random, so that its hash needs no salt.
    Column[bytes]("digest", LargeBinary, nullable=False),
    Column[Any]("permissions", Json, nullable=False),
    Column[datetime]("created_at", Instant, nullable=False),
    Column[datetime]("expires_at", Instant, nullable=False),
    Column[datetime | None]("revoked_at", Instant),
    CheckConstraint("length(digest) = 32", name="digest"),
    Index("uq_pm_group_reporting_tokens_digest", "organization_id", "digest", unique=True),
)
