"""The metadata that all tables share, their column types, and the columns that several tables have."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
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
    """An instant, stored in UTC. SQLite stores no time zone, so values are read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The Python type of the values."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC. Raise ValueError for a naive datetime, whose time zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value with its time zone, UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Id = Uuid(as_uuid=True)
"""An id that this program generates."""
ForeignId = String(64)
"""An id from the registry."""
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")
BigId = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit id that the database generates. SQLite only generates ids for INTEGER."""


def organization_column(primary_key: bool = False) -> Column[str]:
    """Return the column that names the organization a row belongs to."""
    return Column("organization_id", String(64), nullable=False, primary_key=primary_key)


def version_columns() -> list[Column[int] | Column[datetime]]:
    """Return the columns of a record that clients change by its version."""
    return [
        Column("version", Integer, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
    ]


def registry_time_columns() -> tuple[Column[datetime | None], Column[dict[str, str | None] | None]]:
    """Return the columns for the times of a record from the registry.

    `registry_updated_at` is when the registry last changed the record. `registry_field_times` has the times of the
    fields that come from other versions of it.
    """
    return (
        Column[datetime | None]("registry_updated_at", Instant),
        Column[dict[str, str | None] | None]("registry_field_times", JSON(none_as_null=True)),
    )


def reference_to(column: str, table: str) -> ForeignKeyConstraint:
    """Return the foreign key of a column to a table. It includes the organization."""
    return ForeignKeyConstraint(["organization_id", column], [f"{table}.organization_id", f"{table}.id"])
