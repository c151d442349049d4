"""Staff, locations and patients: reference data, owned by other modules."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain import records
from executor import InstanceOf, SelectedAttributes
from resolvers.context import Context
from resolvers.queries import enrollments as enrollment_lists
from resolvers.queries.pages import Page
from resolvers.queries.prefetch import Ahead
from schema.arguments import After, First, Statuses
from schema.batches import Foreseen, counts_too
from schema.connections import Connection
from schema.permissions import Info
from schema.types.node import Node

if TYPE_CHECKING:
    from schema.types.enrollments import Enrollment


async def _enrollments(
    patient_ids: Sequence[str],
    context: Context,
    status: list[records.EnrollmentStatus] | None = None,
    first: int | None = None,
    after: str | None = None,
    selected: SelectedAttributes = None,
) -> list[Page[records.Enrollment]]:
    return await enrollment_lists.enrollments_of_patients(context, patient_ids, status, first, after)


def _enrollments_ahead(
    status: list[records.EnrollmentStatus] | None = None, selected: SelectedAttributes = None, **page: Any
) -> Ahead:
    return enrollment_lists.patient_enrollments_ahead(status, count=counts_too(selected), **page)


@strawberry.type(description="A member of staff, from the platform's practitioner registry.")
class StaffMember(Node):
    display_name: str = strawberry.field(description="The name as it is shown.")
    credentials: str | None = strawberry.field(description="Qualifications, for example LCSW.")
    active: bool = strawberry.field(description="Whether they work here at present.")

    is_type_of = InstanceOf(records.StaffMember)


@strawberry.type(description="A place where groups meet.")
class Location(Node):
    site: str = strawberry.field(description="The site's name.")
    room: str | None = strawberry.field(description="The room, where one is told.")
    time_zone: str = strawberry.field(description="The site's IANA time zone, for example America/Phoenix.")
    active: bool = strawberry.field(description="False where the registry holds it as suspended or inactive.")

    is_type_of = InstanceOf(records.Location)


@strawberry.type(description="A patient of the platform's registry.")
class Patient(Node):
    display_name: str = strawberry.field(description="The name as it is shown.")
    medical_record_number: str = strawberry.field(description="The number of the patient's medical record.")
    birth_date: date | None = strawberry.field(description="The day of birth, where it is known.")
    active: bool = strawberry.field(
        description="False for patients who are deceased or deactivated in the registry; they cannot be enrolled."
    )

    @strawberry.field(
        graphql_type=Connection[Annotated["Enrollment", strawberry.lazy("schema.types.enrollments")]],
        description="The patient's enrollments: seated, then waiting, then past ones.",
        extensions=[Foreseen(_enrollments, _enrollments_ahead, by="id", pass_selected=True)],
    )
    @staticmethod
    async def enrollments(
        parent: strawberry.Parent[records.Patient],
        info: Info,
        status: Statuses = None,
        first: First = None,
        after: After = None,
    ) -> Page[records.Enrollment]:
        return await enrollment_lists.enrollments_of_patient(info.context, parent.id, status, first, after)

    is_type_of = InstanceOf(records.Patient)
