"""Rule sets of programs, and a group's week compared with one, as clients see them."""

import datetime
from typing import Final

import strawberry

from domain.compliance import ComplianceRequirementCode, ComplianceStatus
from domain.records import GroupType
from schema.admission.cost_directives import ListSize

MAX_REQUIREMENTS: Final = len(ComplianceRequirementCode)
MAX_GAPS: Final = 17
"""One of the hours, one of the days, one of the group's size, and two of each day."""


@strawberry.type(description="The document that a rule set was taken from.")
class ComplianceSource:
    title: str = strawberry.field(description='Its title. It ends with "(not confirmed)" if confirmed is false.')
    locator: str = strawberry.field(description="The section, page or date within the document.")
    url: str | None = strawberry.field(description="The address of the document, if known.")
    confirmed: bool = strawberry.field(
        description="Whether the numbers were read in the document itself, not in a summary of it."
    )


@strawberry.type(
    description="What a payer or a standard requires of a week of a program. Null means that it requires nothing. Only"
    " hours of groups are counted: those of individual sessions are in other modules."
)
class ComplianceRuleSet:
    id: strawberry.ID = strawberry.field(description="The id of the rule set, for example ahcccs-iop.")
    title: str = strawberry.field(description="What the rule set is called.")
    program: GroupType = strawberry.field(description="IOP or PHP.")
    payer: str = strawberry.field(description="Who pays by these rules.")
    weekly_hours: float | None = strawberry.field(description="The fewest hours of a week.")
    weekly_hours_maximum: float | None = strawberry.field(description="The most hours of a week.")
    weekly_days: int | None = strawberry.field(description="The fewest days with a session in a week.")
    daily_hours: float | None = strawberry.field(description="The fewest hours of each day with a session.")
    group_size_maximum: int | None = strawberry.field(description="The most patients of a group.")
    session_minutes: int | None = strawberry.field(description="The shortest duration of a session, in minutes.")
    source: ComplianceSource = strawberry.field(description="Where the rules were taken from.")


@strawberry.type(description="A requirement for a program's week.")
class ComplianceRequirement:
    code: ComplianceRequirementCode = strawberry.field(description="What is measured.")
    required: float = strawberry.field(
        description="The required value: for GROUP_SIZE a maximum, otherwise a minimum. A maximum of weekly hours is"
        " that of the rule set."
    )
    actual: float = strawberry.field(
        description="The actual value; for DAILY_HOURS that of the shortest day, for SESSION_MINUTES that of the"
        " shortest session."
    )
    met: bool = strawberry.field(description="Whether the requirement is met.")


@strawberry.type(description="A requirement that a program's week does not meet.")
class ComplianceGap:
    code: ComplianceRequirementCode = strawberry.field(description="What is measured.")
    message: str = strawberry.field(description='The gap in words, for example "Need 3 more hours/week".')
    shortfall: float = strawberry.field(
        description="The missing hours, days or minutes; for a maximum, the hours or patients beyond it."
    )
    date: datetime.date | None = strawberry.field(
        description="The day that is too short, or has too short a session; null for a gap of the whole week."
    )


@strawberry.type(
    description="A group's week compared with the rule set of its program. Only hours of groups are counted."
)
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
        description="All requirements for the week.", directives=[ListSize(assumed_size=MAX_REQUIREMENTS)]
    )
    gaps: list[ComplianceGap] = strawberry.field(
        description="The requirements that are not met; empty if the week is compliant.",
        directives=[ListSize(assumed_size=MAX_GAPS)],
    )
    rule_set: ComplianceRuleSet = strawberry.field(description="The rule set that the week is compared with.")
