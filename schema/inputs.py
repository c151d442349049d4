"""What mutations take. In an update a field left out stays as it is; null clears it where it is optional."""

from datetime import date, time

import strawberry
from strawberry import UNSET

from domain.groups import GroupDraft, RecurrenceDraft
from domain.records import GroupType

ID = strawberry.ID

_VERSION = "The version you last saw. Where the record has moved on since, VERSION_CONFLICT, and nothing changes."
_NAME = "The group's name, 1 to 200 characters after trimming."
_MAX = "How many seats the group has, 1 to 500."
_MIN = "How many patients the group needs to run well, 1 to the maximum."
_MINUTES = "How long a session lasts, in minutes, 5 to 720."
_ZONE = "IANA time zone of the group's wall-clock times. By default the location's, else the clinic's."
_FACILITATOR = "Id of the member of staff who leads."
_CO_FACILITATOR = "Id of another member of staff who leads too."
_LOCATION = "Id of the place."
_RECURRENCE = "How often the group meets."


@strawberry.input(
    description="How often a group meets: an RFC 5545 recurrence rule, anchored at a local date and time."
)
class RecurrenceInput:
    rule: str = strawberry.field(
        description="RFC 5545 RRULE, with or without the RRULE: prefix, e.g. FREQ=WEEKLY;BYDAY=MO,WE,FR."
        " FREQ is DAILY, WEEKLY, MONTHLY or YEARLY; UNTIL is a date, and the last day."
    )
    start_date: date = strawberry.field(description="The first day the rule counts from.")
    start_time: time = strawberry.field(description="Local wall-clock time at which each session starts.")
    excluded_dates: list[date] | None = strawberry.field(
        default=None, description="Days on which the group does not meet though the rule says so (EXDATE)."
    )

    def draft(self) -> RecurrenceDraft:
        """Return it to the domain."""
        return RecurrenceDraft(self.rule, self.start_date, self.start_time, tuple(self.excluded_dates or ()))


@strawberry.input(description="A new group.")
class CreateGroupDefinitionInput:
    name: str = strawberry.field(description=_NAME)
    group_type: GroupType = strawberry.field(description="The kind of group.")
    facilitator_id: ID = strawberry.field(description=_FACILITATOR)
    max_capacity: int = strawberry.field(description=_MAX)
    duration_minutes: int = strawberry.field(description=_MINUTES)
    co_facilitator_id: ID | None = strawberry.field(default=None, description=_CO_FACILITATOR)
    location_id: ID | None = strawberry.field(default=None, description=_LOCATION)
    min_capacity: int | None = strawberry.field(default=None, description=_MIN)
    time_zone: str | None = strawberry.field(default=None, description=_ZONE)
    recurrence: RecurrenceInput | None = strawberry.field(default=None, description=_RECURRENCE)

    def draft(self) -> GroupDraft:
        """Return it to the domain."""
        return GroupDraft(
            name=self.name,
            group_type=self.group_type,
            facilitator_id=self.facilitator_id,
            max_capacity=self.max_capacity,
            duration_minutes=self.duration_minutes,
            co_facilitator_id=self.co_facilitator_id,
            location_id=self.location_id,
            min_capacity=self.min_capacity,
            time_zone=self.time_zone,
            recurrence=self.recurrence.draft() if self.recurrence else None,
        )


@strawberry.input(description="Changes to a group. Enrollments stay, but a higher capacity seats those who wait.")
class UpdateGroupDefinitionInput:
    id: ID = strawberry.field(description="The group.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)
    name: str | None = strawberry.field(default=UNSET, description=_NAME)
    group_type: GroupType | None = strawberry.field(default=UNSET, description="The kind of group.")
    facilitator_id: ID | None = strawberry.field(default=UNSET, description=_FACILITATOR)
    max_capacity: int | None = strawberry.field(default=UNSET, description=_MAX + " Lowering it disenrolls nobody.")
    duration_minutes: int | None = strawberry.field(default=UNSET, description=_MINUTES)
    co_facilitator_id: ID | None = strawberry.field(default=UNSET, description=_CO_FACILITATOR)
    location_id: ID | None = strawberry.field(default=UNSET, description=_LOCATION)
    min_capacity: int | None = strawberry.field(default=UNSET, description=_MIN)
    time_zone: str | None = strawberry.field(default=UNSET, description=_ZONE)
    recurrence: RecurrenceInput | None = strawberry.field(default=UNSET, description=_RECURRENCE)

    def edits(self) -> dict[str, object]:
        """Return the domain what was given."""
        edits = given(
            self,
            "name",
            "group_type",
            "facilitator_id",
            "max_capacity",
            "duration_minutes",
            "co_facilitator_id",
            "location_id",
            "min_capacity",
            "time_zone",
            "recurrence",
        )
        if isinstance(edits.get("recurrence"), RecurrenceInput):
            edits["recurrence"] = self.recurrence.draft() if self.recurrence else None
        return edits


@strawberry.input(description="A group to delete. Its record, sessions and enrollments stay, for the clinical record.")
class DeleteGroupDefinitionInput:
    id: ID = strawberry.field(description="The group.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="One session of a group.")
class CreateOccurrenceInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    session_date: date = strawberry.field(description="Local date.")
    start_time: time = strawberry.field(description="Local wall-clock time in the group's zone, whole minutes.")
    end_time: time | None = strawberry.field(
        default=None,
        description="Local wall-clock time, the same day. By default the group's duration after the start.",
    )
    facilitator_id: ID | None = strawberry.field(default=UNSET, description=_FACILITATOR + " By default the group's.")
    co_facilitator_id: ID | None = strawberry.field(
        default=UNSET, description=_CO_FACILITATOR + " By default the group's; null for none."
    )
    location_id: ID | None = strawberry.field(
        default=UNSET, description=_LOCATION + " By default the group's; null for none."
    )


@strawberry.input(description="A stretch of the calendar to fill from a group's recurrence.")
class GenerateOccurrencesInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    from_: date = strawberry.field(name="from", description="First day, included.")
    through: date = strawberry.field(description="Last day, included, at most 24 months after the first.")


@strawberry.input(description="Changes to a session. One that starts at another time keeps its length.")
class UpdateOccurrenceInput:
    id: ID = strawberry.field(description="The session.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)
    session_date: date | None = strawberry.field(default=UNSET, description="Local date.")
    start_time: time | None = strawberry.field(default=UNSET, description="Local wall-clock time, whole minutes.")
    end_time: time | None = strawberry.field(
        default=UNSET, description="Local wall-clock time; null for the group's duration after the start."
    )
    facilitator_id: ID | None = strawberry.field(default=UNSET, description=_FACILITATOR)
    co_facilitator_id: ID | None = strawberry.field(default=UNSET, description=_CO_FACILITATOR)
    location_id: ID | None = strawberry.field(default=UNSET, description=_LOCATION)

    def edits(self) -> dict[str, object]:
        """Return the domain what was given."""
        return given(
            self, "session_date", "start_time", "end_time", "facilitator_id", "co_facilitator_id", "location_id"
        )


@strawberry.input(description="A session to cancel, once.")
class CancelOccurrenceInput:
    id: ID = strawberry.field(description="The session.")
    reason: str = strawberry.field(description="Why, 1 to 1,000 characters. Name no patient.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="A patient to seat in a group, or to put on its waitlist where it is full.")
class EnrollPatientInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    patient_id: ID = strawberry.field(description="The patient.")


@strawberry.input(description="An enrollment to end. The record stays, and the first in the waitlist is seated.")
class DisenrollPatientInput:
    enrollment_id: ID = strawberry.field(description="The enrollment, seated or waiting.")
    reason: str | None = strawberry.field(default=None, description="Why, up to 1,000 characters.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="A waiting patient to seat out of turn.")
class PromoteEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The enrollment that waits.")
    allow_over_capacity: bool | None = strawberry.field(
        default=False, description="Seat the patient though the group is full: it will be over its capacity."
    )


@strawberry.input(description="A waiting patient to put at another place in the queue.")
class MoveWaitlistedEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The enrollment that waits.")
    position: int = strawberry.field(description="The new position, 1 to the number waiting.")


@strawberry.input(description="An enrollment made in error: it leaves every list, and its seat is given on.")
class RemoveEnrollmentInput:
    enrollment_id: ID = strawberry.field(description="The enrollment.")


def given(input_: object, *names: str) -> dict[str, object]:
    """Return those of an input's fields that the client sent, null among them."""
    return {name: value for name in names if (value := getattr(input_, name)) is not UNSET}
