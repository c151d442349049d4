"""Closures: the days on which an organization, or one of its locations, holds no sessions."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, String, Table

from db.tables.columns import ForeignId, Id, Instant, metadata, organization_column, reference_to, version_columns

closures = Table(
    "pm_group_closures",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    Column[str]("name", String(200), nullable=False),
    Column[date]("from_date", Date, nullable=False),
    Column[date]("through_date", Date, nullable=False),
    # NULL closes the whole organization. A site closes its rooms too.
    Column[str | None]("location_id", ForeignId),
    *version_columns(),
    Column[datetime | None]("deleted_at", Instant),
    reference_to("location_id", "pm_group_locations"),
    CheckConstraint("length(name) BETWEEN 1 AND 200", name="name"),
    CheckConstraint(
        "from_date >= '2000-01-01' AND through_date >= from_date AND through_date <= '2100-12-31'", name="days"
    ),
    # At most 366 days. Reading the closures of a window relies on it. The databases subtract dates differently.
    CheckConstraint("through_date - from_date <= 365", name="length").ddl_if(dialect="postgresql"),
    CheckConstraint("julianday(through_date) - julianday(from_date) <= 365", name="length").ddl_if(dialect="sqlite"),
    CheckConstraint("version >= 1", name="version"),
    Index("ix_pm_group_closures_by_date", "organization_id", "from_date", "id"),
)
