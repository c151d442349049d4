"""Groups, their sessions and their enrollments."""

import uuid
from datetime import date, datetime, time

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    Time,
    false,
    text,
)

from db.tables.columns import ForeignId, Id, Instant, metadata, organization_column, reference_to, version_columns

group_definitions = Table(
    "pm_group_definitions",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    Column[str]("name", String(200), nullable=False),
    Column[str]("group_type", String(20), nullable=False),
    Column[str]("facilitator_id", ForeignId, nullable=False),
    Column[str | None]("co_facilitator_id", ForeignId),
    Column[str | None]("location_id", ForeignId),
    Column[str]("time_zone", String(64), nullable=False),
    Column[int]("max_capacity", Integer, nullable=False),
    Column[int | None]("min_capacity", Integer),
    Column[int]("duration_minutes", Integer, nullable=False),
    Column[str | None]("recurrence_rule", String(500)),
    Column[date | None]("recurrence_start_date", Date),
    Column[time | None]("recurrence_start_time", Time),
    Column[list[str] | None]("recurrence_excluded_dates", JSON(none_as_null=True)),
    *version_columns(),
    Column[datetime | None]("deleted_at", Instant),
    Column[str]("search_text", Text, nullable=False),
    # When the group, its roster or its calendar last changed, by the clock of the server that changed it. NULL means
    # the same as updated_at.
    Column[datetime | None]("changed_at", Instant),
    # Times up to this one come from an earlier release and may run backwards. NULL means there are none.
    Column[datetime | None]("old_times_until", Instant),
    # Programs besides its own type toward which its sessions count: their names in order, separated by commas.
    Column[str]("counts_toward", String(20), nullable=False, server_default=""),
    # NULL means the default rule set of its type.
    Column[str | None]("compliance_rule_set_id", String(64)),
    reference_to("facilitator_id", "pm_group_staff_members"),
    reference_to("co_facilitator_id", "pm_group_staff_members"),
    reference_to("location_id", "pm_group_locations"),
    CheckConstraint("length(name) BETWEEN 1 AND 200", name="name"),
    CheckConstraint(
        "group_type IN ('THERAPY', 'PSYCHOEDUCATION', 'SKILLS_TRAINING', 'SUPPORT', 'IOP', 'PHP', 'OTHER')",
        name="group_type",
    ),
    CheckConstraint("max_capacity BETWEEN 1 AND 500", name="max_capacity"),
    CheckConstraint("min_capacity BETWEEN 1 AND max_capacity", name="min_capacity"),
    CheckConstraint("duration_minutes BETWEEN 5 AND 720", name="duration_minutes"),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint(
        "(recurrence_rule IS NULL) = (recurrence_start_date IS NULL)"
        " AND (recurrence_rule IS NULL) = (recurrence_start_time IS NULL)"
        " AND (recurrence_rule IS NULL) = (recurrence_excluded_dates IS NULL)",
        name="recurrence_whole",
    ),
    Index("uq_pm_group_definitions_organization", "organization_id", "id", unique=True),
    Index("ix_pm_group_definitions_by_name", "organization_id", "search_text", "id"),
    Index("ix_pm_group_definitions_by_creation", "organization_id", "created_at", "id"),
    Index("ix_pm_group_definitions_by_update", "organization_id", "updated_at", "id"),
    Index("ix_pm_group_definitions_by_type", "organization_id", "group_type", "name"),
    Index("ix_pm_group_definitions_by_facilitator", "organization_id", "facilitator_id"),
    Index("ix_pm_group_definitions_by_co_facilitator", "organization_id", "co_facilitator_id"),
    Index("ix_pm_group_definitions_by_location", "organization_id", "location_id"),
)

occurrences = Table(
    "pm_group_schedule",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    Column[uuid.UUID]("group_definition_id", Id, nullable=False),
    Column[date]("session_date", Date, nullable=False),
    Column[time]("start_time", Time, nullable=False),
    Column[time]("end_time", Time, nullable=False),
    Column[str]("time_zone", String(64), nullable=False),
    Column[datetime]("starts_at", Instant, nullable=False),
    Column[datetime]("ends_at", Instant, nullable=False),
    Column[str]("facilitator_id", ForeignId, nullable=False),
    Column[str | None]("co_facilitator_id", ForeignId),
    Column[str | None]("location_id", ForeignId),
    Column[str]("status", String(20), nullable=False),
    Column[str | None]("cancellation_reason", String(1000)),
    Column[datetime | None]("cancelled_at", Instant),
    *version_columns(),
    Column[date | None]("recurrence_date", Date),
    Column[bool]("edited", Boolean, nullable=False, server_default=false()),
    reference_to("group_definition_id", "pm_group_definitions"),
    reference_to("facilitator_id", "pm_group_staff_members"),
    reference_to("co_facilitator_id", "pm_group_staff_members"),
    reference_to("location_id", "pm_group_locations"),
    CheckConstraint("status IN ('SCHEDULED', 'COMPLETED', 'CANCELLED')", name="status"),
    CheckConstraint("end_time > start_time AND ends_at > starts_at", name="end_after_start"),
    CheckConstraint(
        "(status = 'CANCELLED') = (cancelled_at IS NOT NULL)"
        " AND (status = 'CANCELLED') = (cancellation_reason IS NOT NULL)",
        name="cancellation_told",
    ),
    CheckConstraint("version >= 1", name="version"),
    Index(
        "uq_pm_group_schedule_live_slot",
        "group_definition_id",
        "session_date",
        "start_time",
        unique=True,
        postgresql_where=text("status <> 'CANCELLED'"),
        sqlite_where=text("status <> 'CANCELLED'"),
    ),
    Index(
        "uq_pm_group_schedule_live_recurrence_date",
        "group_definition_id",
        "recurrence_date",
        unique=True,
        postgresql_where=text("status <> 'CANCELLED' AND recurrence_date IS NOT NULL"),
        sqlite_where=text("status <> 'CANCELLED' AND recurrence_date IS NOT NULL"),
    ),
    Index("ix_pm_group_schedule_of_group", "group_definition_id", "session_date", "start_time", "id"),
    Index("ix_pm_group_schedule_by_date", "organization_id", "session_date", "start_time", "id"),
    Index("ix_pm_group_schedule_by_update", "organization_id", "updated_at", "id"),
    *(
        Index(f"ix_pm_group_schedule_by_{name}", "organization_id", column, "session_date", "start_time", "id")
        for name, column in (
            ("facilitator", "facilitator_id"),
            ("co_facilitator", "co_facilitator_id"),
            ("location", "location_id"),
            ("status", "status"),
        )
    ),
)

enrollments = Table(
    "pm_group_enrollments",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    organization_column(),
    Column[uuid.UUID]("group_definition_id", Id, nullable=False),
    Column[str]("patient_id", ForeignId, nullable=False),
    Column[str]("status", String(20), nullable=False),
    Column[int | None]("waitlist_position", Integer),
    Column[datetime | None]("waitlisted_at", Instant),
    Column[datetime | None]("enrolled_at", Instant),
    Column[datetime | None]("promoted_at", Instant),
    Column[datetime | None]("disenrolled_at", Instant),
    Column[str | None]("disenrollment_reason", String(1000)),
    *version_columns(),
    Column[datetime | None]("deleted_at", Instant),
    # The order of every list of enrollments: enrolled patients, then the waitlist by position, then past enrollments.
    Column[int](
        "place",
        Integer,
        Computed(
            "CASE status WHEN 'ENROLLED' THEN 0 WHEN 'WAITLISTED' THEN waitlist_position ELSE 1000000 END",
            persisted=True,
        ),
        nullable=False,
    ),
    # The first and the last local day of the group on which the patient is expected.
    Column[date | None]("start_date", Date),
    Column[date | None]("end_date", Date),
    # Whether a person named the start of the seat. Otherwise the seat counts from enrolled_at.
    Column[bool]("counts_from_start", Boolean, nullable=False, server_default=false()),
    reference_to("group_definition_id", "pm_group_definitions"),
    reference_to("patient_id", "pm_group_patients"),
    CheckConstraint("status IN ('ENROLLED', 'WAITLISTED', 'DISENROLLED')", name="status"),
    CheckConstraint("(status = 'WAITLISTED') = (waitlist_position IS NOT NULL)", name="waitlist_position_told"),
    CheckConstraint("waitlist_position >= 1", name="waitlist_position"),
    CheckConstraint("status <> 'ENROLLED' OR enrolled_at IS NOT NULL", name="enrolled_at_told"),
    CheckConstraint("status <> 'WAITLISTED' OR waitlisted_at IS NOT NULL", name="waitlisted_at_told"),
    CheckConstraint("(status = 'DISENROLLED') = (disenrolled_at IS NOT NULL)", name="disenrolled_at_told"),
    CheckConstraint("deleted_at IS NULL OR status = 'DISENROLLED'", name="removed_is_inactive"),
    CheckConstraint("version >= 1", name="version"),
    Index(
        "uq_pm_group_enrollments_active",
        "group_definition_id",
        "patient_id",
        "organization_id",
        unique=True,
        postgresql_where=text("status <> 'DISENROLLED'"),
        sqlite_where=text("status <> 'DISENROLLED'"),
    ),
    # The organization is first, so that counting a group's seats reads nothing but the index.
    Index("ix_pm_group_enrollments_of_group", "organization_id", "group_definition_id", "place", "id"),
    Index("ix_pm_group_enrollments_of_patient", "organization_id", "patient_id", "place", "id"),
    # Lists of all groups are read status by status, so that those of few enrollments skip the many that are past.
    Index("ix_pm_group_enrollments_by_status", "organization_id", "status", "group_definition_id", "place", "id"),
    Index("ix_pm_group_enrollments_by_creation", "organization_id", "status", "created_at", "id"),
    Index("ix_pm_group_enrollments_by_update", "organization_id", "status", "updated_at", "id"),
    Index(
        "ix_pm_group_enrollments_by_start",
        "organization_id",
        "start_date",
        "id",
        postgresql_where=text("start_date IS NOT NULL"),
        sqlite_where=text("start_date IS NOT NULL"),
    ),
    Index(
        "ix_pm_group_enrollments_by_end",
        "organization_id",
        "end_date",
        "id",
        postgresql_where=text("end_date IS NOT NULL"),
        sqlite_where=text("end_date IS NOT NULL"),
    ),
)
