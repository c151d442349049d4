"""Staff, locations and patients: reference data of other modules."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import records
from domain.patient_compliance import PatientCompliance as ComplianceRecord
from executor import Batch, FromAttribute, InstanceOf
from resolvers.caller import PermissionKey
from resolvers.ids import LOCATION_IDS, PATIENT_IDS, STAFF_IDS, RegistryIds
from resolvers.queries.patient_weeks import compliances_of_patients
from resolvers.queries.survivors import survivors
from schema.admission.cost_directives import ListSize
from schema.connections import Connection
from schema.filters import enrollments_of_patient, sessions_of_patient
from schema.permissions import Info
from schema.relations import connection
from schema.types.node import Node

if TYPE_CHECKING:
    from schema.types.enrollments import Enrollment
    from schema.types.occurrences import Occurrence
    from schema.types.patient_compliance import PatientCompliance


def _id(ids: RegistryIds) -> strawberry.ID:
    return strawberry.field(
        description=f'"{ids.prefix}" and the registryId. It is unique across all types.',
        extensions=[FromAttribute("id", ids.prefix.__add__)],
    )


def _registry_id() -> str:
    return strawberry.field(
        description="The id in the registry that owns the record, a string of at most 64 characters. Events, exports"
        " and histories contain it. Arguments and inputs take either id.",
        extensions=[FromAttribute("id")],
    )


@strawberry.type(description="A member of staff, from the platform's practitioner registry.")
class StaffMember(Node):
    id: strawberry.ID = _id(STAFF_IDS)
    registry_id: str = _registry_id()
    display_name: str = strawberry.field(description="The name to display.")
    credentials: str | None = strawberry.field(description="Qualifications, for example LCSW.")
    active: bool = strawberry.field(description="Whether they work here at present.")

    is_type_of = InstanceOf(records.StaffMember)


@strawberry.type(description="A location where groups meet.")
class Location(Node):
    id: strawberry.ID = _id(LOCATION_IDS)
    registry_id: str = _registry_id()
    site: str = strawberry.field(description="The name of the site.")
    room: str | None = strawberry.field(description="The room; null if none is recorded.")
    time_zone: str = strawberry.field(description="The IANA time zone of the site, for example America/Phoenix.")
    active: bool = strawberry.field(description="False if the registry marks it as suspended or inactive.")

    is_type_of = InstanceOf(records.Location)


async def _survivor(parent: strawberry.Parent[records.Patient], info: Info) -> records.Patient | None:
    if parent.replaced_by is None:
        return None
    [survivor] = await survivors([parent.replaced_by], info.context)
    return survivor


@strawberry.type(description="A patient of the platform's registry.")
class Patient(Node):
    id: strawberry.ID = _id(PATIENT_IDS)
    registry_id: str = _registry_id()
    display_name: str = strawberry.field(description="The name to display.")
    preferred_name: str | None = strawberry.field(
        description="The name that the patient goes by, if the registry has one that differs from displayName."
    )
    medical_record_number: str = strawberry.field(description="The number of the patient's medical record.")
    birth_date: date | None = strawberry.field(description="The date of birth; null if unknown.")
    active: bool = strawberry.field(
        description="False if the patient is deceased, deactivated or merged in the registry, and so is never seated."
    )
    replaced_by = strawberry.field(
        graphql_type=Annotated["Patient", strawberry.lazy("schema.types.references")] | None,
        description="The surviving record, if the registry has merged this one into another; null otherwise, and if"
        " that record has not been imported. After several merges it is the last record.",
        resolver=_survivor,
        extensions=[Batch(survivors, by="replaced_by")],
    )

    enrollments = connection(
        Connection[Annotated["Enrollment", strawberry.lazy("schema.types.enrollments")]] | None,
        enrollments_of_patient,
        description="The patient's enrollments: seated, then waitlisted, then past ones.",
    )
    occurrences = connection(
        Connection[Annotated["Occurrence", strawberry.lazy("schema.types.occurrences")]] | None,
        sessions_of_patient,
        description="The sessions at which the patient is expected, or was, by date and time. Cancelled sessions are"
        " not among them.",
        permission=PermissionKey.GROUP_SCHEDULE_VIEW,
    )

    @strawberry.field(
        graphql_type=list[Annotated["PatientCompliance", strawberry.lazy("schema.types.patient_compliance")]],
        description="The patient's week in each program, IOP and PHP, that the patient takes part in. Only hours of"
        " groups are counted.",
        directives=[ListSize(assumed_size=len(records.Program))],
        extensions=[Batch(compliances_of_patients, by="id")],
    )
    @staticmethod
    async def compliance(
        parent: strawberry.Parent[records.Patient],
        info: Info,
        week_of: Annotated[
            date | None, strawberry.argument(description="Any day of the week; by default today.")
        ] = None,
    ) -> list[ComplianceRecord]:
        [weeks] = await compliances_of_patients([parent.id], info.context, week_of)
        return weeks

    is_type_of = InstanceOf(records.Patient)
