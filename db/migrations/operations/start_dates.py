"""Fills in the start of each enrollment that has or had a seat: the local day on which the seat was given."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from uuid_utils.compat import uuid7

from domain.wall_time import local_date

ACTION: Final = "start_date_recorded"
"""The action of the history entries that explain the starts. They belong to no version of the enrollment."""

_ACTOR: Final = "group-sessions migrate"
_Instant = sa.DateTime(timezone=True)
_GROUPS: Final = sa.table(
    "pm_group_definitions", sa.column("id", sa.Uuid), sa.column("organization_id"), sa.column("time_zone", sa.String)
)
_ENROLLMENTS: Final = sa.table(
    "pm_group_enrollments",
    sa.column("id", sa.Uuid),
    sa.column("organization_id", sa.String),
    sa.column("group_definition_id", sa.Uuid),
    sa.column("enrolled_at", _Instant),
    sa.column("start_date", sa.Date),
)
_HISTORY: Final = sa.table(
    "pm_group_audit_log",
    sa.column("id", sa.Uuid),
    sa.column("organization_id", sa.String),
    sa.column("entity_type", sa.String),
    sa.column("entity_id", sa.Uuid),
    sa.column("at", _Instant),
    sa.column("actor_id", sa.String),
    sa.column("correlation_id", sa.String),
    sa.column("action", sa.String),
    sa.column("changes", sa.JSON().with_variant(JSONB(), "postgresql")),
)


def record_start_dates(revision: str) -> None:
    """Fill in `start_date`, group by group, with an entry in the history of each enrollment."""
    connection = op.get_bind()
    now = connection.scalar(sa.select(sa.func.current_timestamp(type_=_Instant)))
    page = sa.select(_GROUPS).order_by(_GROUPS.c.id).limit(1)
    group = connection.execute(page).first()
    while group is not None:
        seats = sa.select(_ENROLLMENTS.c.id, _ENROLLMENTS.c.enrolled_at).where(
            _ENROLLMENTS.c.organization_id == group.organization_id,
            _ENROLLMENTS.c.group_definition_id == group.id,
            _ENROLLMENTS.c.enrolled_at.is_not(None),
        )
        _store(connection, group, connection.execute(seats).all(), now, revision)
        group = connection.execute(page.where(_GROUPS.c.id > group.id)).first()


def _store(connection: sa.Connection, group: Any, seats: Sequence[Any], now: datetime | None, revision: str) -> None:
    if not seats:
        return
    days = {seat.id: local_date(_in_utc(seat.enrolled_at), group.time_zone) for seat in seats}
    update = (
        sa.update(_ENROLLMENTS)
        .where(_ENROLLMENTS.c.id == sa.bindparam("enrollment_id"))
        .values(start_date=sa.bindparam("day"))
    )
    connection.execute(update, [{"enrollment_id": id_, "day": day} for id_, day in days.items()])
    connection.execute(
        sa.insert(_HISTORY),
        [
            {
                "id": uuid7(),
                "organization_id": group.organization_id,
                "entity_type": "enrollment",
                "entity_id": id_,
                "at": now,
                "actor_id": _ACTOR,
                "correlation_id": f"migration-{revision}",
                "action": ACTION,
                "changes": [{"field": "start_date", "before": None, "after": day.isoformat()}],
            }
            for id_, day in days.items()
        ],
    )


def _in_utc(moment: datetime) -> datetime:
    """Return the instant with its time zone, which SQLite does not store."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
