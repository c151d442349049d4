"""Enrollments: one by id, a group's, and a patient's."""

from collections.abc import Iterable
from uuid import UUID

from db.enrollment_queries import ENROLLMENT_ORDER
from domain.records import Enrollment, EnrollmentStatus
from resolvers.arguments import our_id
from resolvers.context import Context
from resolvers.pages import Page, window


async def enrollment(context: Context, id: str) -> Enrollment | None:
    """Gives the enrollment, removed or not; None for an unknown id. Raises BadInput for what is no id."""
    return await context.loaders.enrollment.load(our_id(id, "id"))


async def enrollments_of_group(
    context: Context,
    group_id: UUID,
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Page[Enrollment]:
    """Gives a page of a group's enrollments, together with those of the other groups asked for. Raises BadInput."""
    wanted = None if statuses is None else frozenset(statuses)
    part = window(ENROLLMENT_ORDER, first, after, last, before)
    loaders = context.loaders
    found = await loaders.group_enrollments.load((group_id, (wanted, part)))
    return Page(ENROLLMENT_ORDER, part, found, lambda: loaders.group_enrollment_count.load((group_id, (wanted,))))


async def enrollments_of_patient(
    context: Context,
    patient_id: str,
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
) -> Page[Enrollment]:
    """Gives a page of a patient's enrollments, together with those of the other patients. Raises BadInput."""
    wanted = None if statuses is None else frozenset(statuses)
    part = window(ENROLLMENT_ORDER, first, after)
    loaders = context.loaders
    found = await loaders.patient_enrollments.load((patient_id, (wanted, part)))
    return Page(ENROLLMENT_ORDER, part, found, lambda: loaders.patient_enrollment_count.load((patient_id, (wanted,))))
