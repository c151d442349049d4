"""A program's week, as clients see it."""

import datetime

import strawberry

from domain.compliance import ComplianceRequirementCode, ComplianceStatus
from domain.records import GroupType
from schema.admission.cost_directives import ListSize


@strawberry.type(description="A requirement for a program's week.")
class ComplianceRequirement:
    code: ComplianceRequirementCode = strawberry.field(description="What is measured.")
    required: float = strawberry.field(description="The required hours or days.")
    actual: float = strawberry.field(
        description="The actual hours or days; for daily hours, those of the shortest day."
    )
    met: bool = strawberry.field(description="Whether the requirement is met.")


@strawberry.type(description="A requirement that a program's week does not meet.")
class ComplianceGap:
    code: ComplianceRequirementCode = strawberry.field(description="What is measured.")
    message: str = strawberry.field(description='The gap in words, for example "Need 3 more hours/week".')
    shortfall: float = strawberry.field(description="The missing hours or days.")
    date: datetime.date | None = strawberry.field(
        description="The day that is too short; null for a gap of the whole week."
    )


@strawberry.type(description="A program's week compared with the hours and days that it must offer.")
class Compliance:
    program: GroupType = strawberry.field(description="IOP or PHP.")
    week_start: datetime.date = strawberry.field(description="The week's first day.")
    week_end: datetime.date = strawberry.field(description="The week's last day.")
    status: ComplianceStatus = strawberry.field(description="Whether every requirement is met.")
    hours: float = strawberry.field(
        description="Structured hours in the week. Cancelled sessions do not count; overlapping sessions count once."
    )
    days: int = strawberry.field(description="The number of days with a session.")
    requirements: list[ComplianceRequirement] = strawberry.field(
        description="All requirements for the week.", directives=[ListSize(assumed_size=3)]
    )
    gaps: list[ComplianceGap] = strawberry.field(
        description="The requirements that are not met; empty if the week is compliant.",
        directives=[ListSize(assumed_size=9)],
    )
