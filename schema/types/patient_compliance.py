"""A patient's week in a program, as clients see it."""

import datetime

import strawberry

from db.queries.references import PATIENTS
from domain.compliance import ComplianceStatus
from domain.patient_compliance import ComplianceOutlook
from domain.records import GroupType
from resolvers.caller import PermissionKey
from schema.admission.cost_directives import ListSize
from schema.permissions import requires
from schema.relations import reference
from schema.types.compliance import MAX_GAPS, MAX_REQUIREMENTS, ComplianceGap, ComplianceRequirement, ComplianceRuleSet
from schema.types.groups import GroupDefinition
from schema.types.references import Patient


@strawberry.type(
    description="A patient's week in a program: the sessions of all groups that count toward it and at which the"
    " patient is expected. Hours of individual sessions are in other modules and do not count."
)
class PatientCompliance:
    program: GroupType = strawberry.field(description="IOP or PHP.")
    rule_set: ComplianceRuleSet = strawberry.field(
        description="The rule set of the IOP or PHP group that the patient is in; of several, the one with the most"
        " weekly hours."
    )
    week_start: datetime.date = strawberry.field(description="The week's first day.")
    week_end: datetime.date = strawberry.field(description="The week's last day.")
    partial_week: bool = strawberry.field(
        description="Whether the patient's stay begins or ends within the week. It is measured all the same."
    )
    status: ComplianceStatus = strawberry.field(description="Whether all scheduled sessions meet every requirement.")
    outlook: ComplianceOutlook = strawberry.field(description="Whether the week will meet the requirements.")
    hours: float = strawberry.field(
        description="Scheduled hours of groups. Cancelled sessions do not count; overlapping sessions count once."
    )
    hours_past: float = strawberry.field(
        description="The hours of sessions that are over. The other hours are still to come."
    )
    days: int = strawberry.field(description="The number of days with a session.")
    requirements: list[ComplianceRequirement] = strawberry.field(
        description="All requirements for the week.", directives=[ListSize(assumed_size=MAX_REQUIREMENTS)]
    )
    gaps: list[ComplianceGap] = strawberry.field(
        description="The requirements that are not met; empty if the week is compliant.",
        directives=[ListSize(assumed_size=MAX_GAPS)],
    )
    group_definitions: list[GroupDefinition] | None = strawberry.field(
        description="The groups of the sessions, by name.",
        directives=[ListSize(assumed_size=5)],
        extensions=[requires(PermissionKey.GROUP_DEFINITIONS_VIEW)],
    )
    patient = reference(Patient, PATIENTS, by="patient_id", description="The patient.")
