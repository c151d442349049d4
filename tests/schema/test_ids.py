"""Ids are unique across types, and an id of one type is never read as one of another."""

from typing import Any

import pytest
from sqlalchemy import insert

from db.connections.engine import Database
from db.tables import locations, patients, staff_members
from schema.schema import schema
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.marked_clinic import MarkedClinic

pytestmark = pytest.mark.anyio

# One registry id of three records, and ids of two records that look like ids of other types in the API.
SHARED, LIKE_STAFF, LIKE_PATIENT = "p-17", "staff:p-17", "patient:p-17"
LIKE_API_IDS = (LIKE_STAFF, LIKE_PATIENT, "location:p-17", "urn:p-17", ":p-17")

PEOPLE = """query ($patient: ID!) {
  patient(id: $patient) { id registryId displayName }
}"""
CREATE_GROUP = """mutation ($facilitator: ID!, $co: ID, $location: ID) {
  createGroupDefinition(input: {name: "Group", groupType: THERAPY, maxCapacity: 3, durationMinutes: 60,
    facilitatorId: $facilitator, coFacilitatorId: $co, locationId: $location}) {
    groupDefinition { id facilitator { id registryId displayName } coFacilitator { id } location { id registryId }
      history { nodes { changes { field after } } } }
    userErrors { code field } } }"""
UPDATE_GROUP = """mutation ($group: ID!, $facilitator: ID, $co: ID, $location: ID) {
  updateGroupDefinition(input: {id: $group, facilitatorId: $facilitator, coFacilitatorId: $co, locationId: $location}) {
    groupDefinition { facilitator { id } coFacilitator { id } location { id } } userErrors { code field } } }"""
CREATE_SESSION = """mutation ($group: ID!, $facilitator: ID, $co: ID, $location: ID) {
  createOccurrence(input: {groupDefinitionId: $group, sessionDate: "2034-01-02", startTime: "08:00:00",
    facilitatorId: $facilitator, coFacilitatorId: $co, locationId: $location}) {
    occurrence { id facilitator { id } coFacilitator { id } location { id } } userErrors { code field } } }"""
UPDATE_SESSION = """mutation ($session: ID!, $facilitator: ID, $co: ID, $location: ID) {
  updateOccurrence(input: {id: $session, facilitatorId: $facilitator, coFacilitatorId: $co, locationId: $location}) {
    occurrence { facilitator { id } coFacilitator { id } location { id } } userErrors { code field } } }"""
ENROLL = """mutation ($group: ID!, $patient: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: $patient}) {
    enrollment { patient { id registryId } history { nodes { changes { field after } } } }
    userErrors { code field } } }"""
FILTERED = """query ($facilitator: ID, $location: ID) {
  groupDefinitions(filter: {facilitatorId: $facilitator, locationId: $location}) { totalCount }
  occurrences(filter: {facilitatorId: $facilitator, locationId: $location}) { totalCount } }"""


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    owner = {"organization_id": ORGANIZATION, "search_text": "", "active": True}
    async with engine.begin() as connection:
        for registry_id in (SHARED, *LIKE_API_IDS):
            named = {**owner, "id": registry_id, "display_name": f"Staff {registry_id}"}
            await connection.execute(insert(staff_members).values(**named))
            named = {**named, "display_name": f"Patient {registry_id}", "medical_record_number": registry_id}
            await connection.execute(insert(patients).values(**named))
            place = {**owner, "id": registry_id, "site": registry_id, "time_zone": "America/Phoenix"}
            await connection.execute(insert(locations).values(**place))
    return await app_client()


async def test_records_with_one_registry_id_have_different_ids(client: ApiClient) -> None:
    data = await client.execute(
        """{ patients { nodes { id registryId } } staffMembers { nodes { id registryId } }
        locations { edges { node { id registryId } } } }"""
    )
    places = [edge["node"] for edge in data["locations"]["edges"]]
    nodes = [("patient:", data["patients"]["nodes"]), ("staff:", data["staffMembers"]["nodes"]), ("location:", places)]
    for prefix, records in nodes:
        assert {record["registryId"] for record in records} == {SHARED, *LIKE_API_IDS}
        assert all(record["id"] == prefix + record["registryId"] for record in records)


@pytest.mark.parametrize("registry_id", [SHARED, *LIKE_API_IDS])
async def test_a_node_is_of_the_type_of_its_prefix(client: ApiClient, registry_id: str) -> None:
    query = """query ($id: ID!) { node(id: $id) { id __typename ... on Patient { registryId }
      ... on StaffMember { registryId } ... on Location { registryId } } }"""
    for prefix, kind in (("patient:", "Patient"), ("staff:", "StaffMember"), ("location:", "Location")):
        node = (await client.execute(query, {"id": prefix + registry_id}))["node"]
        assert node == {"id": prefix + registry_id, "__typename": kind, "registryId": registry_id}


@pytest.mark.parametrize(
    "id_", [SHARED, "urn:p-17", ":p-17", "Patient:p-17", " patient:p-17", "patient:", "", "nobody"]
)
async def test_a_node_is_not_found_by_a_registry_id(client: ApiClient, id_: str) -> None:
    assert (await client.execute("query ($id: ID!) { node(id: $id) { id } }", {"id": id_})) == {"node": None}


async def test_a_patient_is_found_by_either_id(client: ApiClient) -> None:
    for text in (SHARED, f"patient:{SHARED}", LIKE_PATIENT):
        patient = (await client.execute(PEOPLE, {"patient": text}))["patient"]
        assert patient == {"id": "patient:p-17", "registryId": SHARED, "displayName": "Patient p-17"}
    for text in ("urn:p-17", f"patient:{LIKE_STAFF}"):
        assert (await client.execute(PEOPLE, {"patient": text}))["patient"]["registryId"] == text.removeprefix(
            "patient:"
        )


@pytest.mark.parametrize("other", [LIKE_STAFF, "location:p-17", "patient:", "staff:", ""])
async def test_a_patient_is_not_found_by_an_id_of_another_type(client: ApiClient, other: str) -> None:
    assert await client.execute(PEOPLE, {"patient": other}) == {"patient": None}
    group = await _group(client)
    payload = (await client.execute(ENROLL, {"group": group, "patient": other}))["enrollPatient"]
    assert payload == {"enrollment": None, "userErrors": [{"code": "NOT_FOUND", "field": ["input", "patientId"]}]}


async def test_inputs_take_either_id(client: ApiClient) -> None:
    ids = {
        "facilitator": {"id": "staff:p-17"},
        "coFacilitator": {"id": "staff:urn:p-17"},
        "location": {"id": "location:p-17"},
    }
    for facilitator, co, location in (
        (SHARED, "urn:p-17", SHARED),
        ("staff:p-17", "staff:urn:p-17", "location:p-17"),
    ):
        people = {"facilitator": facilitator, "co": co, "location": location}
        group = await _group(client)
        payload = (await client.execute(UPDATE_GROUP, {"group": group, **people}))["updateGroupDefinition"]
        assert payload == {"groupDefinition": ids, "userErrors": []}
        payload = (await client.execute(CREATE_SESSION, {"group": group, **people}))["createOccurrence"]
        session = payload["occurrence"].pop("id")
        assert payload == {"occurrence": ids, "userErrors": []}
        payload = (await client.execute(UPDATE_SESSION, {"session": session, **people}))["updateOccurrence"]
        assert payload == {"occurrence": ids, "userErrors": []}
        assert await client.execute(FILTERED, {"facilitator": co, "location": location}) != {
            "groupDefinitions": {"totalCount": 0},
            "occurrences": {"totalCount": 0},
        }
        payload = await client.execute(ENROLL, {"group": group, "patient": facilitator.replace("staff", "patient")})
        assert payload["enrollPatient"]["enrollment"]["patient"] == {"id": "patient:p-17", "registryId": SHARED}


async def test_inputs_read_no_id_of_another_type(client: ApiClient) -> None:
    group = await _group(client)
    wrong = {"facilitator": "patient:p-17", "co": "location:p-17", "location": "staff:p-17"}
    unknown = [
        {"code": "NOT_FOUND", "field": ["input", field]} for field in ("facilitatorId", "coFacilitatorId", "locationId")
    ]
    create = (await client.execute(CREATE_GROUP, wrong))["createGroupDefinition"]
    assert create == {"groupDefinition": None, "userErrors": unknown}
    update = (await client.execute(UPDATE_GROUP, {"group": group, **wrong}))["updateGroupDefinition"]
    assert update == {"groupDefinition": None, "userErrors": unknown}
    session = (await client.execute(CREATE_SESSION, {"group": group}))["createOccurrence"]["occurrence"]["id"]
    create = (await client.execute(CREATE_SESSION, {"group": group, **wrong}))["createOccurrence"]
    assert create == {"occurrence": None, "userErrors": unknown}
    update = (await client.execute(UPDATE_SESSION, {"session": session, **wrong}))["updateOccurrence"]
    assert update == {"occurrence": None, "userErrors": unknown}
    nothing = {"groupDefinitions": {"totalCount": 0}, "occurrences": {"totalCount": 0}}
    assert await client.execute(FILTERED, {"facilitator": "patient:p-17"}) == nothing
    assert await client.execute(FILTERED, {"location": "staff:p-17"}) == nothing


async def test_histories_contain_registry_ids(client: ApiClient) -> None:
    people = {"facilitator": "staff:p-17", "co": None, "location": "location:urn:p-17"}
    group = (await client.execute(CREATE_GROUP, people))["createGroupDefinition"]["groupDefinition"]
    assert _after(group)["facilitatorId"] == SHARED
    assert _after(group)["locationId"] == "urn:p-17"
    payload = await client.execute(ENROLL, {"group": group["id"], "patient": "patient:p-17"})
    assert _after(payload["enrollPatient"]["enrollment"])["patientId"] == SHARED


async def test_every_type_with_ids_is_found_by_node(engine: Database, app_client: ApiClients) -> None:
    client = await app_client()
    clinic = await MarkedClinic.seeded(engine, ORGANIZATION)
    group = await clinic.add_group()
    ids = [
        group.id,
        group.session,
        group.past,
        group.closure,
        group.changes[0],
        "staff:s1",
        "location:l1",
        "patient:patient-id-1",
    ]
    query = "query ($id: ID!) { node(id: $id) { __typename id } }"
    nodes = [(await client.execute(query, {"id": id_}))["node"] for id_ in ids]
    assert [node["id"] for node in nodes] == ids
    core = schema._schema
    possible = core.get_possible_types(core.type_map["Node"])  # type: ignore[arg-type]  # Node is an interface
    assert {node["__typename"] for node in nodes} == {kind.name for kind in possible}


async def _group(client: ApiClient) -> str:
    payload = (await client.execute(CREATE_GROUP, {"facilitator": SHARED}))["createGroupDefinition"]
    assert payload["userErrors"] == []
    return str(payload["groupDefinition"]["id"])


def _after(record: dict[str, Any]) -> dict[str, str]:
    return {change["field"]: change["after"] for change in record["history"]["nodes"][0]["changes"]}
