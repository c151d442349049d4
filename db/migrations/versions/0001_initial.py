"""Create the first schema: groups, sessions, enrollments, reference data, the outbox, and the append-only history.

Migrations have no downgrade: this one would delete clinical records and their history.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.operations.append_only import refuse_changes
from db.migrations.operations.trigram_index import create_trigram_index

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_reference_tables()
    _create_group_definitions()
    _create_schedule()
    _create_enrollments()
    _create_outbox()
    _create_audit_log()
    refuse_changes("pm_group_audit_log")
    create_trigram_index("ix_pm_group_patients_by_text", "pm_group_patients", "search_text")


def _create_reference_tables() -> None:
    op.create_table(
        "pm_group_staff_members",
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(300), nullable=False),
        sa.Column("credentials", sa.String(100)),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_pm_group_staff_members")),
    )
    op.create_index(
        "ix_pm_group_staff_members_by_name", "pm_group_staff_members", ["organization_id", "display_name", "id"]
    )
    op.create_table(
        "pm_group_locations",
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("site", sa.String(300), nullable=False),
        sa.Column("room", sa.String(300)),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_pm_group_locations")),
    )
    op.create_index("ix_pm_group_locations_by_name", "pm_group_locations", ["organization_id", "site", "id"])
    op.create_table(
        "pm_group_patients",
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(300), nullable=False),
        sa.Column("medical_record_number", sa.String(100), nullable=False),
        sa.Column("birth_date", sa.Date),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_pm_group_patients")),
    )
    op.create_index("ix_pm_group_patients_by_name", "pm_group_patients", ["organization_id", "display_name", "id"])


def _create_group_definitions() -> None:
    op.create_table(
        "pm_group_definitions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("group_type", sa.String(20), nullable=False),
        sa.Column("facilitator_id", sa.String(64), nullable=False),
        sa.Column("co_facilitator_id", sa.String(64)),
        sa.Column("location_id", sa.String(64)),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("max_capacity", sa.Integer, nullable=False),
        sa.Column("min_capacity", sa.Integer),
        sa.Column("duration_minutes", sa.Integer, nullable=False),
        sa.Column("recurrence_rule", sa.String(500)),
        sa.Column("recurrence_start_date", sa.Date),
        sa.Column("recurrence_start_time", sa.Time),
        sa.Column("recurrence_excluded_dates", sa.JSON(none_as_null=True)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.CheckConstraint(
            "group_type IN ('THERAPY', 'PSYCHOEDUCATION', 'SKILLS_TRAINING', 'SUPPORT', 'IOP', 'PHP', 'OTHER')",
            name=op.f("ck_pm_group_definitions_group_type"),
        ),
        sa.CheckConstraint(
            "(recurrence_rule IS NULL) = (recurrence_start_date IS NULL)"
            " AND (recurrence_rule IS NULL) = (recurrence_start_time IS NULL)"
            " AND (recurrence_rule IS NULL) = (recurrence_excluded_dates IS NULL)",
            name=op.f("ck_pm_group_definitions_recurrence_whole"),
        ),
        sa.CheckConstraint("duration_minutes BETWEEN 5 AND 720", name=op.f("ck_pm_group_definitions_duration_minutes")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f("ck_pm_group_definitions_name")),
        sa.CheckConstraint("max_capacity BETWEEN 1 AND 500", name=op.f("ck_pm_group_definitions_max_capacity")),
        sa.CheckConstraint(
            "min_capacity BETWEEN 1 AND max_capacity", name=op.f("ck_pm_group_definitions_min_capacity")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_pm_group_definitions_version")),
        sa.ForeignKeyConstraint(
            ["organization_id", "co_facilitator_id"],
            ["pm_group_staff_members.organization_id", "pm_group_staff_members.id"],
            name=op.f("fk_pm_group_definitions_organization_id_co_facilitator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "facilitator_id"],
            ["pm_group_staff_members.organization_id", "pm_group_staff_members.id"],
            name=op.f("fk_pm_group_definitions_organization_id_facilitator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["pm_group_locations.organization_id", "pm_group_locations.id"],
            name=op.f("fk_pm_group_definitions_organization_id_location_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pm_group_definitions")),
    )
    op.create_index(
        "ix_pm_group_definitions_by_co_facilitator", "pm_group_definitions", ["organization_id", "co_facilitator_id"]
    )
    op.create_index(
        "ix_pm_group_definitions_by_creation", "pm_group_definitions", ["organization_id", "created_at", "id"]
    )
    op.create_index(
        "ix_pm_group_definitions_by_facilitator", "pm_group_definitions", ["organization_id", "facilitator_id"]
    )
    op.create_index("ix_pm_group_definitions_by_location", "pm_group_definitions", ["organization_id", "location_id"])
    op.create_index("ix_pm_group_definitions_by_name", "pm_group_definitions", ["organization_id", "name", "id"])
    op.create_index(
        "ix_pm_group_definitions_by_type", "pm_group_definitions", ["organization_id", "group_type", "name"]
    )
    op.create_index(
        "uq_pm_group_definitions_organization", "pm_group_definitions", ["organization_id", "id"], unique=True
    )


def _create_schedule() -> None:
    op.create_table(
        "pm_group_schedule",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("group_definition_id", sa.Uuid, nullable=False),
        sa.Column("session_date", sa.Date, nullable=False),
        sa.Column("start_time", sa.Time, nullable=False),
        sa.Column("end_time", sa.Time, nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("facilitator_id", sa.String(64), nullable=False),
        sa.Column("co_facilitator_id", sa.String(64)),
        sa.Column("location_id", sa.String(64)),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("cancellation_reason", sa.String(1000)),
        sa.Column("cancelled_at", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL)"
            " AND (status = 'CANCELLED') = (cancellation_reason IS NOT NULL)",
            name=op.f("ck_pm_group_schedule_cancellation_told"),
        ),
        sa.CheckConstraint(
            "status IN ('SCHEDULED', 'COMPLETED', 'CANCELLED')", name=op.f("ck_pm_group_schedule_status")
        ),
        sa.CheckConstraint(
            "end_time > start_time AND ends_at > starts_at", name=op.f("ck_pm_group_schedule_end_after_start")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_pm_group_schedule_version")),
        sa.ForeignKeyConstraint(
            ["organization_id", "co_facilitator_id"],
            ["pm_group_staff_members.organization_id", "pm_group_staff_members.id"],
            name=op.f("fk_pm_group_schedule_organization_id_co_facilitator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "facilitator_id"],
            ["pm_group_staff_members.organization_id", "pm_group_staff_members.id"],
            name=op.f("fk_pm_group_schedule_organization_id_facilitator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "group_definition_id"],
            ["pm_group_definitions.organization_id", "pm_group_definitions.id"],
            name=op.f("fk_pm_group_schedule_organization_id_group_definition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["pm_group_locations.organization_id", "pm_group_locations.id"],
            name=op.f("fk_pm_group_schedule_organization_id_location_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pm_group_schedule")),
    )
    op.create_index(
        "ix_pm_group_schedule_by_co_facilitator",
        "pm_group_schedule",
        ["organization_id", "co_facilitator_id", "session_date"],
    )
    op.create_index(
        "ix_pm_group_schedule_by_date", "pm_group_schedule", ["organization_id", "session_date", "start_time", "id"]
    )
    op.create_index(
        "ix_pm_group_schedule_by_facilitator",
        "pm_group_schedule",
        ["organization_id", "facilitator_id", "session_date"],
    )
    op.create_index("ix_pm_group_schedule_by_instant", "pm_group_schedule", ["group_definition_id", "starts_at"])
    op.create_index(
        "ix_pm_group_schedule_by_location", "pm_group_schedule", ["organization_id", "location_id", "session_date"]
    )
    op.create_index(
        "ix_pm_group_schedule_of_group",
        "pm_group_schedule",
        ["group_definition_id", "session_date", "start_time", "id"],
    )
    op.create_index(
        "uq_pm_group_schedule_live_slot",
        "pm_group_schedule",
        ["group_definition_id", "session_date", "start_time"],
        unique=True,
        postgresql_where=sa.text("status <> 'CANCELLED'"),
        sqlite_where=sa.text("status <> 'CANCELLED'"),
    )


def _create_enrollments() -> None:
    op.create_table(
        "pm_group_enrollments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("group_definition_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("waitlist_position", sa.Integer),
        sa.Column("waitlisted_at", INSTANT),
        sa.Column("enrolled_at", INSTANT),
        sa.Column("promoted_at", INSTANT),
        sa.Column("disenrolled_at", INSTANT),
        sa.Column("disenrollment_reason", sa.String(1000)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("deleted_at", INSTANT),
        sa.Column(
            "place",
            sa.Integer,
            sa.Computed(
                "CASE status WHEN 'ENROLLED' THEN 0 WHEN 'WAITLISTED' THEN waitlist_position ELSE 1000000 END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'DISENROLLED') = (disenrolled_at IS NOT NULL)",
            name=op.f("ck_pm_group_enrollments_disenrolled_at_told"),
        ),
        sa.CheckConstraint(
            "(status = 'WAITLISTED') = (waitlist_position IS NOT NULL)",
            name=op.f("ck_pm_group_enrollments_waitlist_position_told"),
        ),
        sa.CheckConstraint(
            "deleted_at IS NULL OR status = 'DISENROLLED'", name=op.f("ck_pm_group_enrollments_removed_is_inactive")
        ),
        sa.CheckConstraint(
            "status <> 'ENROLLED' OR enrolled_at IS NOT NULL", name=op.f("ck_pm_group_enrollments_enrolled_at_told")
        ),
        sa.CheckConstraint(
            "status <> 'WAITLISTED' OR waitlisted_at IS NOT NULL",
            name=op.f("ck_pm_group_enrollments_waitlisted_at_told"),
        ),
        sa.CheckConstraint(
            "status IN ('ENROLLED', 'WAITLISTED', 'DISENROLLED')", name=op.f("ck_pm_group_enrollments_status")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_pm_group_enrollments_version")),
        sa.CheckConstraint("waitlist_position >= 1", name=op.f("ck_pm_group_enrollments_waitlist_position")),
        sa.ForeignKeyConstraint(
            ["organization_id", "group_definition_id"],
            ["pm_group_definitions.organization_id", "pm_group_definitions.id"],
            name=op.f("fk_pm_group_enrollments_organization_id_group_definition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["pm_group_patients.organization_id", "pm_group_patients.id"],
            name=op.f("fk_pm_group_enrollments_organization_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pm_group_enrollments")),
    )
    op.create_index("ix_pm_group_enrollments_of_group", "pm_group_enrollments", ["group_definition_id", "place", "id"])
    op.create_index(
        "ix_pm_group_enrollments_of_patient", "pm_group_enrollments", ["organization_id", "patient_id", "place", "id"]
    )
    op.create_index(
        "uq_pm_group_enrollments_active",
        "pm_group_enrollments",
        ["group_definition_id", "patient_id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'DISENROLLED'"),
        sqlite_where=sa.text("status <> 'DISENROLLED'"),
    )


def _create_outbox() -> None:
    op.create_table(
        "pm_group_outbox",
        sa.Column("sequence", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("group_definition_id", sa.Uuid, nullable=False),
        sa.Column("transaction_id", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String(100), nullable=False),
        sa.Column("envelope", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_pm_group_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_pm_group_outbox_id")),
    )
    op.create_index("ix_pm_group_outbox_in_order", "pm_group_outbox", ["transaction_id", "sequence"])
    op.create_index(
        "ix_pm_group_outbox_of_organization", "pm_group_outbox", ["organization_id", "transaction_id", "sequence"]
    )


def _create_audit_log() -> None:
    op.create_table(
        "pm_group_audit_log",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("entity_type", sa.String(40), nullable=False),
        sa.Column("entity_id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", sa.String(255), nullable=False),
        sa.Column("correlation_id", sa.String(128), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pm_group_audit_log")),
    )
    op.create_index(
        "ix_pm_group_audit_log_of_entity", "pm_group_audit_log", ["organization_id", "entity_type", "entity_id", "id"]
    )
