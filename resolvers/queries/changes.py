"""The changes that a subscriber receives, from the feed of the server process or from the database."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from db.outbox.changes import PAGE, RecordedChange, find_change, find_last_change, read_changes
from db.outbox.events import EventPosition
from resolvers import arguments
from resolvers.caller import PermissionKey
from resolvers.context import Context
from resolvers.errors import BadInput, PermissionDenied, StreamInterrupted
from resolvers.ids import parse_id

EVENT_KEYS: Final[Mapping[str, PermissionKey]] = MappingProxyType(
    {
        "pm_group_session_scheduled": PermissionKey.GROUP_SCHEDULE_VIEW,
        "pm_group_session_rescheduled": PermissionKey.GROUP_SCHEDULE_VIEW,
        "pm_group_session_updated": PermissionKey.GROUP_SCHEDULE_VIEW,
        "pm_group_session_cancelled": PermissionKey.GROUP_SCHEDULE_VIEW,
        "pm_group_session_reopened": PermissionKey.GROUP_SCHEDULE_VIEW,
        "pm_group_patient_enrolled": PermissionKey.GROUP_ENROLLMENTS_VIEW,
        "pm_group_patient_waitlisted": PermissionKey.GROUP_ENROLLMENTS_VIEW,
        "pm_group_patient_promoted": PermissionKey.GROUP_ENROLLMENTS_VIEW,
        "pm_group_patient_disenrolled": PermissionKey.GROUP_ENROLLMENTS_VIEW,
        "pm_group_enrollment_updated": PermissionKey.GROUP_ENROLLMENTS_VIEW,
    }
)
"""The permission that a caller needs to receive each event. Nobody receives an event that is not here."""


async def follow_changes(
    context: Context, after: str | None, group_definition_ids: Sequence[str] | None, *, discloses_patients: bool
) -> AsyncGenerator[RecordedChange, None]:
    """Return the changes of the organization that the caller may view, in order, without an end.

    Every change that is committed after this function has returned is among them.

    Args:
        context: The request. It lasts as long as the changes are read.
        after: The id of the last change that the client has; None starts with the next change.
        group_definition_ids: Only changes of these groups; None means all groups.
        discloses_patients: Whether the client reads the ids of patients. The access log then has them, before the
            client has.

    Raises:
        PermissionDenied: The caller may view no kind of change.
        BadInput: An argument is invalid, or `after` is unknown or of another organization.
        DBAPIError: The database is unavailable. The changes raise it too.
    """
    names = frozenset(name for name, key in EVENT_KEYS.items() if context.has(key))
    if not names:
        raise PermissionDenied(PermissionKey.GROUP_SCHEDULE_VIEW)
    group_ids = _group_ids(group_definition_ids)
    generation = context.clinic.change_feed.generation
    position = await _start(context, after)
    return _changes(context, generation, position, names, group_ids, discloses_patients=discloses_patients)


async def _changes(
    context: Context,
    generation: int,
    position: EventPosition,
    names: frozenset[str],
    group_ids: frozenset[UUID] | None,
    *,
    discloses_patients: bool,
) -> AsyncGenerator[RecordedChange, None]:
    feed, organization_id = context.clinic.change_feed, context.caller.organization_id
    async with feed.subscription(context.clinic.engine):
        while True:
            if feed.generation != generation:
                raise StreamInterrupted
            page = feed.changes_after(position, organization_id)
            if page is None:
                # Every change up to the floor was readable before, so a page that is not full reaches it.
                floor = feed.floor
                async with context.snapshot as snapshot:
                    page = await read_changes(snapshot, position)
                await context.close()
                position = page[-1].position if len(page) == PAGE else max(floor, position, _last_of(page, position))
            elif page:
                position = page[-1].position
            else:
                await feed.wait(organization_id)
                continue
            page = [
                change
                for change in page
                if change.event in names and (group_ids is None or change.group_definition_id in group_ids)
            ]
            if discloses_patients:
                context.disclosures.add(change.patient_id for change in page if change.patient_id is not None)
                await context.record_disclosures()
                context.disclosures.clear()
            for change in page:
                yield change


def _last_of(page: Sequence[RecordedChange], position: EventPosition) -> EventPosition:
    return page[-1].position if page else position


def _group_ids(texts: Sequence[str] | None) -> frozenset[UUID] | None:
    if texts is None:
        return None
    if len(texts) > arguments.MAX_IDS:
        raise BadInput(f"`groupDefinitionIds` may have at most {arguments.MAX_IDS} ids.", "groupDefinitionIds")
    return frozenset(arguments.uuid(text, "groupDefinitionIds") for text in texts)


async def _start(context: Context, after: str | None) -> EventPosition:
    event_id = None if after is None else parse_id(after)
    position = None
    if after is None or event_id is not None:
        async with context.snapshot as snapshot:
            position = await (find_last_change(snapshot) if event_id is None else find_change(snapshot, event_id))
        await context.close()
    if position is None:
        message = "`after` must be the id of a change that this organization's `changes` returned. Leave it out to"
        raise BadInput(f"{message} start with the next change.", "after")
    return position
