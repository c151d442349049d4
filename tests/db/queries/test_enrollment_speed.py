"""The organization's enrollments are read by index, in each order. The tests check the plans of the statements."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.queries.enrollments import ENROLLMENTS_BY, EnrollmentListFilter, EnrollmentOrder
from db.queries.pages import read_page
from db.sql.listings import Window
from db.tables import enrollments, patients
from domain.records import EnrollmentStatus
from tests.support.clinic import NOW, OURS, THEIRS, seed
from tests.support.clinic_rows import add_group
from tests.support.query_plans import WHOLE_TABLE, Explained, explaining, sorts_more_than_pages

pytestmark = pytest.mark.anyio

GROUP_COUNT = 40
PAST_COUNT = 100
PATIENT_COUNT = 600
ENROLLMENT_FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "with removed": {"include_removed": True},
    "waiting": {"statuses": frozenset({EnrollmentStatus.WAITLISTED})},
    "active": {"statuses": frozenset({EnrollmentStatus.ENROLLED, EnrollmentStatus.WAITLISTED})},
}
FEW: dict[str, dict[str, Any]] = {
    "of a patient": {"patient_id": "patient-7"},
    "changed": {"updated_since": NOW + timedelta(days=50)},
    "starting": {"starting_from": date(2026, 12, 1), "starting_through": date(2026, 12, 9)},
    "ending": {"ending_from": date(2026, 12, 1), "ending_through": date(2026, 12, 9)},
    "seats of inactive patients": {"patient_active": False, "statuses": frozenset({EnrollmentStatus.ENROLLED})},
}
"""Filters that few enrollments match: these are read by an index of the filter, and sorted."""
BY_ORDER = re.compile(r"ix_pm_group_enrollments_(by_status|by_creation|by_update|of_group)")
"""The indexes by which all enrollments would be read in their order."""


@pytest.fixture
async def explained(engine: Database) -> AsyncIterator[Explained]:
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
        groups = [await add_group(engine, f"Group {number}", organization) for number in range(GROUP_COUNT)]
        async with engine.begin() as connection:
            rows = [_patient(organization, number) for number in range(PATIENT_COUNT)]
            await connection.execute(insert(patients), rows)
            rows = [_past(organization, group, number) for group in groups for number in range(PAST_COUNT)]
            await connection.execute(insert(enrollments), rows)
            rows = [_enrollment(organization, group, number) for group in groups for number in range(5)]
            await connection.execute(insert(enrollments), rows)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("ANALYZE"))
    async with explaining(engine) as reader:
        yield reader


def _patient(organization: str, number: int) -> dict[str, Any]:
    return {
        "organization_id": organization,
        "id": f"p-{number}",
        "display_name": f"P {number}",
        "medical_record_number": f"N{number}",
        "active": number % 100 > 0,
        "search_text": f"p {number} n{number}",
    }


def _past(organization: str, group: UUID, number: int) -> dict[str, Any]:
    time = NOW + timedelta(minutes=group.int % 9_000 - 4_500, days=-number)
    past = {"status": "DISENROLLED", "enrolled_at": time, "disenrolled_at": time}
    times = {"created_at": time, "updated_at": time, "start_date": time.date()}
    return _enrollment(organization, group, number) | past | times


def _enrollment(organization: str, group: UUID, number: int) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "organization_id": organization,
        "group_definition_id": group,
        "patient_id": f"p-{(group.int + number) % PATIENT_COUNT}",
        "status": "ENROLLED",
        "enrolled_at": NOW,
        "start_date": date(2026, 12, 1) if number == 0 else NOW.date(),
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }


async def plans_of(reader: Explained, order: EnrollmentOrder, filters: dict[str, Any]) -> list[str]:
    """Return the plans of three pages of the list."""
    listing, list_filter = ENROLLMENTS_BY[order], EnrollmentListFilter(order, **filters)
    keys = (UUID(int=2**127), 0, UUID(int=0)) if order is EnrollmentOrder.GROUP_AND_PLACE else (NOW, UUID(int=0))
    reader.plans = []
    for window in (Window(50), Window(50, after=keys), Window(50, backwards=True, before=keys)):
        await read_page(reader, listing, list_filter, window)
    assert len(reader.plans) >= 3
    return reader.plans


async def test_a_page_in_an_order_reads_and_sorts_only_its_rows(explained: Explained) -> None:
    slow = [
        f"{order}, {name}:\n{plan}"
        for order in EnrollmentOrder
        for name, filters in ENROLLMENT_FILTERS.items()
        for plan in await plans_of(explained, order, filters)
        if WHOLE_TABLE.search(plan) or sorts_more_than_pages(plan)
    ]
    assert not slow, "\n\n".join(slow)


async def test_few_matches_are_found_without_reading_all_in_their_order(explained: Explained) -> None:
    slow = [
        f"{order}, {name}:\n{plan}"
        for order in EnrollmentOrder
        for name, filters in FEW.items()
        if name != "changed" or order is not EnrollmentOrder.UPDATED_AT_ASC
        for plan in await plans_of(explained, order, filters)
        if WHOLE_TABLE.search(plan) or (BY_ORDER.search(plan) and not re.search("updated_at ?>", plan))
    ]
    assert not slow, "\n\n".join(slow)
