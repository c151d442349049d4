"""The calendars of groups: all sessions of a window of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, or_, select

from db.sql.rows import OCCURRENCE_COLUMNS, occurrence_record
from db.sql.statement import AnyOf, Statement, of_organization
from db.tables import occurrences
from db.transactions.snapshots import Snapshot
from domain.records import Occurrence

_columns = occurrences.c
_FROM, _THROUGH = (bindparam(name, type_=_columns.session_date.type) for name in ("from_date", "through_date"))
_CALENDARS: Final = Statement(
    select(*OCCURRENCE_COLUMNS).where(
        of_organization(occurrences),
        AnyOf(_columns.group_definition_id, "group_ids"),
        or_(_columns.session_date.between(_FROM, _THROUGH), _columns.recurrence_date.between(_FROM, _THROUGH)),
    )
)


@dataclass(frozen=True, slots=True)
class GroupWindow:
    """A window of a group's calendar, including both days."""

    group_id: UUID
    from_date: date
    through_date: date

    def holds(self, session: Occurrence) -> bool:
        """Return whether a session stands on a day of the window, or fills a day of the recurrence in it."""
        days = (session.session_date, session.recurrence_date)
        return any(day is not None and self.from_date <= day <= self.through_date for day in days)


async def calendars(snapshot: Snapshot, windows: Sequence[GroupWindow]) -> dict[GroupWindow, list[Occurrence]]:
    """Return the sessions that each window holds, cancelled ones included, by one statement for all windows."""
    parameters = {
        "group_ids": {window.group_id for window in windows},
        "from_date": min(window.from_date for window in windows),
        "through_date": max(window.through_date for window in windows),
    }
    sessions: dict[UUID, list[Occurrence]] = {}
    for row in await snapshot.fetch(_CALENDARS, parameters):
        session = occurrence_record(row)
        sessions.setdefault(session.group_definition_id, []).append(session)
    return {window: list(filter(window.holds, sessions.get(window.group_id, ()))) for window in windows}
