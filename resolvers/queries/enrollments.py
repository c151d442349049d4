"""Enrollments: one by id, a group's, and a patient's."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from db.queries.enrollments import (
    ENROLLMENT_ORDER,
    Statuses,
    count_of_group_enrollments,
    count_of_patient_enrollments,
    page_of_group_enrollments,
    page_of_patient_enrollments,
)
from db.queries.pages import Slice
from db.sql.lookups import Lookup
from db.sql.page_statements import Window
from domain.records import Enrollment, EnrollmentStatus, GroupDefinition, Patient
from domain.selections import Fields
from resolvers.arguments import our_id
from resolvers.context import Context
from resolvers.loader import Loader
from resolvers.loaders import Loaders
from resolvers.queries.pages import Count, Page, counted, fields_to_read, window
from resolvers.queries.prefetch import Ahead

Parent = TypeVar("Parent", UUID, str)


async def enrollment(context: Context, id: str) -> Enrollment | None:
    """Return the enrollment, removed or not; None for an unknown id. Raise BadInput for what is no id."""
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
    """Return a page of a group's enrollments, together with those of the other groups asked for. Raise BadInput."""
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after, last, before)
    found = await context.loaders.group_enrollments.load((group_id, (*asked, None)))
    return _page(context, _of_group, group_id, asked, found)


async def enrollments_of_groups(
    context: Context,
    group_ids: Sequence[UUID],
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    fields: Fields | None = None,
) -> list[Page[Enrollment]]:
    """Return the same page of the enrollments of each of many groups, all different, or of some fields of them.

    Raise BadInput.
    """
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after, last, before)
    read = (*asked, fields_to_read(fields, len(group_ids) * asked[1].limit, one_list=len(group_ids) == 1))
    found = await context.loaders.group_enrollments.load_all([(group, read) for group in group_ids])
    return [_page(context, _of_group, group, asked, each) for (group, _), each in found.items()]


def enrollments_ahead(
    statuses: Iterable[EnrollmentStatus] | None, fields: Fields | None, *, count: bool, **page: Any
) -> Ahead:
    """Return how a page of a group's enrollments is read along with it.

    Args:
        statuses: Which enrollments; None for all.
        fields: Which fields of them.
        count: Whether it is read too how many there are.
        page: Which page, as `resolvers.queries.pages.window` takes it.

    Raise BadInput.
    """
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, **page)
    # Whose they are is noted whatever was asked for.
    fields = None if fields is None else fields.with_value("patient_id")
    lookups: list[Lookup[Any]] = [page_of_group_enrollments(*asked, fields)]
    if count:
        lookups.append(count_of_group_enrollments(asked[0]))

    def value(context: Context, group: GroupDefinition, found: Sequence[Any]) -> Page[Enrollment]:
        read: Slice[Enrollment] = found[0]
        context.disclosures.add(read.records.values("patient_id"))
        return counted(_page(context, _of_group, group.id, asked, read), found[1:])

    return Ahead(lookups, value)


async def enrollments_of_patient(
    context: Context,
    patient_id: str,
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
) -> Page[Enrollment]:
    """Return a page of a patient's enrollments, together with those of the other patients. Raise BadInput."""
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after)
    found = await context.loaders.patient_enrollments.load((patient_id, asked))
    return _page(context, _of_patient, patient_id, asked, found)


async def enrollments_of_patients(
    context: Context,
    patient_ids: Sequence[str],
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
) -> list[Page[Enrollment]]:
    """Return the same page of the enrollments of each of many patients, all different. Raise BadInput."""
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after)
    found = await context.loaders.patient_enrollments.load_all([(patient, asked) for patient in patient_ids])
    return [_page(context, _of_patient, patient, asked, each) for (patient, _), each in found.items()]


def patient_enrollments_ahead(statuses: Iterable[EnrollmentStatus] | None, *, count: bool, **page: Any) -> Ahead:
    """Return how a page of a patient's enrollments is read along with the patient; as above."""
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, **page)
    lookups: list[Lookup[Any]] = [page_of_patient_enrollments(*asked)]
    if count:
        lookups.append(count_of_patient_enrollments(asked[0]))

    def value(context: Context, patient: Patient, found: Sequence[Any]) -> Page[Enrollment]:
        return counted(_page(context, _of_patient, patient.id, asked, found[0]), found[1:])

    return Ahead(lookups, value)


def _wanted(statuses: Iterable[EnrollmentStatus] | None) -> Statuses:
    return None if statuses is None else frozenset(statuses)


def _of_group(loaders: Loaders) -> Loader[Any, int]:
    return loaders.group_enrollment_count


def _of_patient(loaders: Loaders) -> Loader[Any, int]:
    return loaders.patient_enrollment_count


def _page(
    context: Context,
    counts: Callable[[Loaders], Loader[Any, int]],
    parent: Parent,
    asked: tuple[Statuses, Window],
    found: Slice[Enrollment],
) -> Page[Enrollment]:
    statuses, part = asked
    return Page(ENROLLMENT_ORDER, part, found, Count(context.loaders, counts, (parent, (statuses,))))
