"""Create the table of calendar feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

_TABLE = "pm_group_calendar_feeds"
_INSTANT = sa.DateTime(timezone=True)
_SUBJECTS = {
    "facilitator_id": "pm_group_staff_members",
    "location_id": "pm_group_locations",
    "group_definition_id": "pm_group_definitions",
}


def upgrade() -> None:
    number_of_subjects = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in _SUBJECTS)
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.String(255), nullable=False),
        sa.Column("facilitator_id", sa.String(64)),
        sa.Column("location_id", sa.String(64)),
        sa.Column("group_definition_id", sa.Uuid),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("rotated_at", _INSTANT, nullable=False),
        sa.CheckConstraint("length(digest) = 32", name=op.f(f"ck_{_TABLE}_digest")),
        sa.CheckConstraint(f"{number_of_subjects} = 1", name=op.f(f"ck_{_TABLE}_subject")),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", name],
                [f"{table}.organization_id", f"{table}.id"],
                name=op.f(f"fk_{_TABLE}_organization_id_{name}"),
            )
            for name, table in _SUBJECTS.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    op.create_index(f"uq_{_TABLE}_digest", _TABLE, ["organization_id", "digest"], unique=True)
    op.create_index(f"ix_{_TABLE}_by_owner", _TABLE, ["organization_id", "owner_id", "id"])
