"""Queries over HTTP: lists and their filters, nested pages, ids, permissions, and what they cost."""

import base64
import gc
from datetime import date, time, timedelta
from typing import Any

import pytest

from db.connections.engine import Database
from db.queries.pages import Slice
from executor import CompiledExecutor
from resolvers.caller import PermissionKey
from resolvers.loader import Loader
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, refused
from tests.support.clinic import NOW, THEIRS, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio
DAY = date(2026, 11, 22)

NESTED = """{ groupDefinitions(first: 200) { totalCount nodes {
  name facilitator { displayName } capacity { enrolled status }
  occurrences(first: 3) { totalCount nodes { sessionDate startTime facilitator { displayName } } }
  enrollments(first: 3) { totalCount nodes { status patient { displayName } } } } } }"""


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client()


async def names(client: ApiClient, arguments: str) -> list[str]:
    data = await client.execute(f"{{ groupDefinitions{arguments} {{ nodes {{ name }} }} }}")
    return [node["name"] for node in data["groupDefinitions"]["nodes"]]


async def test_twelve_groups_cost_the_statements_of_two(engine: Database, client: ApiClient) -> None:
    costs = []
    for number in range(12):
        group = await add_group(engine, f"Group {number}", ORGANIZATION)
        await add_sessions(engine, group, [DAY + timedelta(days=n) for n in range(4)], ORGANIZATION)
        await add_enrollments(engine, group, ["patient-1", "patient-2"], ORGANIZATION)
        if number in {1, 11}:
            response = await client.send(NESTED)
            body = response.json()
            assert "errors" not in body, body
            costs.append(response.headers["Server-Timing"].split("desc=")[1].strip('"').split()[0])
    assert costs[0] == costs[1]
    assert int(costs[0]) <= 10
    assert body["data"]["groupDefinitions"]["totalCount"] == 12
    last = body["data"]["groupDefinitions"]["nodes"][-1]
    assert last["capacity"] == {"enrolled": 2, "status": "FULL"}
    assert last["occurrences"]["totalCount"] == 4
    assert len(last["occurrences"]["nodes"]) == 3
    assert last["occurrences"]["nodes"][0] == {
        "sessionDate": "2026-11-22",
        "startTime": "09:00:00",
        "facilitator": {"displayName": "Staff 1"},
    }
    assert [node["patient"]["displayName"] for node in last["enrollments"]["nodes"]] == ["Patient 1", "Patient 2"]


async def test_records_by_id_are_read_together(engine: Database, client: ApiClient) -> None:
    first, second = [await add_group(engine, name, ORGANIZATION) for name in ("First", "Second")]
    both = f'{{ a: groupDefinition(id: "{first}") {{ name }} b: groupDefinition(id: "{second}") {{ name }} }}'
    response = await client.send(both)
    assert response.json()["data"] == {"a": {"name": "First"}, "b": {"name": "Second"}}
    assert 'desc="1"' in response.headers["Server-Timing"]


async def test_groups_are_filtered(engine: Database, client: ApiClient) -> None:
    full = await add_group(engine, "Étoile 100%", ORGANIZATION, max_capacity=1, location_id="denver")
    await add_enrollments(engine, full, ["patient-1"], ORGANIZATION)
    over = await add_group(engine, "Over_capacity", ORGANIZATION, max_capacity=1, group_type="IOP")
    await add_enrollments(engine, over, ["patient-1", "patient-2"], ORGANIZATION)
    removed = {"status": "DISENROLLED", "disenrolled_at": NOW, "deleted_at": NOW}
    leads = {"facilitator_id": "staff-2", "co_facilitator_id": "staff-1"}
    free = await add_group(engine, "1000 overs", ORGANIZATION, **leads)
    await add_enrollments(engine, free, ["patient-1", "patient-2"], ORGANIZATION, **removed)
    await add_group(engine, "Zero, deleted", ORGANIZATION, deleted_at=NOW, facilitator_id="staff-2")
    await seed(engine, THEIRS)
    await add_group(engine, "Theirs", THEIRS)
    assert sorted(await names(client, "")) == ["1000 overs", "Over_capacity", "Étoile 100%"]
    assert await names(client, '(filter: {search: "etoile"})') == ["Étoile 100%"]
    assert await names(client, '(filter: {search: "100%"})') == ["Étoile 100%"]
    assert await names(client, '(filter: {search: "OVER_"})') == ["Over_capacity"]
    assert await names(client, "(filter: {groupType: [IOP, PHP]})") == ["Over_capacity"]
    assert await names(client, "(filter: {groupType: []})") == []
    assert await names(client, '(filter: {facilitatorId: "staff-2"})') == ["1000 overs"]
    assert "1000 overs" in await names(client, '(filter: {facilitatorId: "staff-1"})')
    assert await names(client, '(filter: {locationId: "denver"})') == ["Étoile 100%"]
    assert await names(client, "(filter: {capacityStatus: [FULL]})") == ["Étoile 100%"]
    assert await names(client, "(filter: {capacityStatus: [OVER_CAPACITY]})") == ["Over_capacity"]
    assert await names(client, "(filter: {capacityStatus: [OPEN]})") == ["1000 overs"]
    assert len(await names(client, "(filter: {includeDeleted: true})")) == 4


async def test_cursors_page_through_a_list_in_both_directions(engine: Database, client: ApiClient) -> None:
    for name in "abcde":
        await add_group(engine, name, ORGANIZATION)
    query = """query ($first: Int, $after: String, $last: Int, $before: String) {
      groupDefinitions(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

    async def page(**arguments: Any) -> tuple[str, dict[str, Any]]:
        listed = (await client.execute(query, arguments))["groupDefinitions"]
        assert listed["pageInfo"]["endCursor"] == listed["edges"][-1]["cursor"]
        return "".join(edge["node"]["name"] for edge in listed["edges"]), listed["pageInfo"]

    names_of_page, info = await page(first=2)
    assert (names_of_page, info["hasNextPage"], info["hasPreviousPage"]) == ("ab", True, False)
    names_of_page, info = await page(first=3, after=info["endCursor"])
    assert (names_of_page, info["hasNextPage"], info["hasPreviousPage"]) == ("cde", False, True)
    names_of_page, info = await page(last=2)
    assert (names_of_page, info["hasNextPage"], info["hasPreviousPage"]) == ("de", False, True)
    names_of_page, info = await page(last=3, before=info["startCursor"])
    assert (names_of_page, info["hasNextPage"], info["hasPreviousPage"]) == ("abc", True, False)


@pytest.mark.parametrize(
    "arguments",
    [
        "first: 0",
        "first: 201",
        "last: 0",
        "last: -1",
        "first: 1, last: 1",
        'after: ""',
        'after: "x"',
        'after: "Incorrect padding"',
        'before: "W10"',
        'after: "ö"',
        'filter: {search: "\\u0000"}',
        'filter: {facilitatorId: "\\u0000"}',
    ],
)
async def test_invalid_sizes_cursors_and_characters_are_refused(client: ApiClient, arguments: str) -> None:
    words = await refused(client, f"{{ groupDefinitions({arguments}) {{ totalCount }} }}")
    assert "padding" not in words


async def test_a_cursor_belongs_to_its_order(engine: Database, client: ApiClient) -> None:
    await add_group(engine, "a", ORGANIZATION)
    data = await client.execute("{ groupDefinitions { pageInfo { endCursor } } }")
    end = data["groupDefinitions"]["pageInfo"]["endCursor"]
    words = await refused(client, f'{{ groupDefinitions(orderBy: NAME_DESC, after: "{end}") {{ totalCount }} }}')
    assert "another order" in words
    for keys in ('["groups:NAME_ASC","a"]', '["groups:NAME_ASC",1,"x"]', '["groups:NAME_ASC","a","no uuid"]'):
        forged = base64.urlsafe_b64encode(keys.encode()).decode()
        assert "not a valid cursor" in await refused(
            client, f'{{ groupDefinitions(after: "{forged}") {{ totalCount }} }}'
        )


async def test_the_calendar_is_filtered_by_day_status_and_staff(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "a", ORGANIZATION)
    cancelled = {"status": "CANCELLED", "cancelled_at": NOW, "cancellation_reason": "snow"}
    await add_sessions(engine, group, [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)], ORGANIZATION)
    later = {"start_time": time(14), "co_facilitator_id": "staff-2", **cancelled}
    await add_sessions(engine, group, [DAY], ORGANIZATION, **later)

    async def days(filter_: str) -> list[str]:
        data = await client.execute(f"{{ occurrences(filter: {{{filter_}}}) {{ nodes {{ sessionDate startTime }} }} }}")
        return [f"{node['sessionDate'][-2:]}T{node['startTime'][:2]}" for node in data["occurrences"]["nodes"]]

    assert await days("") == ["22T09", "22T14", "23T09", "24T09"]
    assert await days('from: "2026-11-23", through: "2026-11-23"') == ["23T09"]
    assert await days("status: [CANCELLED, COMPLETED]") == ["22T14"]
    assert await days('facilitatorId: "staff-2"') == ["22T14"]
    window = '{from: "2026-11-23", through: "2026-11-22"}'
    assert "before" in await refused(client, f"{{ occurrences(filter: {window}) {{ totalCount }} }}")


async def test_a_nested_field_without_its_key_is_null_and_the_rest_is_returned(
    engine: Database, client: ApiClient, app_client: ApiClients
) -> None:
    group = await add_group(engine, "a", ORGANIZATION)
    await add_enrollments(engine, group, ["patient-1"], ORGANIZATION)
    limited = await app_client(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
    body = await limited.try_execute(
        "{ groupDefinitions { nodes { name enrollments { totalCount } occurrences { totalCount } } } }"
    )
    [node] = body["data"]["groupDefinitions"]["nodes"]
    assert node == {"name": "a", "enrollments": None, "occurrences": None}
    errors = {error["path"][-1]: error["extensions"] for error in body["errors"]}
    assert errors["enrollments"]["code"] == errors["occurrences"]["code"] == "FORBIDDEN"
    assert errors["enrollments"]["requiredPermission"] == "pm.group_enrollments.view"
    assert errors["occurrences"]["requiredPermission"] == "pm.group_schedule.view"


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("groupDefinitions { totalCount }", "pm.group_definitions.view"),
        ('groupDefinition(id: "nonsense") { id }', "pm.group_definitions.view"),
        ("occurrences { totalCount }", "pm.group_schedule.view"),
        ('occurrence(id: "nonsense") { id }', "pm.group_schedule.view"),
        ('enrollment(id: "nonsense") { id }', "pm.group_enrollments.view"),
        ('patient(id: "patient-1") { id }', "pm.group_enrollments.view"),
        ("patients { totalCount }", "pm.group_enrollments.view"),
        ("staffMembers { totalCount }", "pm.group_definitions.view"),
        ("locations { totalCount }", "pm.group_definitions.view"),
        (
            'recurrencePreview(recurrence: {rule: "FREQ=DAILY", startDate: "2026-11-22", startTime: "09:00"}) {dates}',
            "pm.group_schedule.view",
        ),
    ],
)
async def test_a_query_without_its_key_is_denied_before_any_statement(
    app_client: ApiClients, query: str, key: str
) -> None:
    everything_else = [other for other in PermissionKey if other.value != key]
    response = await (await app_client(permissions=everything_else)).send(f"{{ {query} }}")
    [error] = response.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["requiredPermission"]) == ("FORBIDDEN", key)
    assert 'desc="0' in response.headers["Server-Timing"]


async def test_a_node_is_returned_only_to_callers_who_may_view_its_type(
    engine: Database, client: ApiClient, app_client: ApiClients
) -> None:
    group = await add_group(engine, "a", ORGANIZATION)
    [session] = await add_sessions(engine, group, [DAY], ORGANIZATION)
    [enrollment] = await add_enrollments(engine, group, ["patient-1"], ORGANIZATION)
    stranger = await app_client(organization="another")
    blind = await app_client(permissions=[PermissionKey.GROUP_DEFINITIONS_CREATE])
    for id_, kind in [
        (group, "GroupDefinition"),
        (session, "Occurrence"),
        (enrollment, "Enrollment"),
        ("staff:staff-1", "StaffMember"),
        ("location:phoenix", "Location"),
        ("patient:patient-1", "Patient"),
    ]:
        query = f'{{ node(id: "{id_}") {{ id __typename }} }}'
        assert (await client.execute(query))["node"] == {"id": str(id_), "__typename": kind}
        assert (await stranger.execute(query))["node"] is None
        assert (await blind.execute(query))["node"] is None


async def test_another_organizations_ids_do_not_exist(
    engine: Database, client: ApiClient, app_client: ApiClients
) -> None:
    group = await add_group(engine, "a", ORGANIZATION)
    [session] = await add_sessions(engine, group, [DAY], ORGANIZATION)
    [enrollment] = await add_enrollments(engine, group, ["patient-1"], ORGANIZATION)
    stranger = await app_client(organization="another")
    data = await stranger.execute(
        f"""{{ groupDefinition(id: "{group}") {{ id }} occurrence(id: "{session}") {{ id }}
        enrollment(id: "{enrollment}") {{ id }} patient(id: "patient-1") {{ id }}
        groupDefinitions {{ totalCount }} occurrences {{ totalCount }} patients {{ totalCount }} }}"""
    )
    assert [value for name, value in data.items() if not name.endswith("s")] == [None] * 4
    assert [value["totalCount"] for name, value in data.items() if name.endswith("s")] == [0, 0, 0]
    assert "UUID" in await refused(client, '{ groupDefinition(id: "7") { id } }')


async def test_removed_enrollments_leave_lists_and_counts_but_keep_their_page(
    engine: Database, client: ApiClient
) -> None:
    group = await add_group(engine, "a", ORGANIZATION)
    removed = {"status": "DISENROLLED", "disenrolled_at": NOW, "deleted_at": NOW}
    [gone] = await add_enrollments(engine, group, ["patient-1"], ORGANIZATION, **removed)
    waiting = {"status": "WAITLISTED", "enrolled_at": None, "waitlisted_at": NOW, "waitlist_position": 1}
    await add_enrollments(engine, group, ["patient-2"], ORGANIZATION, **waiting)
    await add_enrollments(engine, group, ["patient-3"], ORGANIZATION)
    data = await client.execute(
        f"""{{ enrollment(id: "{gone}") {{ deletedAt groupDefinition {{
          enrollments {{ totalCount nodes {{ patient {{ id enrollments {{ totalCount }} }} }} }}
          waiting: enrollments(status: [WAITLISTED]) {{ totalCount }} capacity {{ enrolled waitlisted }} }} }}
          patient(id: "patient-1") {{ enrollments {{ totalCount nodes {{ id }} }} }} }}"""
    )
    group_data = data["enrollment"]["groupDefinition"]
    assert data["enrollment"]["deletedAt"] == NOW.isoformat()
    assert [node["patient"]["id"] for node in group_data["enrollments"]["nodes"]] == [
        "patient:patient-3",
        "patient:patient-2",
    ]
    assert (group_data["enrollments"]["totalCount"], group_data["waiting"]["totalCount"]) == (2, 1)
    assert group_data["capacity"] == {"enrolled": 1, "waitlisted": 1}
    assert data["patient"]["enrollments"] == {"totalCount": 0, "nodes": []}


def names_a_patient(value: object) -> bool:
    return isinstance(value, set | frozenset) and "patient-1" in value


async def test_the_records_of_a_request_are_freed_after_its_response(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    await add_sessions(engine, group, [DAY], ORGANIZATION)
    await add_enrollments(engine, group, ["patient-1"], ORGANIZATION)
    gc.collect()
    gc.disable()
    try:
        await client.execute(NESTED)
        nobody = '{groupDefinitionId: "none", patientId: "nobody"}'
        await client.execute(
            f"mutation {{ enrollPatient(input: {nobody}) {{ enrollment {{ id }} userErrors {{ code }} }} }}"
        )
        left = [
            item
            for item in gc.get_objects()
            if isinstance(item, Slice | Loader | CompiledExecutor) or names_a_patient(item)
        ]
    finally:
        gc.enable()
    assert left == []
