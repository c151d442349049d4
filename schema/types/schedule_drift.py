"""How a group's calendar differs from its definition, as clients see it."""

import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import records
from domain.drift import DriftReason
from domain.plan import MAX_SESSIONS
from resolvers.caller import PermissionKey
from schema.admission.cost_directives import ListSize
from schema.permissions import requires

if TYPE_CHECKING:
    from schema.types.occurrences import Occurrence


@strawberry.type(description="A session that differs from its group's definition, or a day on which one is missing.")
class ScheduleDriftItem:
    date: datetime.date = strawberry.field(description="The day of the session, or the day without one.")
    reasons: list[DriftReason] = strawberry.field(
        description="How the session differs.", directives=[ListSize(assumed_size=5)]
    )
    occurrence: records.Occurrence | None = strawberry.field(
        graphql_type=Annotated["Occurrence", strawberry.lazy("schema.types.occurrences")] | None,
        extensions=[requires(PermissionKey.GROUP_SCHEDULE_VIEW)],
        description="The session; null if it is missing.",
    )


@strawberry.type(description="How a group's calendar differs from its definition.")
class ScheduleDrift:
    count: int = strawberry.field(description="The number of differences.")
    items: list[ScheduleDriftItem] = strawberry.field(
        description="The differences, by date.", directives=[ListSize(assumed_size=MAX_SESSIONS)]
    )
