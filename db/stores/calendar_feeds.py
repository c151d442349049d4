"""Storing calendar feeds, by the digests of their tokens."""

from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update

from db.sql.rows import CALENDAR_FEEDS as LAYOUT
from db.sql.statement import Statement, equals, of_organization
from db.tables import calendar_feeds, group_definitions
from db.transactions.unit_of_work import UnitOfWork
from domain.records import CalendarFeed

_columns = calendar_feeds.c
_ONE: Final = of_organization(calendar_feeds) & equals(_columns.id)
_SUBJECTS: Final = ("facilitator_id", "location_id", "group_definition_id")
_INSERT: Final = Statement(
    insert(calendar_feeds), ["id", "organization_id", "owner_id", *_SUBJECTS, "digest", "created_at", "rotated_at"]
)
_UPDATE: Final = Statement(update(calendar_feeds).where(_ONE), ["digest", "rotated_at"])
_DELETE: Final = Statement(delete(calendar_feeds).where(_ONE))
_LOCK: Final = Statement(select(*LAYOUT.selected).where(_ONE).with_for_update())
_COUNT: Final = Statement(
    select(func.count()).select_from(calendar_feeds).where(of_organization(calendar_feeds), equals(_columns.owner_id))
)
_GROUP: Final = Statement(
    select(group_definitions.c.id).where(of_organization(group_definitions), equals(group_definitions.c.id))
)


async def group_exists(work: UnitOfWork, group_id: UUID) -> bool:
    """Return whether the organization has this group, deleted or not."""
    return bool(await work.fetch(_GROUP, {"id": group_id}))


async def count_feeds(work: UnitOfWork, owner_id: str) -> int:
    """Return the number of an owner's feeds."""
    [[count]] = await work.fetch(_COUNT, {"owner_id": owner_id})
    return int(count)


async def lock_feed(work: UnitOfWork, feed_id: UUID) -> CalendarFeed | None:
    """Return the feed, and keep it from changing until the transaction ends. None if it is unknown."""
    rows = await work.fetch_locked(_LOCK, {"id": feed_id})
    return LAYOUT.make_record(rows[0]) if rows else None


async def add_feed(work: UnitOfWork, feed: CalendarFeed, digest: bytes) -> None:
    """Store a new feed. Raise DBAPIError."""
    names = ("id", "owner_id", *_SUBJECTS, "created_at", "rotated_at")
    await work.store(_INSERT, [{**{name: getattr(feed, name) for name in names}, "digest": digest}])


async def replace_digest(work: UnitOfWork, feed: CalendarFeed, digest: bytes) -> None:
    """Store the digest of a feed's new token, and when it was made. Raise DBAPIError."""
    await work.store(_UPDATE, [{"id": feed.id, "digest": digest, "rotated_at": feed.rotated_at}])


async def remove_feed(work: UnitOfWork, feed_id: UUID) -> None:
    """Delete a feed. Raise DBAPIError."""
    await work.store(_DELETE, [{"id": feed_id}])
