"""Conflicts over HTTP: of a window of days, and of sessions."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.connections.engine import Database
from db.tables import access_log
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.schema.test_statement_counts import statements_of
from tests.support.api_client import ORGANIZATION, ApiClients, clients_of, make_app, refused
from tests.support.clinic import THEIRS, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CONFLICTS = """query ($kinds: [ConflictKind!], $group: ID, $from: Date = "2026-11-01", $through: Date = "2026-12-31") {
  conflicts(from: $from, through: $through, kinds: $kinds, groupDefinitionId: $group) {
    totalCount
    nodes { kind startsAt endsAt message
      occurrences { id conflicts { kind } } staffMember { id } location { site room } }
    edges { cursor }
    pageInfo { hasNextPage hasPreviousPage }
  } }"""
PATIENTS = """{ conflicts(from: "2026-11-01", through: "2026-12-31", kinds: [PATIENT]) {
  totalCount nodes { message patient { id displayName } } edges { cursor } } }"""
OF_SESSION = "query ($id: ID!) { occurrence(id: $id) { conflicts { kind message patient { id } } } }"


@pytest.fixture(params=["compiled", "graphql-core"])
async def clients(request: pytest.FixtureRequest, engine: Database, clinic: Clinic) -> AsyncIterator[ApiClients]:
    """Clients of a server with each executor."""
    await seed(engine, ORGANIZATION)
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield clients


async def overlapping(engine: Database, organization: str = ORGANIZATION) -> tuple[list[UUID], list[UUID]]:
    """Add two groups that meet from 9:00 to 10:00 and from 9:30 to 10:30. Return the groups and their sessions."""
    groups, sessions = [], []
    for number, start in enumerate((time(9), time(9, 30))):
        group = await add_group(engine, f"Group {number}", organization)
        groups.append(group)
        sessions += await add_sessions(engine, group, [DAY], organization, start_time=start, location_id="phoenix")
        await add_enrollments(engine, group, ["patient-1", f"patient-{number + 2}"], organization, enrolled_at=LONG_AGO)
    return groups, sessions


async def test_a_window_lists_its_conflicts(engine: Database, clients: ApiClients) -> None:
    _, sessions = await overlapping(engine)
    data = await (await clients()).execute(CONFLICTS)
    page = data["conflicts"]
    assert page["totalCount"] == 3
    assert page["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": False}
    assert [node["kind"] for node in page["nodes"]] == ["FACILITATOR", "LOCATION", "PATIENT"]
    of_each = [{"kind": kind} for kind in ("FACILITATOR", "LOCATION", "PATIENT")]
    assert page["nodes"][0] == {
        "kind": "FACILITATOR",
        "startsAt": "2026-12-01T16:30:00+00:00",
        "endsAt": "2026-12-01T17:00:00+00:00",
        "message": "A facilitator is in two sessions at once on Dec 1, from 9:30 AM to 10:00 AM.",
        "occurrences": [{"id": str(session), "conflicts": of_each} for session in sessions],
        "staffMember": {"id": "staff:staff-1"},
        "location": None,
    }
    assert page["nodes"][1]["location"] == {"site": "Phoenix", "room": "Room 1"}


async def test_kinds_and_a_group_narrow_the_list(engine: Database, clients: ApiClients) -> None:
    groups, _ = await overlapping(engine)
    other = await add_group(engine, "Other", ORGANIZATION)
    await add_sessions(engine, other, [DAY, DAY + timedelta(days=1)], ORGANIZATION, start_time=time(9, 45))
    client = await clients()

    async def kinds(**variables: Any) -> list[str]:
        return [node["kind"] for node in (await client.execute(CONFLICTS, variables))["conflicts"]["nodes"]]

    assert await kinds() == ["FACILITATOR", "LOCATION", "PATIENT", "FACILITATOR", "FACILITATOR"]
    assert await kinds(kinds=["LOCATION", "GROUP"]) == ["LOCATION"]
    assert await kinds(kinds=[]) == []
    assert await kinds(group=str(groups[0])) == ["FACILITATOR", "LOCATION", "PATIENT", "FACILITATOR"]
    assert await kinds(group=str(other), kinds=["FACILITATOR", "PATIENT"]) == ["FACILITATOR"] * 2
    assert await kinds(group="01930000-0000-7000-8000-000000000000") == []
    assert await kinds(**{"from": "2026-12-02"}) == []


async def test_groups_at_a_site_without_a_room_do_not_clash(engine: Database, clients: ApiClients) -> None:
    for number in (1, 2):
        group = await add_group(engine, f"Group {number}", ORGANIZATION)
        await add_sessions(engine, group, [DAY], ORGANIZATION, location_id="denver", facilitator_id=f"staff-{number}")
    assert (await (await clients()).execute(CONFLICTS))["conflicts"]["nodes"] == []


async def test_cancelled_and_touching_sessions_have_no_conflicts(engine: Database, clients: ApiClients) -> None:
    group, other = [await add_group(engine, name, ORGANIZATION) for name in ("A", "B")]
    cancelled = {"status": "CANCELLED", "cancelled_at": LONG_AGO, "cancellation_reason": "snow"}
    await add_sessions(engine, group, [DAY], ORGANIZATION)
    await add_sessions(engine, other, [DAY], ORGANIZATION, start_time=time(10))
    [session] = await add_sessions(engine, other, [DAY], ORGANIZATION, **cancelled)
    client = await clients()
    assert (await client.execute(CONFLICTS))["conflicts"]["nodes"] == []
    assert (await client.execute(OF_SESSION, {"id": str(session)}))["occurrence"]["conflicts"] == []


async def test_overlapping_sessions_of_a_group_are_one_conflict(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    await add_enrollments(engine, group, ["patient-1", "patient-2"], ORGANIZATION, enrolled_at=LONG_AGO)
    for start in (time(9), time(9, 30)):
        await add_sessions(engine, group, [DAY], ORGANIZATION, start_time=start, location_id="phoenix")
    [conflict] = (await (await clients()).execute(CONFLICTS))["conflicts"]["nodes"]
    assert (conflict["kind"], len(conflict["occurrences"])) == ("GROUP", 2)


async def test_sessions_on_closed_days_conflict_with_the_closure(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    sessions = await add_sessions(engine, group, [DAY, DAY + timedelta(days=1)], ORGANIZATION, location_id="phoenix")
    await add_sessions(engine, group, [DAY + timedelta(days=1)], ORGANIZATION, start_time=time(13))
    client = await clients()
    close = "mutation ($input: CreateClosureInput!) { createClosure(input: $input) { closure { id } } }"
    days = {"from": "2026-12-02", "through": "2026-12-02"}
    ids = [
        (await client.execute(close, {"input": {"name": name, **days, **place}}))["createClosure"]["closure"]["id"]
        for name, place in (("Flood", {"locationId": "phoenix"}), ("Snow", {"locationId": "denver"}))
    ]
    query = """{ conflicts(from: "2026-12-01", through: "2026-12-03") { nodes {
      kind startsAt endsAt message occurrences { id } closure { id name } } } }"""
    [conflict] = (await client.execute(query))["conflicts"]["nodes"]
    assert conflict == {
        "kind": "CLOSURE",
        "startsAt": "2026-12-02T16:00:00+00:00",
        "endsAt": "2026-12-02T17:00:00+00:00",
        "message": "A session takes place although its location is closed on Dec 2, from 9:00 AM to 10:00 AM.",
        "occurrences": [{"id": str(sessions[1])}],
        "closure": {"id": ids[0], "name": "Flood"},
    }


async def test_a_patient_conflict_names_the_patient_only_in_its_field(engine: Database, clients: ApiClients) -> None:
    _, sessions = await overlapping(engine)
    client = await clients()
    page = (await client.execute(PATIENTS))["conflicts"]
    [node] = page["nodes"]
    assert node == {
        "message": "A patient is expected at two sessions at once on Dec 1, from 9:30 AM to 10:00 AM.",
        "patient": {"id": "patient:patient-1", "displayName": "Patient 1"},
    }
    cursor = page["edges"][0]["cursor"]
    assert b"patient" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert await patients_in_log(engine) == [["patient-1"]]
    await client.execute(OF_SESSION, {"id": str(sessions[0])})
    assert await patients_in_log(engine) == [["patient-1"], ["patient-1"]]


async def test_conflicts_of_patients_are_left_out_without_their_key(engine: Database, clients: ApiClients) -> None:
    _, sessions = await overlapping(engine)
    client = await clients(permissions=[PermissionKey.GROUP_SCHEDULE_VIEW])
    page = (await client.execute(CONFLICTS))["conflicts"]
    assert [node["kind"] for node in page["nodes"]] == ["FACILITATOR", "LOCATION"]
    assert page["totalCount"] == 2
    query = "query ($id: ID!) { occurrence(id: $id) { conflicts { kind } } }"
    of_session = (await client.execute(query, {"id": str(sessions[0])}))["occurrence"]["conflicts"]
    assert of_session == [{"kind": "FACILITATOR"}, {"kind": "LOCATION"}]
    denied = await client.try_execute(PATIENTS)
    assert denied["data"]["conflicts"]["nodes"] == []
    assert await patients_in_log(engine) == []


async def test_conflicts_need_the_key_of_schedules(engine: Database, clients: ApiClients) -> None:
    await overlapping(engine)
    others = set(PermissionKey) - {PermissionKey.GROUP_SCHEDULE_VIEW}
    body = await (await clients(permissions=others)).try_execute(CONFLICTS)
    assert body["data"] == {"conflicts": None}
    [error] = body["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "requiredPermission": "pm.group_schedule.view"}


async def test_another_organization_has_no_part_in_conflicts(engine: Database, clients: ApiClients) -> None:
    await seed(engine, THEIRS)
    await overlapping(engine, THEIRS)
    [ours] = await add_sessions(engine, await add_group(engine, "Ours", ORGANIZATION), [DAY], ORGANIZATION)
    client = await clients()
    assert (await client.execute(CONFLICTS))["conflicts"]["nodes"] == []
    assert (await client.execute(OF_SESSION, {"id": str(ours)}))["occurrence"]["conflicts"] == []
    theirs = await clients(organization=THEIRS)
    assert (await theirs.execute(CONFLICTS))["conflicts"]["totalCount"] == 3


async def test_a_window_has_at_most_62_days(clients: ApiClients) -> None:
    client = await clients()
    query = '{ conflicts(from: "2026-11-01", through: "%s") { totalCount } }'
    assert (await client.execute(query % "2027-01-01"))["conflicts"] == {"totalCount": 0}
    message = "The days from `from` through `through` must be at most 62."
    assert await refused(client, query % "2027-01-02") == message
    assert await refused(client, query % "2026-10-31") == "`through` must not be before `from`."
    assert "years" in await refused(client, query % "2200-01-02")
    group = '{ conflicts(from: "2026-11-01", through: "2026-11-02", groupDefinitionId: "x") { totalCount } }'
    assert "`groupDefinitionId` must be a UUID" in await refused(client, group)


@pytest.mark.parametrize("cursor", ["x", "WyJjb25mbGljdHMiXQ", "WyJvY2N1cnJlbmNlcyJd"])
async def test_a_cursor_of_another_list_is_refused(clients: ApiClients, cursor: str) -> None:
    query = f'{{ conflicts(from: "2026-11-01", through: "2026-11-02", after: "{cursor}") {{ totalCount }} }}'
    assert "`after` is" in await refused(await clients(), query)


async def test_pages_in_both_directions_are_parts_of_one_list(engine: Database, clients: ApiClients) -> None:
    await overlapping(engine)
    for start in (time(9), time(9, 15), time(9, 45)):
        await add_sessions(
            engine, await add_group(engine, str(start), ORGANIZATION), [DAY], ORGANIZATION, start_time=start
        )
    client = await clients()
    whole = (await client.execute(CONFLICTS))["conflicts"]
    cursors = [edge["cursor"] for edge in whole["edges"]]
    assert len(cursors) == len(set(cursors)) == whole["totalCount"] == 12

    async def page(arguments: str) -> tuple[list[str], bool, bool]:
        query = f"""{{ conflicts(from: "2026-11-01", through: "2026-12-31", {arguments}) {{
          edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
        part = (await client.execute(query))["conflicts"]
        found, info = [edge["cursor"] for edge in part["edges"]], part["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == ((found[0], found[-1]) if found else (None, None))
        return found, info["hasNextPage"], info["hasPreviousPage"]

    assert await page("first: 5") == (cursors[:5], True, False)
    assert await page(f'first: 5, after: "{cursors[4]}"') == (cursors[5:10], True, True)
    assert await page(f'first: 5, after: "{cursors[9]}"') == (cursors[10:], False, True)
    assert await page("last: 5") == (cursors[7:], False, True)
    assert await page(f'last: 5, before: "{cursors[7]}"') == (cursors[2:7], True, True)
    assert await page(f'last: 5, before: "{cursors[2]}"') == (cursors[:2], True, False)
    assert await page(f'first: 5, after: "{cursors[11]}"') == ([], False, True)


LISTED = """{ occurrences(first: 200) { nodes { id conflicts {
  kind startsAt message occurrences { id status }
  staffMember { displayName } location { site } patient { displayName } } } } }"""


async def test_conflicts_of_many_sessions_take_the_statements_of_two(
    engine: Database, clients: ApiClients, clinic: Clinic
) -> None:
    await overlapping(engine)
    client = await clients()
    few = statements_of(await client.send(LISTED))
    for number in range(15):
        group = await add_group(engine, f"More {number}", ORGANIZATION)
        await add_sessions(engine, group, [DAY + timedelta(days=number % 4)], ORGANIZATION, location_id="denver")
        await add_enrollments(engine, group, ["patient-1"], ORGANIZATION, enrolled_at=LONG_AGO)
    many = await client.send(LISTED)
    assert "errors" not in many.json()
    # The sessions, four for conflicts, four for their records, and the access log's.
    assert statements_of(many) == few <= 10
    async with clients_of(make_app(clinic, compiled=False)) as plain:
        assert (await (await plain()).send(LISTED)).json()["data"] == many.json()["data"]


async def test_a_window_takes_four_statements(engine: Database, clients: ApiClients) -> None:
    query = '{ conflicts(from: "2026-11-01", through: "2026-12-31") { totalCount nodes { kind startsAt message } } }'
    client = await clients(permissions=[PermissionKey.GROUP_SCHEDULE_VIEW])
    assert statements_of(await client.send(query)) == 2
    await overlapping(engine)
    assert statements_of(await client.send(query)) == 2 + 1  # which of their locations have no room
    assert statements_of(await (await clients()).send(query)) == 3 + 1 + 1  # and the access log's


async def patients_in_log(engine: Database) -> list[list[str]]:
    async with engine.connect() as connection:
        return list(await connection.scalars(select(access_log.c.patient_ids).order_by(access_log.c.id)))
