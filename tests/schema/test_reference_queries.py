"""Lists of patients, staff and locations over HTTP: searches, pages, and cursors, which contain no names."""

import base64

import pytest
from sqlalchemy import update

from db.connections.engine import Database
from db.tables import locations, staff_members
from resolvers.caller import PermissionKey
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, refused
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client()


async def test_reference_lists_are_searched(client: ApiClient) -> None:
    data = await client.execute(
        """{ patients(search: "patient 3", first: 1) { totalCount nodes { id medicalRecordNumber birthDate active } }
        staffMembers(search: "STAFF") { nodes { id } } locations(search: "denv") { nodes { site room timeZone } }
        all: locations { nodes { site } } viewer { organizationId permissions } }"""
    )
    assert data["patients"]["nodes"] == [
        {"id": "patient:patient-3", "medicalRecordNumber": "MR3", "birthDate": None, "active": True}
    ]
    assert [node["id"] for node in data["staffMembers"]["nodes"]] == ["staff:staff-1", "staff:staff-2"]
    assert data["locations"]["nodes"] == [{"site": "Denver", "room": None, "timeZone": "America/Denver"}]
    assert [node["site"] for node in data["all"]["nodes"]] == ["Denver", "Phoenix"]
    assert data["viewer"] == {
        "organizationId": ORGANIZATION,
        "permissions": sorted(key.value for key in PermissionKey),
    }


async def test_lists_are_searched_by_words_in_any_order(client: ApiClient, engine: Database) -> None:
    await add_group(engine, "Jean-Luc's Grief & Loss", ORGANIZATION)
    query = """query ($text: String) { patients(search: $text) { totalCount nodes { displayName } }
      staffMembers(search: $text) { nodes { id } } locations(search: $text) { nodes { site } }
      groupDefinitions(filter: {search: $text}) { totalCount nodes { name } } }"""
    for text in ("loss, jean luc", "JEANLUCS grie", "lo\u200bss gri"):
        data = await client.execute(query, {"text": text})
        assert data["groupDefinitions"] == {"totalCount": 1, "nodes": [{"name": "Jean-Luc's Grief & Loss"}]}
    data = await client.execute(query, {"text": "3 tient"})
    assert data["patients"] == {"totalCount": 1, "nodes": [{"displayName": "Patient 3"}]}
    assert (await client.execute(query, {"text": "2 STAFF"}))["staffMembers"]["nodes"] == [{"id": "staff:staff-2"}]
    assert (await client.execute(query, {"text": "VER den"}))["locations"]["nodes"] == [{"site": "Denver"}]


async def test_lists_are_narrowed_to_active_records(client: ApiClient, engine: Database) -> None:
    async with engine.begin() as connection:
        for table, id_ in ((staff_members, "staff-2"), (locations, "denver")):
            await connection.execute(update(table).where(table.c.id == id_).values(active=False))
    query = """query ($text: String, $active: Boolean) {
      patients(search: $text, active: $active) { totalCount nodes { registryId active } }
      staffMembers(search: $text, active: $active) { totalCount nodes { registryId active } }
      locations(search: $text, active: $active) { totalCount nodes { registryId active } } }"""
    patients = [f"patient-{number}" for number in range(1, 9)]
    expected = {
        None: (*patients, "inactive", "staff-1", "staff-2", "denver", "phoenix"),
        True: (*patients, "staff-1", "phoenix"),
        False: ("inactive", "staff-2", "denver"),
    }
    for active, ids in expected.items():
        data = await client.execute(query, {"active": active})
        nodes = [node for name in ("patients", "staffMembers", "locations") for node in data[name]["nodes"]]
        assert tuple(node["registryId"] for node in nodes) == ids
        assert sum(connection["totalCount"] for connection in data.values()) == len(ids)
        assert {node["active"] for node in nodes} == ({True, False} if active is None else {active})
    data = await client.execute(query, {"active": False, "text": "den"})
    assert [connection["totalCount"] for connection in data.values()] == [0, 0, 1]
    data = await client.execute(query, {"active": True, "text": "patient 3"})
    assert [connection["totalCount"] for connection in data.values()] == [1, 0, 0]


async def test_a_search_has_at_most_ten_words(client: ApiClient) -> None:
    query = '{ patients(search: "%s") { totalCount } }'
    ten = " ".join(f"w{number}" for number in range(10))
    assert (await client.execute(query % ten))["patients"]["totalCount"] == 0
    assert "at most 10 words" in await refused(client, query % f"{ten} more")


async def test_a_cursor_of_an_unknown_patient_is_refused(client: ApiClient) -> None:
    query = '{ patients(first: 1, after: "%s") { nodes { id } } }'
    nobody = base64.urlsafe_b64encode(b'["patients","nobody"]').decode().rstrip("=")
    assert "not a valid cursor" in await refused(client, query % nobody)
    [last] = (await client.execute("{ patients { edges { cursor } } }"))["patients"]["edges"][-1:]
    assert (await client.execute(query % last["cursor"]))["patients"]["nodes"] == []


async def test_the_cursor_of_a_patient_contains_no_name(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION, patient_count=5)
    client = await app_client()
    query = "query ($after: String) { patients(first: 2, after: $after) { edges { cursor node { displayName } } } }"
    names: list[str] = []
    after = None
    for _page in range(3):
        edges = (await client.execute(query, {"after": after}))["patients"]["edges"]
        for edge in edges:
            padded = edge["cursor"] + "=" * (-len(edge["cursor"]) % 4)
            assert edge["node"]["displayName"] not in base64.urlsafe_b64decode(padded).decode()
        names += [edge["node"]["displayName"] for edge in edges]
        after = edges[-1]["cursor"]
    assert names == [*(f"Patient {n}" for n in range(1, 6)), "Patient Gone"]
