"""What a change of many sessions does to each session, as clients see it."""

from datetime import date, time

import strawberry

from domain import records
from domain.calendar_changes import KeepReason, OccurrenceAction
from schema.types.occurrences import Occurrence


@strawberry.type(description="What a change of many sessions does to one session.")
class OccurrenceChange:
    action: OccurrenceAction = strawberry.field(description="What happens to the session.")
    keep_reason: KeepReason | None = strawberry.field(
        description="Why the session is kept. Null for every other action."
    )
    occurrence: records.Occurrence | None = strawberry.field(
        graphql_type=Occurrence | None,
        description="The session after the change. Null if a dry run would create it.",
    )
    session_date: date = strawberry.field(description="The session's local date after the change.")
    start_time: time = strawberry.field(description="The local wall-clock time at which it then starts.")
    end_time: time = strawberry.field(description="The local wall-clock time at which it then ends.")
