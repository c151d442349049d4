"""The mutations of calendar feeds, with their inputs and payloads."""

from typing import Annotated

import strawberry

from domain import records
from domain.refusal import Fault
from resolvers.caller import PermissionKey
from resolvers.commands import calendar_feeds
from resolvers.commands.calendar_feeds import FeedSubject, IssuedFeed
from schema.inputs import ID, registry_ids
from schema.mutation_fields import described, mutation
from schema.payload_fields import user_errors_field
from schema.permissions import Info
from schema.types import CalendarFeed


@strawberry.input(description="A new calendar feed. Name exactly one subject.")
class CreateCalendarFeedInput:
    facilitator_id: ID | None = strawberry.field(
        default=None, description="The sessions that this staff member facilitates or co-facilitates."
    )
    location_id: ID | None = strawberry.field(
        default=None, description="The sessions at this location. A site, which has no room, includes its rooms."
    )
    group_definition_id: ID | None = strawberry.field(default=None, description="The sessions of this group.")

    def subject(self) -> FeedSubject:
        """Return the subject, with the registry's own ids."""
        ids = registry_ids({"facilitator_id": self.facilitator_id, "location_id": self.location_id})
        return FeedSubject(**ids, group_definition_id=self.group_definition_id)


@strawberry.input(description="A calendar feed that needs a new address.")
class RotateCalendarFeedInput:
    id: ID = strawberry.field(description="The feed.")


@strawberry.input(description="A calendar feed to delete. Its address ends.")
class DeleteCalendarFeedInput:
    id: ID = strawberry.field(description="The feed.")


def _feed() -> records.CalendarFeed | None:
    return strawberry.field(
        default=None, graphql_type=CalendarFeed | None, description="The feed; null if it was refused."
    )


def _path() -> str | None:
    return strawberry.field(
        default=None,
        description="The address, relative to that of the server, such as calendars/gsc_….ics. It is shown once: only"
        " its digest is stored, and a repeat of the request has null. Anyone who has it can read the feed.",
    )


@strawberry.type(description="The payload of createCalendarFeed.")
class CreateCalendarFeedPayload:
    calendar_feed: records.CalendarFeed | None = _feed()
    path: str | None = _path()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of rotateCalendarFeed.")
class RotateCalendarFeedPayload:
    calendar_feed: records.CalendarFeed | None = _feed()
    path: str | None = _path()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of deleteCalendarFeed.")
class DeleteCalendarFeedPayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted feed; null if the deletion was refused."
    )
    user_errors: tuple[Fault, ...] = user_errors_field()


def _issued_path(info: Info, issued: IssuedFeed) -> str | None:
    if issued.token is None:
        return None
    # The response is not stored for repeats of the request, because it has the token.
    info.context.has_secret = True
    return f"calendars/{issued.token}.ics"


@strawberry.type
class CalendarFeedMutations:
    @mutation(PermissionKey.GROUP_SCHEDULE_VIEW, "Creates a calendar feed of your own.")
    async def create_calendar_feed(
        self, info: Info, input: Annotated[CreateCalendarFeedInput, described("The new feed.")]
    ) -> CreateCalendarFeedPayload:
        issued = await calendar_feeds.create_calendar_feed(info.context, input.subject())
        return CreateCalendarFeedPayload(calendar_feed=issued.feed, path=_issued_path(info, issued))

    @mutation(
        PermissionKey.GROUP_SCHEDULE_VIEW,
        "Gives a calendar feed a new address. The old one ends. The feed of another person also needs"
        " pm.group_schedule.edit.",
    )
    async def rotate_calendar_feed(
        self, info: Info, input: Annotated[RotateCalendarFeedInput, described("The feed.")]
    ) -> RotateCalendarFeedPayload:
        issued = await calendar_feeds.rotate_calendar_feed(info.context, input.id)
        return RotateCalendarFeedPayload(calendar_feed=issued.feed, path=_issued_path(info, issued))

    @mutation(
        PermissionKey.GROUP_SCHEDULE_VIEW,
        "Deletes a calendar feed. The feed of another person also needs pm.group_schedule.edit.",
    )
    async def delete_calendar_feed(
        self, info: Info, input: Annotated[DeleteCalendarFeedInput, described("The feed.")]
    ) -> DeleteCalendarFeedPayload:
        deleted = await calendar_feeds.delete_calendar_feed(info.context, input.id)
        return DeleteCalendarFeedPayload(deleted_id=strawberry.ID(str(deleted)))
