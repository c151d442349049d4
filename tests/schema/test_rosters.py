"""Who is expected at a session, and the sessions of a patient, over HTTP with both executors."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select, update

from db.connections.engine import Database
from db.tables import access_log, occurrences
from resolvers.caller import PermissionKey
from tests.schema.test_statement_counts import count
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app, refused
from tests.support.clinic import clinic as clinic_at
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

NOW: Final = datetime(2027, 1, 12, 19, tzinfo=UTC)
"""Tuesday noon in Phoenix."""
LONG_AGO: Final = datetime(2026, 6, 1, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = (date(2027, 1, day) for day in (11, 12, 13))
ROSTER: Final = (
    """query ($id: ID!) { occurrence(id: $id) { expected roster { totalCount nodes { patient { id } } } } }"""
)
CALENDAR: Final = """query ($id: ID!, $from: Date!, $through: Date!) { patient(id: $id) {
  occurrences(from: $from, through: $through) { totalCount nodes { id sessionDate startTime } } } }"""


@pytest.fixture(params=["compiled", "graphql-core"])
async def clients(engine: Database, request: pytest.FixtureRequest) -> AsyncIterator[ApiClients]:
    await seed(engine, ORGANIZATION, patient_count=12)
    async with clients_of(make_app(clinic_at(engine, NOW), compiled=request.param == "compiled")) as clients:
        yield clients


async def seat(engine: Database, group: UUID, number: int, since: datetime, until: datetime | None = None) -> UUID:
    """Add a seat of a patient from an instant, until another one if it has ended."""
    left = {} if until is None else {"status": "DISENROLLED", "disenrolled_at": until}
    [id_] = await add_enrollments(engine, group, [f"patient-{number}"], ORGANIZATION, enrolled_at=since, **left)
    return id_


async def roster_of(client: ApiClient, session: UUID) -> list[str]:
    """Return the numbers of the patients expected at a session. The three ways to count them must agree."""
    occurrence = (await client.execute(ROSTER, {"id": str(session)}))["occurrence"]
    numbers = [node["patient"]["id"].removeprefix("patient:patient-") for node in occurrence["roster"]["nodes"]]
    assert occurrence["expected"] == occurrence["roster"]["totalCount"] == len(numbers)
    return numbers


async def calendar_of(client: ApiClient, number: int, first: date = MONDAY, last: date = WEDNESDAY) -> list[str]:
    """Return the ids of the sessions at which a patient is expected."""
    variables = {"id": f"patient-{number}", "from": first.isoformat(), "through": last.isoformat()}
    page = (await client.execute(CALENDAR, variables))["patient"]["occurrences"]
    assert page["totalCount"] == len(page["nodes"])
    return [node["id"] for node in page["nodes"]]


async def cancel(engine: Database, session: UUID) -> None:
    values = {"status": "CANCELLED", "cancelled_at": NOW, "cancellation_reason": "Snow"}
    async with engine.begin() as connection:
        await connection.execute(update(occurrences).where(occurrences.c.id == session).values(**values))


async def test_a_past_session_shows_who_was_there_then(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Anger", ORGANIZATION)
    past, _, coming = await add_sessions(engine, group, [MONDAY, TUESDAY, WEDNESDAY], ORGANIZATION)
    await seat(engine, group, 1, LONG_AGO)
    await seat(engine, group, 2, LONG_AGO, until=NOW - timedelta(hours=1))
    await seat(engine, group, 3, NOW - timedelta(hours=1))
    client = await clients()
    assert await roster_of(client, past) == ["1", "2"]
    assert await roster_of(client, coming) == ["1", "3"]


async def test_a_patient_disenrolled_at_ten_is_not_expected_at_two(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Anger", ORGANIZATION)
    times = {"start_time": time(14), "end_time": time(15)}
    [morning] = await add_sessions(engine, group, [TUESDAY], ORGANIZATION)
    [afternoon] = await add_sessions(engine, group, [TUESDAY], ORGANIZATION, **times)
    await seat(engine, group, 1, LONG_AGO, until=datetime(2027, 1, 12, 17, tzinfo=UTC))  # ten in Phoenix
    client = await clients()
    assert [await roster_of(client, session) for session in (morning, afternoon)] == [["1"], []]
    assert await calendar_of(client, 1) == [str(morning)]


async def test_nobody_is_expected_without_a_seat_or_at_a_cancelled_session(
    engine: Database, clients: ApiClients
) -> None:
    group = await add_group(engine, "Anger", ORGANIZATION)
    first, second = await add_sessions(engine, group, [MONDAY, WEDNESDAY], ORGANIZATION)
    await cancel(engine, second)
    await seat(engine, group, 1, LONG_AGO)
    waits: dict[str, Any] = {"status": "WAITLISTED", "enrolled_at": None, "waitlist_position": 1}
    await add_enrollments(engine, group, ["patient-2"], ORGANIZATION, waitlisted_at=LONG_AGO, **waits)
    removed = {"status": "DISENROLLED", "disenrolled_at": NOW, "deleted_at": NOW}
    await add_enrollments(engine, group, ["patient-3"], ORGANIZATION, enrolled_at=LONG_AGO, **removed)
    client = await clients()
    assert [await roster_of(client, session) for session in (first, second)] == [["1"], []]
    assert [await calendar_of(client, number) for number in (1, 2, 3)] == [[str(first)], [], []]


async def test_a_patient_with_two_enrollments_in_a_group_is_expected_once(
    engine: Database, clients: ApiClients
) -> None:
    group = await add_group(engine, "Anger", ORGANIZATION)
    monday, wednesday = await add_sessions(engine, group, [MONDAY, WEDNESDAY], ORGANIZATION)
    old = await seat(engine, group, 1, LONG_AGO, until=NOW)
    new = await seat(engine, group, 1, LONG_AGO + timedelta(days=1))
    client = await clients()
    assert [await roster_of(client, session) for session in (monday, wednesday)] == [["1"], ["1"]]
    assert await calendar_of(client, 1) == [str(monday), str(wednesday)]
    query = f'{{ occurrence(id: "{monday}") {{ roster {{ nodes {{ id }} }} }} }}'
    [node] = (await client.execute(query))["occurrence"]["roster"]["nodes"]
    assert node["id"] == str(max(old, new))


async def test_a_calendar_has_the_sessions_of_all_groups_in_order(engine: Database, clients: ApiClients) -> None:
    evening = {"start_time": time(18), "end_time": time(19)}
    first, second = [await add_group(engine, name, ORGANIZATION) for name in ("Anger", "Grief")]
    late, later = await add_sessions(engine, first, [MONDAY, WEDNESDAY], ORGANIZATION, **evening)
    early, _ = await add_sessions(engine, second, [MONDAY, date(2027, 1, 20)], ORGANIZATION)
    for group in (first, second):
        await seat(engine, group, 1, LONG_AGO)
    client = await clients()
    assert await calendar_of(client, 1) == [str(early), str(late), str(later)]
    assert await calendar_of(client, 1, TUESDAY, WEDNESDAY) == [str(later)]
    query = '{ patient(id: "patient-1") { occurrences(from: "2027-01-12", through: "2027-01-11") { totalCount } } }'
    assert await refused(client, query) == "`through` must not be before `from`."


async def test_each_list_needs_its_own_key(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Anger", ORGANIZATION)
    [session] = await add_sessions(engine, group, [MONDAY], ORGANIZATION)
    await seat(engine, group, 1, LONG_AGO)
    scheduler = await clients(permissions=[PermissionKey.GROUP_SCHEDULE_VIEW])
    response = await scheduler.try_execute(ROSTER, {"id": str(session)})
    assert response["data"]["occurrence"] == {"expected": 1, "roster": None}
    assert [error["path"] for error in response["errors"]] == [["occurrence", "roster"]]
    assert response["errors"][0]["extensions"]["requiredPermission"] == "pm.group_enrollments.view"
    nurse = await clients(permissions=[PermissionKey.GROUP_ENROLLMENTS_VIEW])
    variables = {"id": "patient-1", "from": "2027-01-11", "through": "2027-01-11"}
    response = await nurse.try_execute(CALENDAR, variables)
    assert response["data"]["patient"] == {"occurrences": None}
    assert response["errors"][0]["extensions"]["requiredPermission"] == "pm.group_schedule.view"
    assert await logged(engine) == [["patient-1"]]


async def test_another_organization_has_no_such_session(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Anger", ORGANIZATION)
    [session] = await add_sessions(engine, group, [MONDAY], ORGANIZATION)
    await seat(engine, group, 1, LONG_AGO)
    await seed(engine, "org-other")
    stranger = await clients(organization="org-other")
    assert (await stranger.execute(ROSTER, {"id": str(session)}))["occurrence"] is None
    assert await calendar_of(stranger, 1) == []


async def test_the_access_log_has_the_patients_of_the_rosters_once_a_request(
    engine: Database, clients: ApiClients
) -> None:
    group = await add_group(engine, "Anger", ORGANIZATION)
    sessions = await add_sessions(engine, group, [MONDAY, WEDNESDAY], ORGANIZATION)
    for number in range(1, 6):
        await seat(engine, group, number, LONG_AGO)
    client = await clients()
    await client.execute("{ occurrences { nodes { expected roster { totalCount } } } }")
    assert await logged(engine) == []
    await client.execute("{ occurrences { nodes { expected roster(first: 3) { nodes { id } } } } }")
    assert await logged(engine) == [["patient-1", "patient-2", "patient-3"]]
    await roster_of(client, sessions[0])
    assert (await logged(engine))[1] == [f"patient-{number}" for number in range(1, 6)]


async def logged(engine: Database) -> list[list[str]]:
    """Return the patients of each row of the access log."""
    async with engine.connect() as connection:
        return sorted(await connection.scalars(select(access_log.c.patient_ids)))


async def test_the_statements_of_200_rosters_are_those_of_two(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    query = """{ occurrences(first: 200) { nodes { expected
      roster(first: 5) { totalCount nodes { patient { displayName
        occurrences(from: "2027-01-01", through: "2027-12-31", first: 3) { totalCount nodes { expected } }
      } } } } } }"""
    counts = []
    for group_count, day_count in ((1, 2), (5, 40)):
        for number in range(group_count):
            group = await add_group(engine, f"Group {group_count}.{number}", ORGANIZATION, max_capacity=12)
            days = [MONDAY + timedelta(days=day) for day in range(day_count)]
            await add_sessions(engine, group, days, ORGANIZATION, start_time=time(8 + number), end_time=time(20))
            for patient in range(1, 13):
                await seat(engine, group, patient, LONG_AGO)
        counts.append(await count(client, query))
    assert counts[0] == counts[1]
    # Sessions, their numbers, rosters, patients, calendars, their lengths, those numbers, and the access log's two.
    assert counts[0] <= 9
