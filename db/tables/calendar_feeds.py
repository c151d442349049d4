"""Calendar feeds: addresses from which a calendar program reads the sessions of a person, a place or a group."""

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, String, Table

from db.tables.columns import ForeignId, Id, Instant, metadata, organization_column, reference_to

_ONE_SUBJECT: Final = (
    " + ".join(
        f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END"
        for name in ("facilitator_id", "location_id", "group_definition_id")
    )
    + " = 1"
)

calendar_feeds = Table(
    "pm_group_calendar_feeds",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    # Who created it: the caller's id at the identity provider.
    Column[str]("owner_id", String(255), nullable=False),
    Column[str | None]("facilitator_id", ForeignId),
    Column[str | None]("location_id", ForeignId),
    Column[uuid.UUID | None]("group_definition_id", Id),
    # SHA-256 of the token in the address. The token itself is random, so that its hash needs no salt.
    Column[bytes]("digest", LargeBinary, nullable=False),
    Column[datetime]("created_at", Instant, nullable=False),
    Column[datetime]("rotated_at", Instant, nullable=False),
    reference_to("facilitator_id", "pm_group_staff_members"),
    reference_to("location_id", "pm_group_locations"),
    reference_to("group_definition_id", "pm_group_definitions"),
    CheckConstraint("length(digest) = 32", name="digest"),
    CheckConstraint(_ONE_SUBJECT, name="subject"),
    Index("uq_pm_group_calendar_feeds_digest", "organization_id", "digest", unique=True),
    Index("ix_pm_group_calendar_feeds_by_owner", "organization_id", "owner_id", "id"),
)
