"""The first and the last day of enrollments, over HTTP on both databases: who is expected, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import access_log
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, clients_of, make_app
from tests.support.clinic import Everything, everything, make_group, seed
from tests.support.clinic_rows import add_sessions
from tests.support.invariants import violations

pytestmark = pytest.mark.anyio

TUESDAY: Final = date(2026, 11, 24)
NOON: Final = datetime(2026, 11, 24, 19, tzinfo=UTC)
"""Noon of Tuesday in Phoenix."""
DAY: Final = timedelta(days=1)
DATES: Final = "id status startDate endDate countsFromStart version"
ENROLL: Final = f"""mutation ($input: EnrollPatientInput!) {{ enrollPatient(input: $input) {{
  enrollment {{ {DATES} }} decision {{ status waitlistPosition }} userErrors {{ code field message }}
  conflicts {{ kind startsAt endsAt message occurrences {{ id }} patient {{ registryId }} }} }} }}"""
DISENROLL: Final = f"""mutation ($input: DisenrollPatientInput!) {{ disenrollPatient(input: $input) {{
  enrollment {{ {DATES} disenrolledAt }} promoted {{ {DATES} }} userErrors {{ code field message }} }} }}"""
UPDATE: Final = f"""mutation ($input: UpdateEnrollmentInput!) {{ updateEnrollment(input: $input) {{
  enrollment {{ {DATES} }} userErrors {{ code field message }} }} }}"""
EXPECTED: Final = "query ($id: ID!) { occurrence(id: $id) { expected } }"


@dataclass
class Desk:
    """A coordinator of a clinic whose clock the test sets."""

    engine: Database
    client: ApiClient
    now: list[datetime]

    async def enroll(self, group: UUID, number: int, **more: Any) -> dict[str, Any]:
        input_ = {"groupDefinitionId": str(group), "patientId": f"patient-{number}", **more}
        payload: dict[str, Any] = (await self.client.execute(ENROLL, {"input": input_}))["enrollPatient"]
        return payload

    async def enrolled(self, group: UUID, number: int, **more: Any) -> dict[str, Any]:
        payload = await self.enroll(group, number, **more)
        assert payload["userErrors"] == []
        enrollment: dict[str, Any] = payload["enrollment"]
        return enrollment

    async def change(self, mutation: str, enrollment: dict[str, Any] | str, **more: Any) -> dict[str, Any]:
        id_ = enrollment if isinstance(enrollment, str) else enrollment["id"]
        [payload] = (await self.client.execute(mutation, {"input": {"enrollmentId": id_, **more}})).values()
        return dict(payload)

    async def expected(self, session: UUID) -> int:
        return int((await self.client.execute(EXPECTED, {"id": str(session)}))["occurrence"]["expected"])

    async def group(self, seats: int = 5) -> UUID:
        return (await make_group(self.engine, ORGANIZATION, max_capacity=seats)).id

    async def session(self, group: UUID, days: int, start: time = time(9)) -> UUID:
        [id_] = await add_sessions(
            self.engine, group, [TUESDAY + days * DAY], ORGANIZATION, start_time=start, **_instants(days, start)
        )
        return id_


def _instants(days: int, start: time) -> dict[str, datetime]:
    starts_at = datetime.combine(TUESDAY + days * DAY, start, UTC) + timedelta(hours=7)
    return {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}


def on(days: int) -> str:
    return (TUESDAY + days * DAY).isoformat()


def faults(payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"])) for error in payload["userErrors"]]


async def stored(engine: Database) -> Everything:
    return await everything(engine)


async def assert_explained(engine: Database) -> None:
    """Assert that all invariants hold, but for the sessions that were added without a history."""
    assert {line for line in await violations(engine, ORGANIZATION) if "session=" not in line} == set()


@pytest.fixture
async def desk(engine: Database) -> AsyncIterator[Desk]:
    await seed(engine, ORGANIZATION, patient_count=12)
    now = [NOON]
    clinic = Clinic(engine, lambda: now[0], uuid7, "America/Phoenix", 6)
    async with clients_of(make_app(clinic)) as clients:
        yield Desk(engine, await clients(), now)


async def test_a_late_entry_is_expected_at_the_sessions_since_its_start(desk: Desk) -> None:
    group = await desk.group()
    sessions = [await desk.session(group, days) for days in (-8, -7, -1, 0, 7)]
    enrollment = await desk.enrolled(group, 1, startDate=on(-7))
    assert (enrollment["startDate"], enrollment["endDate"], enrollment["countsFromStart"]) == (on(-7), None, True)
    assert [await desk.expected(session) for session in sessions] == [0, 1, 1, 1, 1]
    await assert_explained(desk.engine)


async def test_a_stay_starts_by_default_when_the_seat_is_given(desk: Desk) -> None:
    group = await desk.group()
    morning, afternoon = await desk.session(group, 0, time(10)), await desk.session(group, 0, time(14))
    enrollment = await desk.enrolled(group, 1)
    assert (enrollment["startDate"], enrollment["countsFromStart"]) == (on(0), False)
    assert [await desk.expected(session) for session in (morning, afternoon)] == [0, 1]
    await desk.enrolled(group, 2, startDate=on(0))
    assert [await desk.expected(session) for session in (morning, afternoon)] == [1, 2]


async def test_a_future_start_takes_a_seat_now_and_is_expected_then(desk: Desk) -> None:
    group = await desk.group(seats=1)
    sessions = [await desk.session(group, days) for days in (5, 6, 36, 37)]
    await desk.enrolled(group, 1, startDate=on(6), endDate=on(36))
    assert [await desk.expected(session) for session in sessions] == [0, 1, 1, 0]
    assert (await desk.enroll(group, 2))["decision"] == {"status": "WAITLISTED", "waitlistPosition": 1}


async def test_an_end_that_passes_disenrolls_nobody(desk: Desk) -> None:
    group = await desk.group(seats=1)
    session = await desk.session(group, 3)
    enrollment = await desk.enrolled(group, 1, endDate=on(2))
    desk.now[0] = NOON + 3 * DAY
    assert (await desk.enroll(group, 2))["decision"]["status"] == "WAITLISTED"
    assert await desk.expected(session) == 0
    payload = await desk.change(UPDATE, enrollment, endDate=None)
    assert (payload["enrollment"]["status"], payload["enrollment"]["endDate"]) == ("ENROLLED", None)
    assert await desk.expected(session) == 1


async def test_a_past_last_day_ends_the_expectation_after_it(desk: Desk) -> None:
    group = await desk.group()
    sessions = [await desk.session(group, days) for days in (-3, -2, -1, 0)]
    enrollment = await desk.enrolled(group, 1, startDate=on(-9))
    payload = await desk.change(DISENROLL, enrollment, endDate=on(-2), reason="moved")
    assert payload["userErrors"] == []
    assert (payload["enrollment"]["status"], payload["enrollment"]["endDate"]) == ("DISENROLLED", on(-2))
    assert [await desk.expected(session) for session in sessions] == [1, 1, 0, 0]
    await assert_explained(desk.engine)


async def test_a_patient_who_left_at_ten_is_not_expected_at_two(desk: Desk) -> None:
    group = await desk.group()
    morning, afternoon = await desk.session(group, 0, time(9)), await desk.session(group, 0, time(14))
    enrollment = await desk.enrolled(group, 1, startDate=on(-1), endDate=on(30))
    payload = await desk.change(DISENROLL, enrollment)
    assert payload["enrollment"]["endDate"] == on(30)
    assert [await desk.expected(session) for session in (morning, afternoon)] == [1, 0]


async def test_nobody_is_expected_before_the_seat_was_given(desk: Desk) -> None:
    group = await desk.group(seats=1)
    seated = await desk.enrolled(group, 1, startDate=on(-3))
    waiting = [
        await desk.enrolled(group, 2, startDate=on(-2)),
        await desk.enrolled(group, 3),
        await desk.enrolled(group, 4, startDate=on(9)),
        await desk.enrolled(group, 5, startDate=on(-5), endDate=on(-1)),
    ]
    assert [enrollment["startDate"] for enrollment in waiting] == [on(-2), None, on(9), on(-5)]
    morning, later = await desk.session(group, 1, time(10)), await desk.session(group, 1, time(14))
    desk.now[0] = NOON + DAY
    starts = []
    for leaving in (seated, *waiting[:3]):
        [promoted] = (await desk.change(DISENROLL, leaving))["promoted"]
        starts.append((promoted["startDate"], promoted["countsFromStart"]))
        assert await desk.expected(later) == (1 if len(starts) < 3 else 0)
    assert starts == [(on(1), False), (on(1), False), (on(9), False), (on(-1), False)]
    assert await desk.expected(morning) == 1  # the first one, who left at noon
    await assert_explained(desk.engine)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"startDate": -90}, []),
        ({"startDate": -91}, [("OUT_OF_RANGE", "input.startDate")]),
        ({"startDate": 366}, []),
        ({"startDate": 367}, [("OUT_OF_RANGE", "input.startDate")]),
        ({"startDate": 3, "endDate": 3}, []),
        ({"startDate": 3, "endDate": 2}, [("INVALID", "input.startDate")]),
        ({"endDate": 0}, []),
        ({"endDate": -1}, [("INVALID", "input.endDate")]),
        ({"startDate": -9, "endDate": -8}, []),
        ({"endDate": 40_000}, [("OUT_OF_RANGE", "input.endDate")]),
    ],
)
async def test_a_start_lies_90_days_back_to_366_ahead_and_not_after_the_end(
    desk: Desk, dates: dict[str, int], expected: list[tuple[str, str]]
) -> None:
    group = await desk.group()
    payload = await desk.enroll(group, 1, **{name: on(days) for name, days in dates.items()})
    assert faults(payload) == expected
    assert (payload["enrollment"] is None) == bool(expected)
    if expected == [("OUT_OF_RANGE", "input.startDate")]:
        assert f"between {on(-90)} and {on(366)}" in payload["userErrors"][0]["message"]


async def test_all_faults_of_an_enrollment_are_reported_at_once(desk: Desk) -> None:
    group = await desk.group()
    payload = await desk.enroll(group, 99, startDate=on(-91))
    assert faults(payload) == [("NOT_FOUND", "input.patientId"), ("OUT_OF_RANGE", "input.startDate")]
    unknown = await desk.enroll(uuid4(), 1, startDate=on(3), endDate=on(2))
    assert faults(unknown) == [("NOT_FOUND", "input.groupDefinitionId"), ("INVALID", "input.startDate")]


@pytest.mark.parametrize(
    ("end", "expected"),
    [(-5, []), (0, []), (-6, [("INVALID", "input.endDate")]), (1, [("OUT_OF_RANGE", "input.endDate")])],
)
async def test_a_last_day_lies_between_the_start_and_today(
    desk: Desk, end: int, expected: list[tuple[str, str]]
) -> None:
    enrollment = await desk.enrolled(await desk.group(), 1, startDate=on(-5))
    assert faults(await desk.change(DISENROLL, enrollment, endDate=on(end))) == expected


async def test_a_patient_who_waits_has_no_last_day(desk: Desk) -> None:
    group = await desk.group(seats=1)
    await desk.enrolled(group, 1)
    waiting = await desk.enrolled(group, 2)
    assert faults(await desk.change(DISENROLL, waiting, endDate=on(0))) == [("INVALID", "input.endDate")]
    assert faults(await desk.change(DISENROLL, waiting)) == []


async def test_a_dry_run_decides_and_stores_nothing(desk: Desk) -> None:
    group = await desk.group(seats=1)
    before = await stored(desk.engine)
    payload = await desk.enroll(group, 1, startDate=on(3), dryRun=True)
    assert (payload["decision"], payload["enrollment"]["startDate"]) == (
        {"status": "ENROLLED", "waitlistPosition": None},
        on(3),
    )
    await desk.enrolled(group, 2)
    after_one = await stored(desk.engine)
    assert (await desk.enroll(group, 1, dryRun=True))["decision"] == {"status": "WAITLISTED", "waitlistPosition": 1}
    assert before.enrollments == []
    assert await stored(desk.engine) == after_one
    async with desk.engine.connect() as connection:
        patients = await connection.scalars(select(access_log.c.patient_ids).order_by(access_log.c.id))
        assert sorted(patients) == [["patient-1"], ["patient-1"], ["patient-2"]]


async def test_an_enrollment_names_its_conflicts_with_other_groups(desk: Desk) -> None:
    morning, skills = await desk.group(), await desk.group(seats=1)
    own, other = await desk.session(skills, 2), await desk.session(morning, 2)
    for days in (-2, 70):
        await desk.session(skills, days)
        await desk.session(morning, days)
    await desk.session(skills, 3, time(9))
    await desk.session(morning, 3, time(10))
    await desk.enrolled(morning, 1, startDate=on(-5))
    for dry_run in (True, False):
        [conflict] = (await desk.enroll(skills, 1, startDate=on(-5), dryRun=dry_run))["conflicts"]
        assert {session["id"] for session in conflict["occurrences"]} == {str(own), str(other)}
        assert (conflict["kind"], conflict["patient"]["registryId"]) == ("PATIENT", "patient-1")
    assert (await desk.enroll(skills, 2, dryRun=True))["conflicts"] == []
    await desk.enrolled(morning, 3, startDate=on(3))
    assert (await desk.enroll(skills, 3, dryRun=True))["conflicts"] == []
    await desk.enrolled(morning, 4)
    waits = await desk.enroll(skills, 4, dryRun=True)
    assert (waits["decision"]["status"], len(waits["conflicts"])) == ("WAITLISTED", 1)
    assert (await desk.enroll(skills, 4, dryRun=True, endDate=on(1)))["conflicts"] == []


@pytest.mark.parametrize("lacking", [PermissionKey.GROUP_ENROLLMENTS_VIEW, PermissionKey.GROUP_SCHEDULE_VIEW])
async def test_conflicts_need_the_keys_of_schedules_and_enrollments(
    engine: Database, desk: Desk, lacking: PermissionKey
) -> None:
    groups = [await desk.group(), await desk.group()]
    for group in groups:
        await desk.session(group, 2)
    await desk.enrolled(groups[0], 1)
    document = """mutation ($input: EnrollPatientInput!) { enrollPatient(input: $input) {
      conflicts { kind } decision { status } userErrors { code } } }"""
    variables = {"input": {"groupDefinitionId": str(groups[1]), "patientId": "patient-1", "dryRun": True}}
    clinic = Clinic(engine, lambda: NOON, uuid7, "America/Phoenix", 6)
    async with clients_of(make_app(clinic)) as clients:
        payload = (await (await clients()).execute(document, variables))["enrollPatient"]
        assert payload["conflicts"] == [{"kind": "PATIENT"}]
        client = await clients(permissions=[key for key in PermissionKey if key is not lacking])
        payload = (await client.execute(document, variables))["enrollPatient"]
    assert payload == {"conflicts": [], "decision": {"status": "ENROLLED"}, "userErrors": []}
