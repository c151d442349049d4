"""Create the table of closures: days on which an organization, or one of its locations, holds no sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_TABLE = "pm_group_closures"
_INSTANT = sa.DateTime(timezone=True)
_DAYS = {
    "postgresql": "through_date - from_date",
    "sqlite": "julianday(through_date) - julianday(from_date)",
}


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("from_date", sa.Date, nullable=False),
        sa.Column("through_date", sa.Date, nullable=False),
        sa.Column("location_id", sa.String(64)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("deleted_at", _INSTANT),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name=op.f(f"ck_{_TABLE}_name")),
        sa.CheckConstraint(
            "from_date >= '2000-01-01' AND through_date >= from_date AND through_date <= '2100-12-31'",
            name=op.f(f"ck_{_TABLE}_days"),
        ),
        sa.CheckConstraint(f"{_DAYS[op.get_bind().dialect.name]} <= 365", name=op.f(f"ck_{_TABLE}_length")),
        sa.CheckConstraint("version >= 1", name=op.f(f"ck_{_TABLE}_version")),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["pm_group_locations.organization_id", "pm_group_locations.id"],
            name=op.f(f"fk_{_TABLE}_organization_id_location_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    op.create_index(f"ix_{_TABLE}_by_date", _TABLE, ["organization_id", "from_date", "id"])
