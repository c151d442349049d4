"""Entries of histories by their ids, and the staff who made the changes."""

import pytest
from sqlalchemy import select

from db.connections.engine import Database
from db.tables import access_log
from resolvers.caller import PermissionKey
from tests.support.api_client import ORGANIZATION, ApiClients
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group
from tests.support.marked_clinic import MarkedClinic

pytestmark = pytest.mark.anyio

NODE = """query ($id: ID!) { node(id: $id) { __typename id ... on AuditEntry {
  action actorId actor { id displayName } changes { field } } } }"""
HISTORY = """query ($id: ID!, $first: Int) { groupDefinition(id: $id) { history(first: $first) {
  nodes { actorId actor { id displayName } } } } }"""
RENAME = """mutation ($id: ID!, $name: String) {
  updateGroupDefinition(input: {id: $id, name: $name}) { userErrors { code } } }"""
VIEW_KEYS = (
    PermissionKey.GROUP_DEFINITIONS_VIEW,
    PermissionKey.GROUP_SCHEDULE_VIEW,
    PermissionKey.GROUP_ENROLLMENTS_VIEW,
)


async def test_an_actor_is_the_staff_member_with_the_callers_id(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    group = str(await add_group(engine, "Group", ORGANIZATION))
    statements = []
    for subject in ("staff-1", "staff-2", "nobody", "staff:staff-1", "patient-1"):
        client = await app_client(subject=subject)
        await client.execute(RENAME, {"id": group, "name": f"Group of {subject}"})
        response = await client.send(HISTORY, {"id": group, "first": 5})
        statements.append(response.headers["Server-Timing"].split("desc=")[1])
    nodes = response.json()["data"]["groupDefinition"]["history"]["nodes"]
    assert [(node["actorId"], node["actor"]) for node in nodes] == [
        ("patient-1", None),
        ("staff:staff-1", None),
        ("nobody", None),
        ("staff-2", {"id": "staff:staff-2", "displayName": "Staff 2"}),
        ("staff-1", {"id": "staff:staff-1", "displayName": "Staff 1"}),
    ]
    assert len(set(statements)) == 1  # the actors of all entries are read by one statement


@pytest.mark.parametrize("key", VIEW_KEYS)
async def test_an_entry_is_found_by_callers_who_may_view_its_record(
    engine: Database, app_client: ApiClients, key: PermissionKey
) -> None:
    group = await (await MarkedClinic.seeded(engine, ORGANIZATION)).add_group()
    client = await app_client(permissions=[key])
    others = await app_client(permissions=[other for other in PermissionKey if other is not key])
    for view_key, change in zip((*VIEW_KEYS, PermissionKey.GROUP_SCHEDULE_VIEW), group.changes, strict=True):
        visible, hidden = (client, others) if view_key is key else (others, client)
        node = (await visible.execute(NODE, {"id": change}))["node"]
        assert (node["__typename"], node["id"]) == ("AuditEntry", change)
        assert (await hidden.execute(NODE, {"id": change})) == {"node": None}


async def test_an_entry_of_another_organization_is_unknown(engine: Database, app_client: ApiClients) -> None:
    group = await (await MarkedClinic.seeded(engine, "another")).add_group()
    client = await app_client()
    for change in group.changes:
        assert await client.execute(NODE, {"id": change}) == {"node": None}


async def test_reading_an_entry_of_an_enrollment_discloses_its_patient(
    engine: Database, app_client: ApiClients
) -> None:
    group = await (await MarkedClinic.seeded(engine, ORGANIZATION)).add_group()
    client = await app_client(subject="reader")
    entries = [(await client.execute(NODE, {"id": change}))["node"] for change in group.changes]
    _, _, of_enrollment, _ = entries
    assert (of_enrollment["action"], of_enrollment["actor"]) == (
        "disenrolled",
        {"id": "staff:s2", "displayName": "staff-name-2"},
    )
    async with engine.connect() as connection:
        rows = await connection.execute(select(access_log.c.patient_ids).where(access_log.c.actor_id == "reader"))
        assert [patient_ids for (patient_ids,) in rows] == [["patient-id-1"]]
