"""The inputs of mutations. In an update, a missing field keeps its value; null clears one that is optional."""

from datetime import date, time

import strawberry
from strawberry import UNSET

from domain.groups import GroupDraft
from domain.records import GroupType
from domain.recurrence_input import RecurrenceDraft
from resolvers.ids import LOCATION_IDS, STAFF_IDS

ID = strawberry.ID

VERSION = (
    "The version you last read. If the record has changed since, VERSION_CONFLICT is returned and nothing changes."
)
_NAME = "The group's name, 1 to 200 characters after trimming."
_MAX = "The number of seats, 1 to 500."
_MIN = "The number of patients that the group needs to run well, 1 to the maximum."
_MINUTES = "The duration of a session in minutes, 5 to 720."
_ZONE = "IANA time zone of the group's wall-clock times. By default the location's, otherwise the clinic's."
FACILITATOR = "The id of the staff member who leads."
CO_FACILITATOR = "The id of a second staff member who leads."
LOCATION = "The id of the location."
REASON = "The reason, 1 to 1,000 characters. Do not name patients."
_RECURRENCE = "How often the group meets."
_COUNTS_TOWARD = (
    "The programs, IOP and PHP, toward which its sessions count. An IOP or PHP group always counts toward its own."
)
_RULE_SET = "The rule set of an IOP or PHP group, one of complianceRuleSets for its type."
_SESSION_ZONE = "IANA time zone of the date and the times. Changing it moves the instants."
DRY_RUN = "If true, nothing is stored. The payload shows what the change would do."
_STAFF_AND_PLACE = {"facilitator_id": STAFF_IDS, "co_facilitator_id": STAFF_IDS, "location_id": LOCATION_IDS}


@strawberry.input(
    description="How often a group meets: an RFC 5545 recurrence rule, anchored at a local date and time."
)
class RecurrenceInput:
    rule: str = strawberry.field(
        description="RFC 5545 RRULE, with or without the RRULE: prefix, for example FREQ=WEEKLY;BYDAY=MO,WE,FR."
        " FREQ is DAILY, WEEKLY, MONTHLY or YEARLY. UNTIL is the last day, or the last start, also in UTC. The lines"
        " DTSTART, RRULE and EXDATE of a calendar file are accepted if they agree with the start date and time."
    )
    start_date: date = strawberry.field(description="The day from which the rule counts.")
    start_time: time = strawberry.field(
        description="Local wall-clock time at which each session starts. It must end before midnight."
    )
    excluded_dates: list[date] | None = strawberry.field(
        default=UNSET,
        description="Days on which the group does not meet (EXDATE). In an update, a missing list keeps the group's"
        " excluded dates; null or an empty list clears them. Days of EXDATE lines are added. Days that are not of the"
        " rule have no effect.",
    )

    def draft(self) -> RecurrenceDraft:
        """Return the input as the domain's draft."""
        excluded = None if self.excluded_dates is UNSET else tuple(self.excluded_dates or ())
        return RecurrenceDraft(self.rule, self.start_date, self.start_time, excluded)


@strawberry.input(description="A new group.")
class CreateGroupDefinitionInput:
    name: str = strawberry.field(description=_NAME)
    group_type: GroupType = strawberry.field(description="The kind of group.")
    facilitator_id: ID = strawberry.field(description=FACILITATOR)
    max_capacity: int = strawberry.field(description=_MAX)
    duration_minutes: int = strawberry.field(description=_MINUTES)
    co_facilitator_id: ID | None = strawberry.field(default=None, description=CO_FACILITATOR)
    location_id: ID | None = strawberry.field(default=None, description=LOCATION)
    min_capacity: int | None = strawberry.field(default=None, description=_MIN)
    time_zone: str | None = strawberry.field(default=None, description=_ZONE)
    recurrence: RecurrenceInput | None = strawberry.field(default=None, description=_RECURRENCE)
    counts_toward: list[GroupType] | None = strawberry.field(default=None, description=_COUNTS_TOWARD)
    compliance_rule_set_id: ID | None = strawberry.field(
        default=None, description=_RULE_SET + " By default the default of its type."
    )

    def draft(self) -> GroupDraft:
        """Return the input as the domain's draft."""
        return GroupDraft(
            name=self.name,
            group_type=self.group_type,
            max_capacity=self.max_capacity,
            duration_minutes=self.duration_minutes,
            **sent_staff_and_place(self),
            min_capacity=self.min_capacity,
            time_zone=self.time_zone,
            recurrence=self.recurrence.draft() if self.recurrence else None,
            counts_toward=self.counts_toward,
            compliance_rule_set_id=self.compliance_rule_set_id,
        )


@strawberry.input(description="Changes to a group. Enrollments stay. A higher capacity seats waiting patients.")
class UpdateGroupDefinitionInput:
    id: ID = strawberry.field(description="The group.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    name: str | None = strawberry.field(default=UNSET, description=_NAME)
    group_type: GroupType | None = strawberry.field(default=UNSET, description="The kind of group.")
    facilitator_id: ID | None = strawberry.field(default=UNSET, description=FACILITATOR)
    max_capacity: int | None = strawberry.field(default=UNSET, description=_MAX + " Lowering it disenrolls nobody.")
    duration_minutes: int | None = strawberry.field(default=UNSET, description=_MINUTES)
    co_facilitator_id: ID | None = strawberry.field(default=UNSET, description=CO_FACILITATOR)
    location_id: ID | None = strawberry.field(default=UNSET, description=LOCATION)
    min_capacity: int | None = strawberry.field(default=UNSET, description=_MIN)
    time_zone: str | None = strawberry.field(default=UNSET, description=_ZONE)
    recurrence: RecurrenceInput | None = strawberry.field(default=UNSET, description=_RECURRENCE)
    counts_toward: list[GroupType] | None = strawberry.field(default=UNSET, description=_COUNTS_TOWARD)
    compliance_rule_set_id: ID | None = strawberry.field(
        default=UNSET,
        description=_RULE_SET + " Null for the default of its type. It becomes null if the type becomes another one.",
    )

    def edits(self) -> dict[str, object]:
        """Return the fields that the client sent, by the names of the domain's draft."""
        edits = sent_fields(
            self,
            "name",
            "group_type",
            "max_capacity",
            "duration_minutes",
            "min_capacity",
            "time_zone",
            "recurrence",
            "counts_toward",
            "compliance_rule_set_id",
        )
        if self.recurrence:
            edits["recurrence"] = self.recurrence.draft()
        return {**edits, **sent_staff_and_place(self)}


@strawberry.input(description="A group to delete. Its sessions and enrollments stay, for the clinical record.")
class DeleteGroupDefinitionInput:
    id: ID = strawberry.field(description="The group.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    cancel_sessions: bool | None = strawberry.field(
        default=False,
        description="Also cancel its scheduled sessions that have not begun. Needs pm.group_schedule.delete.",
    )
    cancellation_reason: str | None = strawberry.field(
        default=None,
        description="Why the sessions are cancelled, 1 to 1,000 characters. Do not name patients. Required if"
        " cancelSessions is true, otherwise ignored.",
    )


@strawberry.input(description="A deleted group to restore. Sessions that were cancelled stay cancelled.")
class RestoreGroupDefinitionInput:
    id: ID = strawberry.field(description="The group.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="One session of a group.")
class CreateOccurrenceInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    session_date: date = strawberry.field(description="Local date.")
    start_time: time = strawberry.field(description="Local wall-clock time in the group's time zone, whole minutes.")
    end_time: time | None = strawberry.field(
        default=None,
        description="Local wall-clock time on the same day. By default the group's duration after the start.",
    )
    facilitator_id: ID | None = strawberry.field(default=UNSET, description=FACILITATOR + " By default the group's.")
    co_facilitator_id: ID | None = strawberry.field(
        default=UNSET, description=CO_FACILITATOR + " By default the group's; null for none."
    )
    location_id: ID | None = strawberry.field(
        default=UNSET, description=LOCATION + " By default the group's; null for none."
    )
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)

    def staff_and_place(self) -> dict[str, str | None]:
        """Return the registry's ids of those of the facilitators and the location that the client sent."""
        return sent_staff_and_place(self)


@strawberry.input(description="A window of the calendar to fill with sessions of a group's recurrence.")
class GenerateOccurrencesInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    from_: date = strawberry.field(name="from", description="First day, included.")
    through: date = strawberry.field(description="Last day, included, at most 24 months after the first.")
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)


@strawberry.input(
    description="A window of the calendar in which a group's sessions become what its definition says: recurrence,"
    " start time, duration, time zone, facilitators, location and closures."
)
class ReconcileOccurrencesInput:
    group_definition_id: ID = strawberry.field(description="The group.")
    from_: date = strawberry.field(
        name="from", description="First day, included: today in the group's time zone, or later."
    )
    through: date = strawberry.field(description="Last day, included, at most 24 months after the first.")
    cancellation_reason: str | None = strawberry.field(
        default=None,
        description="Why sessions that are no longer planned are cancelled, up to 1,000 characters. Required if there"
        " are any. Do not name patients.",
    )
    include_edited: bool | None = strawberry.field(
        default=False,
        description="Whether sessions that were changed by hand return to the definition too. They are then no longer"
        " `edited`. Cancelled and completed sessions stay.",
    )
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)


@strawberry.input(description="Changes to a session. If only the start changes, the session keeps its length.")
class UpdateOccurrenceInput:
    id: ID = strawberry.field(description="The session.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    session_date: date | None = strawberry.field(default=UNSET, description="Local date.")
    start_time: time | None = strawberry.field(default=UNSET, description="Local wall-clock time, whole minutes.")
    end_time: time | None = strawberry.field(
        default=UNSET, description="Local wall-clock time; null for the group's duration after the start."
    )
    facilitator_id: ID | None = strawberry.field(default=UNSET, description=FACILITATOR)
    co_facilitator_id: ID | None = strawberry.field(default=UNSET, description=CO_FACILITATOR)
    location_id: ID | None = strawberry.field(default=UNSET, description=LOCATION)
    time_zone: str | None = strawberry.field(default=UNSET, description=_SESSION_ZONE)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)

    def edits(self) -> dict[str, object]:
        """Return the fields that the client sent, by the names of the domain's draft."""
        return {
            **sent_fields(self, "session_date", "start_time", "end_time", "time_zone"),
            **sent_staff_and_place(self),
        }


@strawberry.input(description="A session to cancel.")
class CancelOccurrenceInput:
    id: ID = strawberry.field(description="The session.")
    reason: str = strawberry.field(description=REASON)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)


@strawberry.input(description="A cancelled or completed session to schedule again.")
class ReopenOccurrenceInput:
    id: ID = strawberry.field(description="The session.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    dry_run: bool | None = strawberry.field(default=False, description=DRY_RUN)


def sent_fields(input_: object, *names: str) -> dict[str, object]:
    """Return those of an input's fields that the client sent, null included."""
    return {name: value for name in names if (value := getattr(input_, name)) is not UNSET}


def sent_staff_and_place(input_: object) -> dict[str, str | None]:
    """Return the registry's ids of those of the facilitators and the location that the client sent, null included."""
    return registry_ids(sent_fields(input_, *_STAFF_AND_PLACE))


def registry_ids(sent: dict[str, object]) -> dict[str, str | None]:
    """Return the registry's ids of facilitators and locations that the client sent, by the names of their fields."""
    return {name: None if id_ is None else _STAFF_AND_PLACE[name].registry_id(str(id_)) for name, id_ in sent.items()}
