"""Reference data from the registry: staff, locations and patients, and the index for searching patients."""

from datetime import date

from sqlalchemy import Boolean, Column, Date, Index, String, Table, Text, text, true

from db.tables.columns import ForeignId, metadata, organization_column, registry_time_columns

staff_members = Table(
    "pm_group_staff_members",
    metadata,
    organization_column(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("display_name", String(300), nullable=False),
    Column[str | None]("credentials", String(100)),
    # True if `registry_active` is, and the person has either no role in `staff_roles` or at least one current role.
    Column[bool]("active", Boolean, nullable=False),
    Column[str]("search_text", Text, nullable=False),
    Column[bool]("registry_active", Boolean, nullable=False, server_default=true()),
    *registry_time_columns(),
    Index("ix_pm_group_staff_members_by_name", "organization_id", "search_text", "id"),
)

# Roles of staff, from the registry. There is no foreign key: roles may be imported before the people who have them.
staff_roles = Table(
    "pm_group_staff_roles",
    metadata,
    organization_column(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("staff_id", ForeignId, nullable=False),
    Column[bool]("active", Boolean, nullable=False),
    Column[date | None]("ends_on", Date),
    *registry_time_columns(),
    Index("ix_pm_group_staff_roles_of_staff", "organization_id", "staff_id"),
)

locations = Table(
    "pm_group_locations",
    metadata,
    organization_column(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("site", String(300), nullable=False),
    Column[str | None]("room", String(300)),
    Column[str]("time_zone", String(64), nullable=False),
    Column[str]("search_text", Text, nullable=False),
    Column[bool]("active", Boolean, nullable=False, server_default=true()),
    # What the registry states about a part of a site. `site` and `time_zone` follow from it. The parent may be missing.
    Column[str | None]("parent_id", ForeignId),
    Column[str | None]("parent_name", String(300)),
    Column[str | None]("own_time_zone", String(64)),
    *registry_time_columns(),
    Index("ix_pm_group_locations_by_name", "organization_id", "site", "id"),
)

patients = Table(
    "pm_group_patients",
    metadata,
    organization_column(primary_key=True),
    Column[str]("id", ForeignId, primary_key=True),
    Column[str]("display_name", String(300), nullable=False),
    Column[str]("medical_record_number", String(100), nullable=False),
    Column[date | None]("birth_date", Date),
    Column[bool]("active", Boolean, nullable=False),
    Column[str]("search_text", Text, nullable=False),
    # If this patient was merged into another: the id of the surviving record, which may be missing.
    Column[str | None]("replaced_by", ForeignId),
    *registry_time_columns(),
    # The name that the patient goes by, if it differs from the display name.
    Column[str | None]("preferred_name", String(300)),
    Index("ix_pm_group_patients_by_name", "organization_id", "search_text", "id"),
    Index("ix_pm_group_patients_by_birth_date", "organization_id", "birth_date"),
    Index(
        "ix_pm_group_patients_inactive",
        "organization_id",
        "id",
        postgresql_where=text("NOT active"),
        sqlite_where=text("active = 0"),
    ),
)

# A suffix index for patient search: every suffix of each patient's search_text, cut to 16 characters. A text contains a
# word if one of its suffixes starts with the word. Triggers maintain the index (`db.sql.triggers`). The "C" collation
# makes PostgreSQL compare by bytes, as SQLite does, so that a prefix is one range of the index.
patient_endings = Table(
    "pm_group_patient_endings",
    metadata,
    organization_column(primary_key=True),
    Column[str]("ending", String(16).with_variant(String(16, collation="C"), "postgresql"), primary_key=True),
    Column[str]("patient_id", ForeignId, primary_key=True),
    sqlite_with_rowid=False,
)
