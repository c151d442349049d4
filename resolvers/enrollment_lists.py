"""Enrollments: one by id, a group's, and a patient's."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from db.enrollment_queries import (
    ENROLLMENT_ORDER,
    Statuses,
    length_of_group_enrollments,
    page_of_group_enrollments,
)
from db.pages import Fields, Slice, Window
from db.reading import Reading
from domain.records import Enrollment, EnrollmentStatus
from resolvers.ahead import Ahead
from resolvers.arguments import our_id
from resolvers.context import Context
from resolvers.loader import Loader
from resolvers.pages import Count, Page, counted, fields_to_read, window

Parent = TypeVar("Parent", UUID, str)


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
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after, last, before)
    found = await context.loaders.group_enrollments.load((group_id, (*asked, None)))
    return _page(context.loaders.group_enrollment_count, group_id, asked, found)


async def enrollments_of_groups(
    context: Context,
    group_ids: Sequence[UUID],
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    fields: Fields = None,
) -> list[Page[Enrollment]]:
    """Gives the same page of the enrollments of each of many groups, all different, or of some fields of them.

    Raises BadInput.
    """
    asked, read = _asked(statuses, first, after, last, before, fields, len(group_ids))
    loaders = context.loaders
    found = await loaders.group_enrollments.load_all([(group, read) for group in group_ids])
    return [_page(loaders.group_enrollment_count, group, asked, each) for (group, _), each in found.items()]


def enrollments_ahead(
    context: Context,
    group_id: UUID,
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    fields: Fields,
    *,
    count: bool,
) -> Ahead:
    """Gives how a page of a group's enrollments is read along with it, and where asked for how long the list is.

    Raises BadInput.
    """
    asked, read = _asked(statuses, first, after, last, before, fields, 1)
    readings: list[Reading[Any]] = [page_of_group_enrollments(group_id, *read)]
    if count:
        readings.append(length_of_group_enrollments(group_id, asked[0]))

    def value(_group: object, found: Sequence[Any]) -> Page[Enrollment]:
        loaders = context.loaders
        loaders.note_pages(found[:1])
        return counted(_page(loaders.group_enrollment_count, group_id, asked, found[0]), found[1:])

    return Ahead(readings, value)


async def enrollments_of_patient(
    context: Context,
    patient_id: str,
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
) -> Page[Enrollment]:
    """Gives a page of a patient's enrollments, together with those of the other patients. Raises BadInput."""
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after)
    found = await context.loaders.patient_enrollments.load((patient_id, asked))
    return _page(context.loaders.patient_enrollment_count, patient_id, asked, found)


async def enrollments_of_patients(
    context: Context,
    patient_ids: Sequence[str],
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
) -> list[Page[Enrollment]]:
    """Gives the same page of the enrollments of each of many patients, all different. Raises BadInput."""
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after)
    loaders = context.loaders
    found = await loaders.patient_enrollments.load_all([(patient, asked) for patient in patient_ids])
    return [_page(loaders.patient_enrollment_count, patient, asked, each) for (patient, _), each in found.items()]


def _asked(
    statuses: Iterable[EnrollmentStatus] | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    fields: Fields,
    groups: int,
) -> tuple[tuple[Statuses, Window], tuple[Statuses, Window, Fields]]:
    asked = _wanted(statuses), window(ENROLLMENT_ORDER, first, after, last, before)
    fields = fields_to_read(fields, groups, asked[1].limit)
    # Whose they are is noted whatever was asked for.
    return asked, (*asked, fields and fields | {"patient_id"})


def _wanted(statuses: Iterable[EnrollmentStatus] | None) -> Statuses:
    return None if statuses is None else frozenset(statuses)


def _page(
    counts: Loader[tuple[Parent, tuple[Statuses]], int],
    parent: Parent,
    asked: tuple[Statuses, Window],
    found: Slice[Enrollment],
) -> Page[Enrollment]:
    statuses, part = asked
    return Page(ENROLLMENT_ORDER, part, found, Count(counts, (parent, (statuses,))))
