"""Closures over HTTP: as a coordinator creates, edits, lists and deletes them."""

from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from db.connections.engine import Database
from db.tables import audit_log, closures, locations, occurrences
from domain.search_text import search_text
from resolvers.caller import PermissionKey
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, refused
from tests.support.clinic import THEIRS, seed
from tests.support.clinic_rows import add_group, add_sessions
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

CREATE = """mutation ($input: CreateClosureInput!) { createClosure(input: $input) {
  closure { id name from through version location { id site } history { nodes { action actorId } } }
  affected { id status } affectedCount userErrors { code field message } } }"""
UPDATE = """mutation ($input: UpdateClosureInput!) { updateClosure(input: $input) {
  closure { id name from through version location { id } } affected { id } affectedCount
  userErrors { code field } } }"""
DELETE = """mutation ($input: DeleteClosureInput!) { deleteClosure(input: $input) {
  deletedId userErrors { code field } } }"""
LIST = """query ($from: Date, $through: Date, $locationId: ID, $first: Int, $after: String) {
  closures(from: $from, through: $through, locationId: $locationId, first: $first, after: $after) {
    totalCount nodes { id name } pageInfo { hasNextPage endCursor } } }"""
PREVIEW = """query ($location: ID, $first: Int, $rule: String = "FREQ=DAILY") { recurrencePreview(
  recurrence: {rule: $rule, startDate: "2026-12-24", startTime: "09:00"}, through: "2027-01-01", first: $first,
  locationId: $location) { dates closedDates summary userErrors { code field } } }"""
NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on Closure { name from through } } }"
HISTORY = """query ($id: ID!) { node(id: $id) { ... on Closure { history { nodes {
  id action actorId changes { field before after } } } } } }"""

DAY = date(2026, 12, 24)
HOLIDAY = {"name": " Holiday ", "from": "2026-12-24", "through": "2026-12-25"}


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def new_closure(client: ApiClient, **values: Any) -> str:
    payload = await payload_of(client, CREATE, **{**HOLIDAY, **values})
    assert payload["userErrors"] == []
    return str(payload["closure"]["id"])


async def names(client: ApiClient, **arguments: Any) -> list[str]:
    """Return the names of the listed closures."""
    page = (await client.execute(LIST, arguments))["closures"]
    assert page["totalCount"] >= len(page["nodes"])
    return [node["name"] for node in page["nodes"]]


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    """A client of an administrator of a clinic: the site Tempe with two rooms, and a room in Phoenix."""
    await seed(engine, ORGANIZATION)
    owner = {"organization_id": ORGANIZATION, "site": "Tempe", "time_zone": "America/Phoenix"}
    async with engine.begin() as connection:
        for room in (None, "1", "2"):
            row = {**owner, "id": f"tempe-{room or 0}", "room": room, "search_text": search_text("Tempe", room)}
            await connection.execute(insert(locations).values(row))
    return await app_client(subject="scheduler")


async def test_a_closure_through_its_whole_life(engine: Database, client: ApiClient) -> None:
    created = await payload_of(client, CREATE, **HOLIDAY, locationId="location:tempe-0")
    closure_id = created["closure"].pop("id")
    assert created == {
        "closure": {
            "name": "Holiday",
            "from": "2026-12-24",
            "through": "2026-12-25",
            "version": 1,
            "location": {"id": "location:tempe-0", "site": "Tempe"},
            "history": {"nodes": [{"action": "created", "actorId": "scheduler"}]},
        },
        "affected": [],
        "affectedCount": 0,
        "userErrors": [],
    }
    edited = await payload_of(client, UPDATE, id=closure_id, expectedVersion=1, through="2026-12-31", locationId=None)
    assert edited["closure"] == {
        "id": closure_id,
        "name": "Holiday",
        "from": "2026-12-24",
        "through": "2026-12-31",
        "version": 2,
        "location": None,
    }
    assert (await client.execute(NODE, {"id": closure_id}))["node"] == {
        "__typename": "Closure",
        "id": closure_id,
        "name": "Holiday",
        "from": "2026-12-24",
        "through": "2026-12-31",
    }
    [entry, _] = (await client.execute(HISTORY, {"id": closure_id}))["node"]["history"]["nodes"]
    assert (entry["action"], entry["actorId"], entry["changes"]) == (
        "updated",
        "scheduler",
        [
            {"field": "through", "before": "2026-12-25", "after": "2026-12-31"},
            {"field": "locationId", "before": "tempe-0", "after": None},
        ],
    )
    deleted = await payload_of(client, DELETE, id=closure_id, expectedVersion=2)
    assert deleted == {"deletedId": closure_id, "userErrors": []}
    assert await names(client) == []
    assert await client.execute(NODE, {"id": closure_id}) == {"node": None}
    # The history of a deleted closure stays readable.
    assert (await client.execute(NODE, {"id": entry["id"]}))["node"]["__typename"] == "AuditEntry"
    for mutation in (UPDATE, DELETE):
        gone = await payload_of(client, mutation, id=closure_id)
        assert gone["userErrors"] == [{"code": "NOT_FOUND", "field": ["input", "id"]}]
    async with engine.connect() as connection:
        actions = await connection.scalars(select(audit_log.c.action).order_by(audit_log.c.id))
        assert actions.all() == ["created", "updated", "deleted"]
    await assert_invariants(engine)


async def test_all_faults_of_a_closure_are_reported_at_once(engine: Database, client: ApiClient) -> None:
    payload = await payload_of(
        client, CREATE, name=" ", **{"from": "1999-12-31", "through": "2101-01-01"}, locationId="staff:staff-1"
    )
    assert payload.pop("userErrors") == [
        {"code": "REQUIRED", "field": ["input", "name"], "message": "The name must not be blank."},
        *(
            {
                "code": "OUT_OF_RANGE",
                "field": ["input", field],
                "message": "The date must be between 2000-01-01 and 2100-12-31.",
            }
            for field in ("from", "through")
        ),
        {"code": "NOT_FOUND", "field": ["input", "locationId"], "message": "No location has this id."},
    ]
    assert payload == {"closure": None, "affected": [], "affectedCount": 0}
    async with engine.connect() as connection:
        assert (await connection.execute(select(closures))).all() == []
    for through, message in (
        ("2026-12-23", "`through` must not be before `from`."),
        ("2027-12-25", "A closure may last at most 366 days. Create another one for the days after."),
    ):
        payload = await payload_of(client, CREATE, **{**HOLIDAY, "through": through})
        assert payload["userErrors"] == [{"code": "OUT_OF_RANGE", "field": ["input", "through"], "message": message}]
    assert await new_closure(client, through="2027-12-24")


async def test_an_edit_reports_its_faults_and_changes_nothing(client: ApiClient) -> None:
    closure_id = await new_closure(client, locationId="tempe-1")
    for values, errors in (
        ({"name": None}, [("REQUIRED", "name")]),
        ({"from": None, "through": None}, [("REQUIRED", "from"), ("REQUIRED", "through")]),
        ({"from": "2026-12-26"}, [("OUT_OF_RANGE", "from")]),
        (
            {"through": "2026-12-01", "locationId": "nowhere"},
            [("OUT_OF_RANGE", "through"), ("NOT_FOUND", "locationId")],
        ),
        ({"name": "x" * 201, "locationId": "patient:tempe-1"}, [("OUT_OF_RANGE", "name"), ("NOT_FOUND", "locationId")]),
        ({"expectedVersion": 2, "name": "Late"}, [("VERSION_CONFLICT", "expectedVersion")]),
    ):
        payload = await payload_of(client, UPDATE, id=closure_id, **values)
        assert payload["closure"] is None
        assert [(error["code"], error["field"][-1]) for error in payload["userErrors"]] == errors
    stale = await payload_of(client, DELETE, id=closure_id, expectedVersion=7)
    assert stale == {
        "deletedId": None,
        "userErrors": [{"code": "VERSION_CONFLICT", "field": ["input", "expectedVersion"]}],
    }
    unchanged = await payload_of(client, UPDATE, id=closure_id, name="Holiday")
    assert unchanged["closure"]["version"] == 1
    assert unchanged["closure"]["location"] == {"id": "location:tempe-1"}


async def test_a_closure_names_the_sessions_that_it_hits_and_cancels_none(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    hit: dict[str, list[UUID]] = {}
    for hour, place in enumerate(("tempe-0", "tempe-1", "phoenix"), start=9):
        days = [DAY + timedelta(days=number) for number in range(3)]
        columns: dict[str, Any] = {"location_id": place, "start_time": time(hour)}
        hit[place] = await add_sessions(engine, group, days, ORGANIZATION, **columns)
    nowhere = await add_sessions(engine, group, [DAY], ORGANIZATION, start_time=time(8))
    payload = await payload_of(client, CREATE, **HOLIDAY, locationId="tempe-0")
    expected = [str(hit[place][day]) for day in (0, 1) for place in ("tempe-0", "tempe-1")]
    assert payload["affected"] == [{"id": id_, "status": "SCHEDULED"} for id_ in expected]
    assert payload["affectedCount"] == 4
    edits: dict[str, Any] = {"through": "2026-12-24", "locationId": None}
    payload = await payload_of(client, UPDATE, id=payload["closure"]["id"], **edits)
    everywhere = [str(session) for session in (nowhere[0], *(sessions[0] for sessions in hit.values()))]
    assert sorted(session["id"] for session in payload["affected"]) == sorted(everywhere)
    async with engine.connect() as connection:
        assert set(await connection.scalars(select(occurrences.c.status))) == {"SCHEDULED"}
        assert set(await connection.scalars(select(occurrences.c.version))) == {1}


async def test_a_dry_run_names_the_sessions_and_stores_nothing(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    [session] = await add_sessions(engine, group, [DAY], ORGANIZATION)
    affected = [{"id": str(session)}]
    dry = await payload_of(client, CREATE, **HOLIDAY, dryRun=True)
    assert dry["affected"] == [{"id": str(session), "status": "SCHEDULED"}]
    assert await names(client) == []
    closure_id = await new_closure(client, **{"from": "2026-12-25"})
    dry = await payload_of(client, UPDATE, id=closure_id, name="Dry", dryRun=True, **{"from": "2026-12-24"})
    assert (dry["closure"]["name"], dry["closure"]["version"], dry["affected"]) == ("Dry", 2, affected)
    dry = await payload_of(client, DELETE, id=closure_id, dryRun=True)
    assert dry == {"deletedId": closure_id, "userErrors": []}
    assert await names(client) == ["Holiday"]
    stale = await payload_of(client, DELETE, id=closure_id, dryRun=True, expectedVersion=2)
    assert [error["code"] for error in stale["userErrors"]] == ["VERSION_CONFLICT"]
    async with engine.connect() as connection:
        assert (await connection.scalars(select(audit_log.c.action))).all() == ["created"]


async def test_closures_are_listed_by_their_first_day(client: ApiClient) -> None:
    for name, first, last in (
        ("later", "2027-01-01", "2027-01-01"),
        ("longest", "2026-01-01", "2027-01-01"),
        ("inside", "2026-12-24", "2026-12-26"),
        ("same day", "2026-12-24", "2026-12-24"),
    ):
        await new_closure(client, name=name, **{"from": first, "through": last})
    assert await names(client) == ["longest", "inside", "same day", "later"]
    assert await names(client, **{"from": "2026-12-25"}) == ["longest", "inside", "later"]
    assert await names(client, **{"from": "2027-01-02"}) == []
    assert await names(client, through="2026-12-24") == ["longest", "inside", "same day"]
    assert await names(client, **{"from": "2026-12-26", "through": "2026-12-31"}) == ["longest", "inside"]
    first = (await client.execute(LIST, {"first": 2, "from": "2026-12-01"}))["closures"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (4, True)
    after = first["pageInfo"]["endCursor"]
    assert await names(client, first=2, after=after, **{"from": "2026-12-01"}) == ["same day", "later"]
    query = '{ closures(from: "2026-12-25", through: "2026-12-24") { totalCount } }'
    assert await refused(client, query) == "`through` must not be before `from`."


async def test_a_location_lists_the_closures_that_close_it(client: ApiClient) -> None:
    for place in (None, "tempe-0", "tempe-1", "phoenix"):
        await new_closure(client, name=place or "all", locationId=place)
    for location_id, expected in (
        ("tempe-0", ["all", "tempe-0"]),
        ("location:tempe-1", ["all", "tempe-0", "tempe-1"]),
        ("tempe-2", ["all", "tempe-0"]),
        ("phoenix", ["all", "phoenix"]),
        ("denver", ["all"]),
        ("nowhere", []),
        ("staff:tempe-1", []),
    ):
        assert await names(client, locationId=location_id) == expected, location_id


async def test_another_organization_knows_nothing_of_a_closure(
    engine: Database, app_client: ApiClients, client: ApiClient
) -> None:
    await seed(engine, THEIRS)
    closure_id = await new_closure(client)
    entry = (await client.execute(HISTORY, {"id": closure_id}))["node"]["history"]["nodes"][0]["id"]
    theirs = await app_client(organization=THEIRS)
    assert await names(theirs) == []
    for id_ in (closure_id, entry):
        assert await theirs.execute(NODE, {"id": id_}) == {"node": None}
    for mutation in (UPDATE, DELETE):
        payload = await payload_of(theirs, mutation, id=closure_id)
        assert payload["userErrors"] == [{"code": "NOT_FOUND", "field": ["input", "id"]}]
    payload = await payload_of(theirs, CREATE, **HOLIDAY, locationId="tempe-0")
    assert [error["code"] for error in payload["userErrors"]] == ["NOT_FOUND"]
    assert await names(client) == ["Holiday"]


async def test_closures_are_read_only_with_the_view_key(app_client: ApiClients, client: ApiClient) -> None:
    closure_id = await new_closure(client)
    entry = (await client.execute(HISTORY, {"id": closure_id}))["node"]["history"]["nodes"][0]["id"]
    others = await app_client(permissions=[key for key in PermissionKey if key != PermissionKey.GROUP_SCHEDULE_VIEW])
    for id_ in (closure_id, entry):
        assert await others.execute(NODE, {"id": id_}) == {"node": None}
    response = await others.try_execute(LIST)
    assert response["data"] == {"closures": None}
    assert [error["extensions"]["requiredPermission"] for error in response["errors"]] == ["pm.group_schedule.view"]
    viewer = await app_client(permissions=[PermissionKey.GROUP_SCHEDULE_VIEW])
    assert await names(viewer) == ["Holiday"]


async def test_a_preview_leaves_closed_days_out_and_names_them(client: ApiClient) -> None:
    for name, first, last, place in (
        ("year", "2027-01-01", "2027-01-01", None),
        ("site", "2026-12-26", "2026-12-28", "tempe-0"),
        ("room", "2026-12-24", "2026-12-24", "tempe-1"),
        ("elsewhere", "2026-12-25", "2026-12-25", "phoenix"),
    ):
        await new_closure(client, name=name, locationId=place, **{"from": first, "through": last})
    for location_id, size, dates, closed_dates in (
        (None, 4, "24 25 26 27", ""),
        ("tempe-2", 4, "24 25 29 30", "26 27 28"),
        ("location:tempe-1", 4, "25 29 30 31", "24 26 27 28"),
        ("tempe-1", 3, "25 29 30", "24 26 27 28"),
        ("tempe-1", 1, "25", "24"),
        ("phoenix", 50, "24 26 27 28 29 30 31", "25 32"),
    ):
        arguments = {"location": location_id, "first": size}
        preview = (await client.execute(PREVIEW, arguments))["recurrencePreview"]
        assert preview == {
            "dates": [_december(day) for day in dates.split()],
            "closedDates": [_december(day) for day in closed_dates.split()],
            "summary": "Daily at 9:00 AM",
            "userErrors": [],
        }, arguments


async def test_a_preview_at_an_unknown_location_is_refused(client: ApiClient) -> None:
    not_found = {"code": "NOT_FOUND", "field": ["locationId"]}
    for location_id in ("nowhere", "staff:tempe-0"):
        preview = (await client.execute(PREVIEW, {"location": location_id, "first": 9}))["recurrencePreview"]
        assert preview == {"dates": [], "closedDates": [], "summary": None, "userErrors": [not_found]}
    preview = (await client.execute(PREVIEW, {"location": "nowhere", "rule": "FREQ=NEVER"}))["recurrencePreview"]
    assert [error["code"] for error in preview["userErrors"]] == ["INVALID_RECURRENCE_RULE", "NOT_FOUND"]


def _december(day: str) -> str:
    return (date(2026, 12, 1) + timedelta(days=int(day) - 1)).isoformat()


async def test_a_repeated_request_creates_one_closure(client: ApiClient) -> None:
    body = {"query": CREATE, "variables": {"input": HOLIDAY}}
    first, repeat = [
        await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "key-1"}) for _ in range(2)
    ]
    assert (repeat.headers["Idempotency-Replayed"], repeat.content) == ("true", first.content)
    assert await names(client) == ["Holiday"]


async def test_statements_do_not_depend_on_the_number_of_closures_and_sessions(
    engine: Database, client: ApiClient
) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    query = """{ closures { totalCount nodes { name location { site } history { nodes { actor { id } } } } } }"""
    counts = []
    for number in (1, 10):
        days = [DAY + timedelta(days=30 * number + day) for day in range(number)]
        await add_sessions(engine, group, days, ORGANIZATION, location_id="tempe-1")
        statements = []
        for place in ("tempe-0", "tempe-1", None) * number:
            days_of = {"from": days[0].isoformat(), "through": days[-1].isoformat()}
            response = await client.send(CREATE, {"input": {**HOLIDAY, **days_of, "locationId": place}})
            assert len(response.json()["data"]["createClosure"]["affected"]) == number
            statements.append(response.headers["Server-Timing"].split("desc=")[1])
        response = await client.send(query)
        counts.append([*statements[:3], response.headers["Server-Timing"].split("desc=")[1]])
    assert counts[0] == counts[1]
