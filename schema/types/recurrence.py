"""How often a group meets, as clients see it."""

from datetime import date, time
from typing import Annotated

import strawberry

from domain.plan import MAX_SESSIONS
from domain.recurrence import Recurrence as RecurrenceRecord
from domain.recurrence_summary import summarize
from domain.refusal import Fault
from resolvers.queries import recurrences
from schema.admission.cost_directives import CostWeight, ListSize
from schema.permissions import Info
from schema.relations import Computed
from schema.types.user_errors import USER_ERRORS, UserError


@strawberry.type(description="How often a group meets: a rule, anchored at a local date and time.")
class Recurrence:
    rule: str = strawberry.field(
        description="The RFC 5545 RRULE value in its canonical form, for example FREQ=WEEKLY;BYDAY=MO,WE,FR."
    )
    start_date: date = strawberry.field(description="The date that the rule counts from.")
    start_time: time = strawberry.field(description="Local wall-clock time at which each session starts.")
    excluded_dates: list[date] = strawberry.field(
        description="Dates on which the group does not meet. Those that are not of the rule have no effect.",
        directives=[ListSize(assumed_size=200)],
    )

    @strawberry.field(
        description='The rule in words, for example "Weekly on Monday, Wednesday and Friday at 9:00 AM".',
        directives=[CostWeight(weight="5")],
    )
    @staticmethod
    def summary(parent: strawberry.Parent[RecurrenceRecord]) -> str:
        return summarize(parent)

    @strawberry.field(
        description="The next dates of the rule, within ten years of the first date.",
        directives=[CostWeight(weight="20")],
        extensions=[Computed(recurrences.next_dates)],
    )
    @staticmethod
    async def dates(
        parent: strawberry.Parent[RecurrenceRecord],
        info: Info,
        from_: Annotated[
            date | None,
            strawberry.argument(name="from", description="The first date; by default the rule's start date."),
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="The maximum number of dates, 1 to 1,000.")] = 10,
    ) -> list[date]:
        [dates] = await recurrences.next_dates((parent,), info.context, from_, first)
        return dates


@strawberry.type(description="The dates of a recurrence that is not stored.")
class RecurrencePreview:
    dates: list[date] = strawberry.field(description="The dates on which the group would meet.")
    closed_dates: list[date] = strawberry.field(
        description="The dates of the rule among these on which a closure keeps the group from meeting.",
        directives=[ListSize(assumed_size=MAX_SESSIONS)],
    )
    summary: str | None = strawberry.field(description="The rule in words; null if it is invalid.")
    user_errors: tuple[Fault, ...] = strawberry.field(
        graphql_type=list[UserError],
        description="The errors of the recurrence; empty if it is valid.",
        directives=[USER_ERRORS],
    )
