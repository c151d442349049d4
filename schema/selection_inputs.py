"""The inputs of changes of many sessions."""

from datetime import date, time

import strawberry
from strawberry import UNSET

from domain.selected_sessions import SelectedEdit
from domain.session_selection import SessionSelection, Weekday
from resolvers.ids import LOCATION_IDS, STAFF_IDS
from schema.inputs import CO_FACILITATOR, DRY_RUN, FACILITATOR, ID, LOCATION, REASON, sent_fields, sent_staff_and_place


@strawberry.input(
    description="Which sessions to change, at most 1,000: either by their ids, or by days and at least one of group,"
    " facilitator and location. A selection by days keeps sessions that are completed, cancelled or have begun."
)
class OccurrenceSelection:
    ids: list[ID] | None = strawberry.field(default=None, description="The sessions. Without any other field.")
    from_: date | None = strawberry.field(default=None, name="from", description="The first local date, included.")
    through: date | None = strawberry.field(
        default=None, description="The last local date, included, at most 24 months after the first."
    )
    group_definition_id: ID | None = strawberry.field(default=None, description="Only sessions of this group.")
    facilitator_id: ID | None = strawberry.field(
        default=None, description="Only sessions that this member of staff leads or co-leads."
    )
    location_id: ID | None = strawberry.field(
        default=None,
        description="Only sessions at this location. A location without a room is a site, and stands for all of its"
        " rooms.",
    )
    weekdays: list[Weekday] | None = strawberry.field(
        default=None, description="Only sessions on these days of the week; by default on all days."
    )

    def selection(self) -> SessionSelection:
        """Return the input as the domain's selection."""
        return SessionSelection(
            ids=None if self.ids is None else tuple(map(str, self.ids)),
            from_date=self.from_,
            through_date=self.through,
            group_id=self.group_definition_id,
            facilitator_id=None if self.facilitator_id is None else STAFF_IDS.registry_id(self.facilitator_id),
            location_id=None if self.location_id is None else LOCATION_IDS.registry_id(self.location_id),
            weekdays=None if self.weekdays is None else frozenset(self.weekdays),
        )


@strawberry.input(
    description="Changes to selected sessions, to all of them or none. If only the start changes, each session keeps"
    " its length."
)
class UpdateOccurrencesInput:
    selection: OccurrenceSelection = strawberry.field(description="The sessions.")
    start_time: time | None = strawberry.field(default=UNSET, description="Local wall-clock time, whole minutes.")
    end_time: time | None = strawberry.field(
        default=UNSET, description="Local wall-clock time; null for the group's duration after the start."
    )
    shift_days: int | None = strawberry.field(
        default=None, description="By how many days to move the sessions, -366 to 366. Their recurrenceDate stays."
    )
    facilitator_id: ID | None = strawberry.field(
        default=UNSET,
        description=FACILITATOR + " If the sessions are selected by facilitator, the new one takes that one's place:"
        " as co-facilitator in sessions that the selected facilitator co-leads.",
    )
    co_facilitator_id: ID | None = strawberry.field(default=UNSET, description=CO_FACILITATOR)
    location_id: ID | None = strawberry.field(default=UNSET, description=LOCATION)
    time_zone: str | None = strawberry.field(
        default=UNSET, description="IANA time zone of the dates and the times. Changing it moves the instants."
    )
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)

    def edit(self) -> SelectedEdit:
        """Return the fields that the client sent as the domain's edit."""
        edits = {**sent_fields(self, "start_time", "end_time", "time_zone"), **sent_staff_and_place(self)}
        return SelectedEdit(edits, self.shift_days or 0)


@strawberry.input(description="Sessions to cancel, all of them or none.")
class CancelOccurrencesInput:
    selection: OccurrenceSelection = strawberry.field(description="The sessions.")
    reason: str = strawberry.field(description=REASON)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)
