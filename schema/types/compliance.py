"""A program's week, as clients see it."""

import datetime

import strawberry

from domain.compliance import ComplianceRequirementCode, ComplianceStatus
from domain.records import GroupType
from schema.admission.cost_directives import ListSize


@strawberry.type(description="One thing that a program's week is measured by.")
class ComplianceRequirement:
    code: ComplianceRequirementCode = strawberry.field(description="What is measured.")
    required: float = strawberry.field(description="How much is needed, in hours or days.")
    actual: float = strawberry.field(description="How much there is; for daily hours, on the shortest day.")
    met: bool = strawberry.field(description="Whether there is enough.")


@strawberry.type(description="What a program's week lacks.")
class ComplianceGap:
    code: ComplianceRequirementCode = strawberry.field(description="What is measured.")
    message: str = strawberry.field(description='The gap in words, for example "Need 3 more hours/week".')
    shortfall: float = strawberry.field(description="How much is missing, in hours or days.")
    date: datetime.date | None = strawberry.field(
        description="The day that is too short; null for gaps of the whole week."
    )


@strawberry.type(description="How a program's week stands against the hours and days that it must offer.")
class Compliance:
    program: GroupType = strawberry.field(description="IOP or PHP.")
    week_start: datetime.date = strawberry.field(description="The week's first day.")
    week_end: datetime.date = strawberry.field(description="The week's last day.")
    status: ComplianceStatus = strawberry.field(description="Whether every requirement is met.")
    hours: float = strawberry.field(
        description="Structured hours in the week. Cancelled sessions do not count; overlapping time counts once."
    )
    days: int = strawberry.field(description="How many days have a session.")
    requirements: list[ComplianceRequirement] = strawberry.field(
        description="Everything the week is measured by.", directives=[ListSize(assumed_size=3)]
    )
    gaps: list[ComplianceGap] = strawberry.field(
        description="What the week lacks; empty when it is compliant.", directives=[ListSize(assumed_size=9)]
    )
