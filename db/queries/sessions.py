"""Lists of sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, bindparam, false, select

from db.queries.pages import ListFilter
from db.queries.relations import Relation
from db.sql.listings import Condition, Conditions, Listing
from db.sql.rows import OCCURRENCES
from db.sql.statement import AnyOf, Statement, constant, of_organization
from db.tables import occurrences
from db.transactions.snapshots import Snapshot
from domain.records import Occurrence, OccurrenceStatus

_columns = occurrences.c


@dataclass(frozen=True, slots=True)
class SessionFilter(ListFilter):
    """Narrows a list of sessions. None narrows nothing.

    Attributes:
        from_date: The first local date.
        through_date: The last local date.
        statuses: The statuses.
        facilitator_id: The member of staff who leads or co-leads the session.
        location_id: The location.
    """

    from_date: date | None = None
    through_date: date | None = None
    statuses: frozenset[OccurrenceStatus] | None = None
    facilitator_id: str | None = None
    location_id: str | None = None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        values = {
            "from_date": self.from_date,
            "through_date": self.through_date,
            **_status_conditions(self.statuses),
            "facilitator_id": self.facilitator_id,
            "location_id": self.location_id,
        }
        return {name: value for name, value in values.items() if value is not None}


def _status_conditions(statuses: frozenset[OccurrenceStatus] | None) -> Conditions:
    if statuses is None or statuses == frozenset(OccurrenceStatus):
        return {}
    match sorted(statuses):
        case [status]:
            return {"status": status}
        case [status, other]:
            return {"two_statuses": {"status": status, "other_status": other}}
    return {"nothing": {}}


_from_date = bindparam("from_date", type_=_columns.session_date.type)
_through_date = bindparam("through_date", type_=_columns.session_date.type)
_facilitator = bindparam("facilitator_id", type_=_columns.facilitator_id.type)
_status, _other_status = (bindparam(name, type_=_columns.status.type) for name in ("status", "other_status"))
_CONDITIONS: Final[dict[str, Condition]] = {
    "from_date": _columns.session_date >= _from_date,
    "through_date": _columns.session_date <= _through_date,
    "nothing": false(),
    "status": _columns.status == _status,
    "two_statuses": (_columns.status == _status, _columns.status == _other_status),
    "facilitator_id": (
        _columns.facilitator_id == _facilitator,
        and_(_columns.co_facilitator_id == _facilitator, _columns.facilitator_id != _facilitator),
    ),
    "location_id": _columns.location_id == bindparam("location_id", type_=_columns.location_id.type),
}

SESSIONS: Listing[Occurrence] = Listing(
    "occurrences",
    occurrences,
    OCCURRENCES,
    (_columns.session_date, _columns.start_time, _columns.id),
    (date, time, UUID),
    ("session_date", "start_time", "id"),
    lambda *keys: keys,
    _CONDITIONS,
)
"""Sessions by local date, local time and id."""

SESSIONS_OF_GROUP: Final = Relation(SESSIONS, _columns.group_definition_id)

_BY_DATE: Final = Statement(
    select(*OCCURRENCES.selected)
    .where(
        of_organization(occurrences),
        AnyOf(_columns.group_definition_id, "group_ids"),
        _columns.status != constant(OccurrenceStatus.CANCELLED),
        _columns.session_date.between(_from_date, _through_date),
    )
    .order_by(*SESSIONS.columns)
)


async def sessions_by_date(
    snapshot: Snapshot, group_ids: Sequence[UUID], first: date, last: date
) -> dict[UUID, list[Occurrence]]:
    """Return each group's sessions from one local date to another, without cancelled ones, by one statement."""
    rows: Sequence[Any] = await snapshot.fetch(
        _BY_DATE, {"group_ids": group_ids, "from_date": first, "through_date": last}
    )
    sessions: dict[UUID, list[Occurrence]] = {}
    for session in map(OCCURRENCES.make_record, rows):
        sessions.setdefault(session.group_definition_id, []).append(session)
    return sessions
