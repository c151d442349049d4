"""The tables, with every rule of the domain that a constraint can hold.

Foreign keys carry the organization, so the database itself refuses a row that refers into another organization.
Migrations are the truth for a running database; a test compares them with this file.
"""

import uuid
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    text,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An instant in UTC. SQLite keeps no zone, so it is put back on when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The class of its values."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse what has no zone: a naive value would silently be somebody's local time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant with its zone, UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Id = Uuid(as_uuid=True)
ForeignId = String(64)
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")
_BigId = BigInteger().with_variant(Integer(), "sqlite")


def _organization(primary_key: bool = False) -> Column[str]:
    return Column("organization_id", String(64), nullable=False, primary_key=primary_key)


def _versioned() -> list[Column[int] | Column[datetime]]:
    return [
        Column("version", Integer, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
    ]


def _registry_times() -> tuple[Column[datetime | None], Column[dict[str, str | None] | None]]:
    """Return when the registry last changed a record, and the times of the fields that are of other versions."""
    return (
        Column[datetime | None]("registry_updated_at", Instant),
        Column[dict[str, str | None] | None]("registry_field_times", JSON(none_as_null=True)),
    )


def _reference(column: str, table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["organization_id", column], [f"{table}.organization_id", f"{table}.id"])


staff_members = Table(
    "pm_group_staff_members",
    metadata,
    _organization(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("display_name", String(300), nullable=False),
    Column[str | None]("credentials", String(100)),
    # Whether they work here: so says the registry, and no role that it knows, or one of them, still holds.
    Column[bool]("active", Boolean, nullable=False),
    Column[str]("search_text", Text, nullable=False),
    Column[bool]("registry_active", Boolean, nullable=False, server_default=true()),
    *_registry_times(),
    Index("ix_pm_group_staff_members_by_name", "organization_id", "search_text", "id"),
)

# The registry's roles of staff. No foreign key: files of roles may be imported before those of the people.
staff_roles = Table(
    "pm_group_staff_roles",
    metadata,
    _organization(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("staff_id", ForeignId, nullable=False),
    Column[bool]("active", Boolean, nullable=False),
    Column[date | None]("ends_on", Date),
    *_registry_times(),
    Index("ix_pm_group_staff_roles_of_staff", "organization_id", "staff_id"),
)

locations = Table(
    "pm_group_locations",
    metadata,
    _organization(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("site", String(300), nullable=False),
    Column[str | None]("room", String(300)),
    Column[str]("time_zone", String(64), nullable=False),
    Column[str]("search_text", Text, nullable=False),
    Column[bool]("active", Boolean, nullable=False, server_default=true()),
    # What the registry states of a part: site and zone follow from it. The parent need not be stored.
    Column[str | None]("parent_id", ForeignId),
    Column[str | None]("parent_name", String(300)),
    Column[str | None]("own_time_zone", String(64)),
    *_registry_times(),
    Index("ix_pm_group_locations_by_name", "organization_id", "site", "id"),
)

patients = Table(
    "pm_group_patients",
    metadata,
    _organization(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("display_name", String(300), nullable=False),
    Column[str]("medical_record_number", String(100), nullable=False),
    Column[date | None]("birth_date", Date),
    Column[bool]("active", Boolean, nullable=False),
    Column[str]("search_text", Text, nullable=False),
    # Of a merged patient: the id of the surviving record, which need not be stored.
    Column[str | None]("replaced_by", ForeignId),
    *_registry_times(),
    Index("ix_pm_group_patients_by_name", "organization_id", "search_text", "id"),
    Index("ix_pm_group_patients_by_birth_date", "organization_id", "birth_date"),
)

# The endings of patients' search_text, cut after 16 letters and kept by triggers; what holds a word has an ending that
# starts with it. PostgreSQL compares them by bytes, as SQLite does.
patient_endings = Table(
    "pm_group_patient_endings",
    metadata,
    _organization(primary_key=True),
    Column[str]("ending", String(16).with_variant(String(16, collation="C"), "postgresql"), primary_key=True),
    Column[str]("patient_id", ForeignId, primary_key=True),
    sqlite_with_rowid=False,
)

group_definitions = Table(
    "pm_group_definitions",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    _organization(),
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
    *_versioned(),
    Column[datetime | None]("deleted_at", Instant),
    Column[str]("search_text", Text, nullable=False),
    # When the group, its roster or its calendar last changed, by the clock of whoever changed it; NULL: updated_at.
    Column[datetime | None]("changed_at", Instant),
    # Up to then an earlier release told the times, which may run backwards; NULL: it told none.
    Column[datetime | None]("old_times_until", Instant),
    _reference("facilitator_id", "pm_group_staff_members"),
    _reference("co_facilitator_id", "pm_group_staff_members"),
    _reference("location_id", "pm_group_locations"),
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
    Index("ix_pm_group_definitions_by_type", "organization_id", "group_type", "name"),
    Index("ix_pm_group_definitions_by_facilitator", "organization_id", "facilitator_id"),
    Index("ix_pm_group_definitions_by_co_facilitator", "organization_id", "co_facilitator_id"),
    Index("ix_pm_group_definitions_by_location", "organization_id", "location_id"),
)

occurrences = Table(
    "pm_group_schedule",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    _organization(),
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
    *_versioned(),
    _reference("group_definition_id", "pm_group_definitions"),
    _reference("facilitator_id", "pm_group_staff_members"),
    _reference("co_facilitator_id", "pm_group_staff_members"),
    _reference("location_id", "pm_group_locations"),
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
    Index("ix_pm_group_schedule_of_group", "group_definition_id", "session_date", "start_time", "id"),
    Index("ix_pm_group_schedule_by_date", "organization_id", "session_date", "start_time", "id"),
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
    _organization(),
    Column[uuid.UUID]("group_definition_id", Id, nullable=False),
    Column[str]("patient_id", ForeignId, nullable=False),
    Column[str]("status", String(20), nullable=False),
    Column[int | None]("waitlist_position", Integer),
    Column[datetime | None]("waitlisted_at", Instant),
    Column[datetime | None]("enrolled_at", Instant),
    Column[datetime | None]("promoted_at", Instant),
    Column[datetime | None]("disenrolled_at", Instant),
    Column[str | None]("disenrollment_reason", String(1000)),
    *_versioned(),
    Column[datetime | None]("deleted_at", Instant),
    # The order of every list of enrollments: the seated, then the waitlist in turn, then the past.
    Column[int](
        "place",
        Integer,
        Computed(
            "CASE status WHEN 'ENROLLED' THEN 0 WHEN 'WAITLISTED' THEN waitlist_position ELSE 1000000 END",
            persisted=True,
        ),
        nullable=False,
    ),
    _reference("group_definition_id", "pm_group_definitions"),
    _reference("patient_id", "pm_group_patients"),
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
    Index("ix_pm_group_enrollments_of_group", "group_definition_id", "place", "id"),
    Index("ix_pm_group_enrollments_of_patient", "organization_id", "patient_id", "place", "id"),
)

outbox = Table(
    "pm_group_outbox",
    metadata,
    Column[int]("sequence", _BigId, primary_key=True, autoincrement=True),
    Column[uuid.UUID]("id", Id, nullable=False, unique=True),
    _organization(),
    Column[uuid.UUID]("group_definition_id", Id, nullable=False),
    # Sequences are drawn before transactions commit. On PostgreSQL a reader that goes by (transaction_id, sequence)
    # and stops at the oldest transaction still running misses nothing; SQLite has one writer at a time, and 0 here.
    Column[int]("transaction_id", BigInteger, nullable=False),
    Column[str]("event", String(100), nullable=False),
    Column[Any]("envelope", Json, nullable=False),
    Column[datetime]("created_at", Instant, nullable=False),
    Index("ix_pm_group_outbox_in_order", "transaction_id", "sequence"),
    Index("ix_pm_group_outbox_of_organization", "organization_id", "transaction_id", "sequence"),
    # Within a group the sequence alone is the order: it is drawn behind the group's lock, which is held to the commit.
    Index("ix_pm_group_outbox_of_group", "group_definition_id", "sequence"),
)

# Events up to here, in the order of transactions, are known to a sink's lanes.
relay_sinks = Table(
    "pm_group_relay_sinks",
    metadata,
    Column[str]("sink", String(40), primary_key=True),
    Column[int]("transaction_id", BigInteger, nullable=False),
    Column[int]("sequence", BigInteger, nullable=False),
)

# One group's events on their way to one sink, one after another. What comes after `sequence`, up to `newest_sequence`,
# is yet to be delivered, and `due_at` says when; NULL: nothing is.
relay_lanes = Table(
    "pm_group_relay_lanes",
    metadata,
    Column[str]("sink", String(40), primary_key=True),
    Column[uuid.UUID]("group_definition_id", Id, primary_key=True),
    Column[int]("sequence", BigInteger, nullable=False),
    Column[int]("newest_sequence", BigInteger, nullable=False),
    # How many parked events of the group are to be sent again, and how often its next event was tried in vain.
    Column[int]("again_count", Integer, nullable=False),
    Column[int]("tries", Integer, nullable=False),
    Column[datetime | None]("due_at", Instant),
    # The relay at work on the lane; it is due again, for any relay, when the lease has run out.
    Column[uuid.UUID | None]("lease", Id),
    # Why the next event was not taken at the last try.
    Column[str | None]("reason", String(200)),
    # The host and process of the relay at work, for operators.
    Column[str | None]("holder", String(255)),
    CheckConstraint("again_count >= 0 AND tries >= 0", name="counts"),
    Index("ix_pm_group_relay_lanes_due", "sink", "due_at"),
)

parked_events = Table(
    "pm_group_parked_events",
    metadata,
    Column[str]("sink", String(40), primary_key=True),
    Column[int]("sequence", BigInteger, primary_key=True),
    Column[uuid.UUID]("id", Id, nullable=False),
    _organization(),
    Column[uuid.UUID]("group_definition_id", Id, nullable=False),
    Column[str]("event", String(100), nullable=False),
    Column[int]("tries", Integer, nullable=False),
    Column[str]("reason", String(200), nullable=False),
    Column[datetime]("parked_at", Instant, nullable=False),
    Column[bool]("again", Boolean, nullable=False),
    Index("ix_pm_group_parked_events_of_group", "sink", "group_definition_id", "sequence"),
)

audit_log = Table(
    "pm_group_audit_log",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    _organization(),
    Column[str]("entity_type", String(40), nullable=False),
    Column[uuid.UUID]("entity_id", Id, nullable=False),
    Column[datetime]("at", Instant, nullable=False),
    Column[str]("actor_id", String(255), nullable=False),
    Column[str]("correlation_id", String(128), nullable=False),
    Column[str]("action", String(60), nullable=False),
    Column[Any]("changes", Json, nullable=False),
    Index("ix_pm_group_audit_log_of_entity", "organization_id", "entity_type", "entity_id", "id"),
)

access_log = Table(
    "pm_group_access_log",
    metadata,
    Column[uuid.UUID]("id", Id, primary_key=True),
    _organization(),
    Column[datetime]("at", Instant, nullable=False),
    Column[str]("actor_id", String(255), nullable=False),
    Column[str]("correlation_id", String(128), nullable=False),
    Column[str | None]("operation", String(255)),
    # One row a request, however many patients it read: a report must not cost a row for each.
    Column[Any]("patient_ids", Json, nullable=False),
    Column[str | None]("client_address", String(45)),
    Index("ix_pm_group_access_log_of_organization", "organization_id", "at", "id"),
)

idempotency_keys = Table(
    "pm_group_idempotency_keys",
    metadata,
    _organization(primary_key=True),
    Column[str]("subject", String(255), primary_key=True),
    Column[str]("key", String(255), primary_key=True),
    Column[bytes]("fingerprint", LargeBinary, nullable=False),
    # The attempt that is at work on the request, until it answers, or its lease ends and a repeat takes over.
    Column[uuid.UUID]("attempt", Id, nullable=False),
    Column[datetime]("leased_until", Instant, nullable=False),
    Column[datetime]("expires_at", Instant, nullable=False),
    # The answer; null until there is one.
    Column[int | None]("status", Integer),
    Column[str | None]("media_type", String(100)),
    Column[bytes | None]("body", LargeBinary),
    # The keys that the caller held, and whose records the answer tells of.
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
    _organization(primary_key=True),
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
