"""The payloads of mutations: the record, or null and the errors that the person can correct."""

from datetime import date

import strawberry

from db.stores.closures import AFFECTED_LIMIT
from domain import calendar_changes, records, schedule_impact
from domain.calendar_changes import OccurrenceAction
from domain.plan import MAX_SESSIONS
from domain.refusal import Fault
from domain.session_selection import MAX_SELECTED
from schema.admission.cost_directives import ListSize
from schema.payload_fields import changed_enrollments_field, promoted_field, user_errors_field
from schema.types import Closure, GroupDefinition, Occurrence
from schema.types.calendar_changes import OccurrenceChange
from schema.types.impact import ScheduleImpact


def _group(description: str) -> records.GroupDefinition | None:
    return strawberry.field(default=None, graphql_type=GroupDefinition | None, description=description)


def _session(description: str) -> records.Occurrence | None:
    return strawberry.field(default=None, graphql_type=Occurrence | None, description=description)


def _impact() -> schedule_impact.ScheduleImpact | None:
    return strawberry.field(
        default=None,
        graphql_type=ScheduleImpact | None,
        description="What the change does to others; null if it was refused. It is measured only if selected.",
    )


def _closure(description: str) -> records.Closure | None:
    return strawberry.field(default=None, graphql_type=Closure | None, description=description)


def _affected() -> tuple[records.Occurrence, ...]:
    return strawberry.field(
        default=(),
        graphql_type=list[Occurrence],
        directives=[ListSize(assumed_size=AFFECTED_LIMIT)],
        description="The sessions that are still scheduled on these days at the closed locations, by date and time, up"
        f" to {AFFECTED_LIMIT:,}. They stay scheduled.",
    )


def _affected_count() -> int:
    return strawberry.field(default=0, description="The number of such sessions, also of those beyond the list's end.")


@strawberry.type(description="The payload of createGroupDefinition.")
class CreateGroupDefinitionPayload:
    group_definition: records.GroupDefinition | None = _group("The new group; null if it was refused.")
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of updateGroupDefinition.")
class UpdateGroupDefinitionPayload:
    group_definition: records.GroupDefinition | None = _group("The edited group; null if the edit was refused.")
    promoted: tuple[records.Enrollment, ...] = promoted_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of deleteGroupDefinition.")
class DeleteGroupDefinitionPayload:
    group_definition: records.GroupDefinition | None = _group("The deleted group; null if the deletion was refused.")
    cancelled_count: int = strawberry.field(default=0, description="The number of sessions that were cancelled.")
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of restoreGroupDefinition.")
class RestoreGroupDefinitionPayload:
    group_definition: records.GroupDefinition | None = _group("The restored group; null if restoring it was refused.")
    promoted: tuple[records.Enrollment, ...] = promoted_field()
    changed_enrollments: tuple[records.Enrollment, ...] = changed_enrollments_field()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of createOccurrence.")
class CreateOccurrencePayload:
    occurrence: records.Occurrence | None = _session("The new session; null if it was refused.")
    impact: schedule_impact.ScheduleImpact | None = _impact()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of generateOccurrences.")
class GenerateOccurrencesPayload:
    occurrences: tuple[records.Occurrence, ...] = strawberry.field(
        default=(),
        graphql_type=list[Occurrence],
        directives=[ListSize(assumed_size=MAX_SESSIONS)],
        description="The new sessions, in order.",
    )
    created_count: int = strawberry.field(default=0, description="The number of new sessions.")
    skipped_count: int = strawberry.field(
        default=0, description="The number of the rule's slots that have a session already, cancelled ones included."
    )
    closed_dates: tuple[date, ...] = strawberry.field(
        default=(),
        graphql_type=list[date],
        directives=[ListSize(assumed_size=MAX_SESSIONS)],
        description="The days of the rule that closures cost: they get no session. In order.",
    )
    impact: schedule_impact.ScheduleImpact | None = _impact()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of updateOccurrence.")
class UpdateOccurrencePayload:
    occurrence: records.Occurrence | None = _session("The edited session; null if the edit was refused.")
    impact: schedule_impact.ScheduleImpact | None = _impact()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of cancelOccurrence.")
class CancelOccurrencePayload:
    occurrence: records.Occurrence | None = _session("The cancelled session; null if the cancellation was refused.")
    impact: schedule_impact.ScheduleImpact | None = _impact()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of reopenOccurrence.")
class ReopenOccurrencePayload:
    occurrence: records.Occurrence | None = _session("The session, scheduled again; null if it was refused.")
    impact: schedule_impact.ScheduleImpact | None = _impact()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of a change of many sessions.")
class OccurrencesPayload:
    changes: tuple[calendar_changes.OccurrenceChange, ...] = strawberry.field(
        default=(),
        graphql_type=list[OccurrenceChange],
        directives=[ListSize(assumed_size=MAX_SELECTED)],
        description="What happens to every session that was looked at, by date and time. Empty if it was refused.",
    )
    created_count: int = strawberry.field(default=0, description="The number of new sessions.")
    updated_count: int = strawberry.field(default=0, description="The number of sessions that were moved or updated.")
    cancelled_count: int = strawberry.field(default=0, description="The number of sessions that were cancelled.")
    kept_count: int = strawberry.field(default=0, description="The number of sessions that stay as they are.")
    impact: schedule_impact.ScheduleImpact | None = _impact()
    user_errors: tuple[Fault, ...] = user_errors_field()

    @classmethod
    def of(cls, changes: calendar_changes.CalendarChanges) -> "OccurrencesPayload":
        """Return the payload of changes."""
        return cls(
            changes=changes.changes,
            created_count=changes.count(OccurrenceAction.CREATE),
            updated_count=changes.count(OccurrenceAction.MOVE, OccurrenceAction.UPDATE),
            cancelled_count=changes.count(OccurrenceAction.CANCEL),
            kept_count=changes.count(OccurrenceAction.KEEP),
        )


@strawberry.type(description="The payload of createClosure.")
class CreateClosurePayload:
    closure: records.Closure | None = _closure("The new closure; null if it was refused.")
    affected: tuple[records.Occurrence, ...] = _affected()
    affected_count: int = _affected_count()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of updateClosure.")
class UpdateClosurePayload:
    closure: records.Closure | None = _closure("The edited closure; null if the edit was refused.")
    affected: tuple[records.Occurrence, ...] = _affected()
    affected_count: int = _affected_count()
    user_errors: tuple[Fault, ...] = user_errors_field()


@strawberry.type(description="The payload of deleteClosure.")
class DeleteClosurePayload:
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the deleted closure; null if the deletion was refused."
    )
    user_errors: tuple[Fault, ...] = user_errors_field()
