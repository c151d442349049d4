"""What a change of the schedule does to others, as clients see it."""

import strawberry

from db.queries.groups import GROUPS
from resolvers.caller import PermissionKey
from schema.admission.cost_directives import ListSize
from schema.permissions import requires
from schema.relations import reference
from schema.types.compliance import Compliance
from schema.types.conflicts import Conflict
from schema.types.groups import GroupDefinition
from schema.types.patient_compliance import PatientCompliance


@strawberry.type(description="A week of an IOP or PHP group, before and after a change of the schedule.")
class ComplianceChange:
    before: Compliance = strawberry.field(description="The week before the change.")
    after: Compliance = strawberry.field(description="The week after it.")
    group_definition = reference(
        GroupDefinition | None,
        GROUPS,
        by="group_definition_id",
        description="The group.",
        permission=PermissionKey.GROUP_DEFINITIONS_VIEW,
    )


@strawberry.type(description="A patient's week in a program, before and after a change of the schedule.")
class PatientComplianceChange:
    before: PatientCompliance = strawberry.field(description="The week before the change.")
    after: PatientCompliance = strawberry.field(description="The week after it.")


@strawberry.type(description="What a change of the schedule does to others, or with dryRun would do.")
class ScheduleImpact:
    conflicts: list[Conflict] = strawberry.field(
        description="The conflicts that it makes, by the start of the overlap. Those of patients are left out for"
        " callers who may not view enrollments.",
        directives=[ListSize(assumed_size=50)],
    )
    compliance: list[ComplianceChange] = strawberry.field(
        description="The weeks of IOP and PHP groups that it changes, by week and by the group's name.",
        directives=[ListSize(assumed_size=50)],
    )
    patient_compliance: list[PatientComplianceChange] | None = strawberry.field(
        description="The patients' weeks that fall under a requirement, or rise to it, by week and program.",
        directives=[ListSize(assumed_size=50)],
        extensions=[requires(PermissionKey.GROUP_ENROLLMENTS_VIEW)],
    )
