"""Creating, rotating and deleting calendar feeds. A person changes their own; those of others need a key."""

from dataclasses import dataclass, replace
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from db.stores.calendar_feeds import add_feed, count_feeds, group_exists, lock_feed, remove_feed, replace_digest
from db.stores.references import find_references
from db.transactions.unit_of_work import UnitOfWork
from domain.records import CalendarFeed
from domain.references import References
from domain.refusal import Fault, FaultCode, Refusal, refuse_if_any
from resolvers.caller import PermissionKey
from resolvers.commands.transaction import transaction
from resolvers.context import Context
from resolvers.errors import PermissionDenied
from resolvers.ids import not_found, parse_id
from resolvers.secret_tokens import SecretToken

TOKEN_PREFIX: Final = "gsc_"  # noqa: S105 - not a secret
MAX_FEEDS: Final = 100
"""How many feeds an owner may have."""


@dataclass(frozen=True, slots=True)
class FeedSubject:
    """The subject of a new feed, as the client names it: exactly one of the three."""

    facilitator_id: str | None
    location_id: str | None
    group_definition_id: str | None


@dataclass(frozen=True, slots=True)
class IssuedFeed:
    """A feed with a new token.

    Attributes:
        feed: The feed.
        token: The token. It is never stored, so a repeat of the request does not return it.
    """

    feed: CalendarFeed
    token: Annotated[str | None, Field(exclude=True)] = None


async def create_calendar_feed(context: Context, subject: FeedSubject) -> IssuedFeed:
    """Create a feed of the caller. Raise Refusal with every fault of its subject."""
    return await _create(context, subject, context.caller.subject)


async def rotate_calendar_feed(context: Context, feed_id: str) -> IssuedFeed:
    """Give a feed a new token, so that the old address ends. Raise Refusal with NOT_FOUND, or PermissionDenied."""
    return await _rotate(context, feed_id, _owner(context))


async def delete_calendar_feed(context: Context, feed_id: str) -> UUID:
    """Delete a feed, and return its id. Raise Refusal with NOT_FOUND, or PermissionDenied."""
    return await _delete(context, feed_id, _owner(context))


def _owner(context: Context) -> str | None:
    """Return whose feeds the caller may change; None for everyone's."""
    return None if context.has(PermissionKey.GROUP_SCHEDULE_EDIT) else context.caller.subject


@transaction
async def _create(work: UnitOfWork, subject: FeedSubject, owner_id: str) -> IssuedFeed:
    if [subject.facilitator_id, subject.location_id, subject.group_definition_id].count(None) != 2:
        message = "Name exactly one of facilitatorId, locationId and groupDefinitionId."
        raise Refusal(Fault(FaultCode.INVALID, message, ("input",)))
    group_id = None if subject.group_definition_id is None else parse_id(subject.group_definition_id)
    references = await find_references(work, (subject.facilitator_id,), subject.location_id)
    is_known = group_id is not None and await group_exists(work, group_id)
    refuse_if_any(_unknown(subject, references, is_group_known=is_known))
    if await count_feeds(work, owner_id) >= MAX_FEEDS:
        message = f"You have {MAX_FEEDS} calendar feeds, which is the most. Delete one first."
        raise Refusal(Fault(FaultCode.OUT_OF_RANGE, message, ("input",)))
    token = SecretToken.new(TOKEN_PREFIX, work.organization_id)
    feed = CalendarFeed(
        work.new_id(), owner_id, subject.facilitator_id, subject.location_id, group_id, work.now, work.now
    )
    await add_feed(work, feed, token.digest)
    return IssuedFeed(feed, token.text)


def _unknown(subject: FeedSubject, references: References, *, is_group_known: bool) -> list[Fault]:
    faults = []
    if subject.facilitator_id is not None and subject.facilitator_id not in references.staff_ids:
        faults.append(Fault(FaultCode.NOT_FOUND, "No staff member has this id.", ("input", "facilitatorId")))
    if subject.location_id is not None and subject.location_id not in references.locations:
        faults.append(Fault(FaultCode.NOT_FOUND, "No location has this id.", ("input", "locationId")))
    if subject.group_definition_id is not None and not is_group_known:
        faults.append(Fault(FaultCode.NOT_FOUND, "No group has this id.", ("input", "groupDefinitionId")))
    return faults


@transaction
async def _rotate(work: UnitOfWork, feed_id: str, owner_id: str | None) -> IssuedFeed:
    feed = replace(await _lock(work, feed_id, owner_id), rotated_at=work.now)
    token = SecretToken.new(TOKEN_PREFIX, work.organization_id)
    await replace_digest(work, feed, token.digest)
    return IssuedFeed(feed, token.text)


@transaction
async def _delete(work: UnitOfWork, feed_id: str, owner_id: str | None) -> UUID:
    feed = await _lock(work, feed_id, owner_id)
    await remove_feed(work, feed.id)
    return feed.id


async def _lock(work: UnitOfWork, feed_id: str, owner_id: str | None) -> CalendarFeed:
    parsed = parse_id(feed_id)
    feed = None if parsed is None else await lock_feed(work, parsed)
    if feed is None:
        raise not_found("calendar feed", "id")
    if owner_id not in (None, feed.owner_id):
        raise PermissionDenied(PermissionKey.GROUP_SCHEDULE_EDIT)
    return feed
