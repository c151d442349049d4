"""Lengths of lists: one statement counts the lists of many parents, relations and filters."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from db.connections.engine import Database
from db.connections.statement_count import start_counting
from db.queries.enrollments import ENROLLMENTS_OF_GROUP, ENROLLMENTS_OF_PATIENT, EnrollmentFilter
from db.queries.lengths import CountRequest, FilteredRelation, count_lists
from db.queries.sessions import SESSIONS_OF_GROUP, SessionFilter
from db.transactions.snapshots import snapshot
from domain.records import EnrollmentStatus, OccurrenceStatus
from tests.support.clinic import OURS, THEIRS, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio
DAYS = [date(2026, 11, 22) + timedelta(days=day) for day in range(5)]


async def test_each_list_is_counted_by_its_own_relation_filter_and_parent(engine: Database) -> None:
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
    first, second = [await add_group(engine, name) for name in ("a", "b")]
    theirs = await add_group(engine, "theirs", THEIRS)
    await add_sessions(engine, first, DAYS)
    await add_sessions(engine, second, DAYS[:1])
    await add_sessions(engine, theirs, DAYS, THEIRS)
    await add_enrollments(engine, first, ["patient-1", "patient-2"])
    later = SessionFilter(from_date=DAYS[3], statuses=frozenset({OccurrenceStatus.SCHEDULED}))
    earlier = SessionFilter(through_date=DAYS[0])
    seated = EnrollmentFilter(frozenset({EnrollmentStatus.ENROLLED}))
    waiting = EnrollmentFilter(frozenset({EnrollmentStatus.WAITLISTED}))
    requests = [
        CountRequest(FilteredRelation(SESSIONS_OF_GROUP, None), (first, second, theirs)),
        CountRequest(FilteredRelation(SESSIONS_OF_GROUP, later), (second, first)),
        CountRequest(FilteredRelation(ENROLLMENTS_OF_GROUP, seated), (first,)),
        CountRequest(FilteredRelation(SESSIONS_OF_GROUP, earlier), (first, uuid4())),
        CountRequest(FilteredRelation(ENROLLMENTS_OF_GROUP, waiting), (first,)),
        CountRequest(FilteredRelation(SESSIONS_OF_GROUP, later), (second,)),
    ]
    async with snapshot(engine, OURS) as opened:
        count = start_counting()
        assert await count_lists(opened, requests) == [[5, 1, 0], [0, 2], [2], [1, 0], [0], [0]]
        assert count.statements == 1
        assert await count_lists(opened, requests[2:3]) == [[2]]
        by_patient = CountRequest(FilteredRelation(ENROLLMENTS_OF_PATIENT, seated), ("patient-1", "patient-3"))
        assert await count_lists(opened, [requests[0], by_patient]) == [[5, 1, 0], [1, 0]]
        assert count.statements == 3
