"""Lists of calendar feeds, and what a calendar program reads from one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.sql.expression import ColumnElement

from db.queries.pages import ListFilter
from db.sql.listings import Conditions, Listing
from db.sql.rows import CALENDAR_FEEDS as LAYOUT
from db.sql.statement import Statement, equals, of_organization
from db.tables import calendar_feeds, group_definitions, locations, occurrences
from db.transactions.snapshots import Snapshot
from domain.records import CalendarFeed, OccurrenceStatus

MAX_SESSIONS: Final = 10_000
"""How many sessions a feed has at most: the first ones."""
_columns, _sessions = calendar_feeds.c, occurrences.c


@dataclass(frozen=True, slots=True)
class FeedSession:
    """What a feed says about a session. It has no patient, and no reason for a cancellation, which may name one.

    Attributes:
        id: The id of the session.
        group_name: The name of its group.
        site: The name of its site; None if it has no location.
        room: The name of its room; None for a site.
        starts_at: When it starts.
        ends_at: When it ends.
        time_zone: The zone of its times.
        status: Its status.
        version: Its version, which grows with every change.
        updated_at: When it last changed.
    """

    id: UUID
    group_name: str
    site: str | None
    room: str | None
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    status: str
    version: int
    updated_at: datetime

    @property
    def is_cancelled(self) -> bool:
        """Whether the session is cancelled."""
        return self.status == OccurrenceStatus.CANCELLED


@dataclass(frozen=True, slots=True)
class CalendarFeedFilter(ListFilter):
    """Narrows the list of feeds.

    Attributes:
        owner_id: Only the feeds of this owner; None for all.
    """

    owner_id: str | None

    def conditions(self) -> Conditions:
        """Return the conditions that the filter applies."""
        return {} if self.owner_id is None else {"owner_id": self.owner_id}


CALENDAR_FEEDS: Listing[CalendarFeed] = Listing(
    "calendar feeds",
    calendar_feeds,
    LAYOUT,
    (_columns.id,),
    (UUID,),
    ("id",),
    None,
    {"owner_id": _columns.owner_id == bindparam("owner_id", type_=_columns.owner_id.type)},
)
"""Feeds in the order in which they were created."""

_FIND: Final = Statement(select(*LAYOUT.selected).where(of_organization(calendar_feeds), equals(_columns.digest)))


async def find_feed(snapshot: Snapshot, digest: bytes) -> CalendarFeed | None:
    """Return the organization's feed whose token has this digest. Raise DBAPIError."""
    rows = await snapshot.fetch(_FIND, {"digest": digest})
    return LAYOUT.make_record(rows[0]) if rows else None


async def sessions_of_feed(
    snapshot: Snapshot, feed: CalendarFeed, from_date: date, through_date: date
) -> Sequence[FeedSession]:
    """Return the sessions of a feed from the first through the last day, cancelled ones too, by date and time.

    At most `MAX_SESSIONS`. Raise DBAPIError.
    """
    [name] = [name for name in _OF_SUBJECT if getattr(feed, name) is not None]
    parameters = {"subject": getattr(feed, name), "from_date": from_date, "through_date": through_date}
    return [FeedSession(*row) for row in await snapshot.fetch(_OF_SUBJECT[name], parameters)]


def _select(subject: ColumnElement[bool]) -> Statement:
    first, last = (bindparam(name, type_=_sessions.session_date.type) for name in ("from_date", "through_date"))
    same_organization = _sessions.organization_id == group_definitions.c.organization_id
    group = and_(same_organization, _sessions.group_definition_id == group_definitions.c.id)
    place = and_(_sessions.organization_id == locations.c.organization_id, _sessions.location_id == locations.c.id)
    columns = (
        *(_sessions.id, group_definitions.c.name, locations.c.site, locations.c.room),
        *(_sessions.starts_at, _sessions.ends_at, _sessions.time_zone),
        *(_sessions.status, _sessions.version, _sessions.updated_at),
    )
    return Statement(
        select(*columns)
        .select_from(occurrences.join(group_definitions, group).outerjoin(locations, place))
        .where(of_organization(occurrences), _sessions.session_date.between(first, last), subject)
        .order_by(_sessions.session_date, _sessions.start_time, _sessions.id)
        .limit(MAX_SESSIONS)
    )


def _equal(column: ColumnElement[object]) -> ColumnElement[bool]:
    return column == bindparam("subject", type_=column.type)


_named: Final = locations.alias("named")
_other: Final = locations.alias("other").c
# A site, which is a location without a room, has the sessions in all of its rooms.
_AT_LOCATION: Final = _sessions.location_id.in_(
    select(_other.id).where(
        of_organization(_named),
        _equal(_named.c.id),
        _other.organization_id == _named.c.organization_id,
        or_(_other.id == _named.c.id, and_(_named.c.room.is_(None), _other.site == _named.c.site)),
    )
)
_OF_SUBJECT: Final = {
    "facilitator_id": _select(or_(_equal(_sessions.facilitator_id), _equal(_sessions.co_facilitator_id))),
    "location_id": _select(_AT_LOCATION),
    "group_definition_id": _select(_equal(_sessions.group_definition_id)),
}
