"""Enrolling many patients at once over HTTP: in order, each as if alone, in one transaction."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import access_log
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.schema.test_statement_counts import statements_of
from tests.schema.test_stays import NOON, faults, on
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import THEIRS, everything, make_group, seed
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

RESULT: Final = """id enrollment { id status startDate endDate } decision { status waitlistPosition }
  userErrors { code field enrollment { id } }"""
ENROLL_ALL: Final = f"""mutation ($input: EnrollPatientsInput!) {{ enrollPatients(input: $input) {{
  results {{ {RESULT} }} userErrors {{ code field }} }} }}"""


@pytest.fixture
async def clients(engine: Database) -> AsyncIterator[ApiClients]:
    await seed(engine, ORGANIZATION, patient_count=210)
    app = make_app(Clinic(engine, lambda: NOON, uuid7, "America/Phoenix", 6, waitlist_limit=2))
    async with clients_of(app) as clients:
        yield clients


@pytest.fixture
async def client(clients: ApiClients) -> ApiClient:
    return await clients()


async def make(engine: Database, seats: int = 2) -> UUID:
    return (await make_group(engine, ORGANIZATION, max_capacity=seats)).id


def variables(group: UUID | str, ids: Sequence[str], **more: Any) -> dict[str, Any]:
    return {"input": {"groupDefinitionId": str(group), "patientIds": list(ids), **more}}


async def enroll_all(client: ApiClient, group: UUID | str, ids: Sequence[str], **more: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await client.execute(ENROLL_ALL, variables(group, ids, **more)))["enrollPatients"]
    return payload


def summary(payload: dict[str, Any]) -> list[tuple[str, object, list[tuple[str, str]]]]:
    """Return the id, the decision and the faults of each result."""
    return [
        (
            result["id"],
            None if result["decision"] is None else tuple(result["decision"].values()),
            [(error["code"], ".".join(error["field"])) for error in result["userErrors"]],
        )
        for result in payload["results"]
    ]


def place(index: int) -> str:
    return f"input.patientIds.{index}"


@pytest.mark.parametrize("dry_run", [True, False])
async def test_each_patient_is_decided_in_order_as_if_alone(engine: Database, client: ApiClient, dry_run: bool) -> None:
    group = await make(engine)
    before = await everything(engine)
    ids = ["patient-3", "unknown", "patient:patient-1", "inactive", "patient-3", "staff:staff-1"]
    ids += ["patient-2", "patient-4", "patient-5"]
    payload = await enroll_all(client, group, ids, startDate=on(-7), endDate=on(30), dryRun=dry_run)
    assert payload["userErrors"] == []
    assert summary(payload) == [
        ("patient:patient-3", ("ENROLLED", None), []),
        ("patient:unknown", None, [("NOT_FOUND", place(1))]),
        ("patient:patient-1", ("ENROLLED", None), []),
        ("patient:inactive", None, [("NOT_ACTIVE", place(3))]),
        ("patient:patient-3", None, [("ALREADY_ENROLLED", place(4))]),
        ("staff:staff-1", None, [("NOT_FOUND", place(5))]),
        ("patient:patient-2", ("WAITLISTED", 1), []),
        ("patient:patient-4", ("WAITLISTED", 2), []),
        ("patient:patient-5", None, [("WAITLIST_FULL", place(8))]),
    ]
    first = payload["results"][0]["enrollment"]
    assert (first["startDate"], first["endDate"]) == (on(-7), on(30))
    async with engine.connect() as connection:
        [disclosed] = await connection.scalars(select(access_log.c.patient_ids))
    assert sorted(disclosed) == ["inactive", "patient-1", "patient-2", "patient-3", "patient-4"]
    after = await everything(engine)
    if dry_run:
        assert after == before
    else:
        events = ["pm_group_patient_enrolled"] * 2 + ["pm_group_patient_waitlisted"] * 2
        assert after.event_names()[-4:] == events
        await assert_invariants(engine, ORGANIZATION)


@pytest.mark.parametrize(
    ("ids", "more", "expected"),
    [
        ([], {}, [("REQUIRED", "input.patientIds")]),
        ([f"patient-{number}" for number in range(1, 202)], {}, [("OUT_OF_RANGE", "input.patientIds")]),
        (["patient-1"], {"startDate": on(-91)}, [("OUT_OF_RANGE", "input.startDate")]),
        (["patient-1"], {"startDate": on(367)}, [("OUT_OF_RANGE", "input.startDate")]),
        (["patient-1"], {"startDate": on(3), "endDate": on(2)}, [("INVALID", "input.startDate")]),
        ([], {"endDate": on(-1)}, [("REQUIRED", "input.patientIds"), ("INVALID", "input.endDate")]),
    ],
)
async def test_faults_of_the_whole_input_enroll_nobody(
    engine: Database, client: ApiClient, ids: list[str], more: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    group = await make(engine)
    before = await everything(engine)
    payload = await enroll_all(client, group, ids, **more)
    assert (faults(payload), payload["results"]) == (expected, [])
    assert await everything(engine) == before


async def test_a_group_that_takes_nobody_refuses_all(engine: Database, client: ApiClient) -> None:
    await seed(engine, THEIRS)
    foreign = await make_group(engine, THEIRS)
    for group in (str(foreign.id), str(uuid4()), "x"):
        payload = await enroll_all(client, group, ["patient-1"])
        assert faults(payload) == [("NOT_FOUND", "input.groupDefinitionId")]
    deleted = await make(engine)
    document = "mutation ($id: ID!) { deleteGroupDefinition(input: {id: $id}) { userErrors { code } } }"
    await client.execute(document, {"id": str(deleted)})
    payload = await enroll_all(client, deleted, ["patient-1"])
    assert (faults(payload), payload["results"]) == ([("GROUP_DELETED", "input.groupDefinitionId")], [])


async def test_200_patients_take_as_many_statements_as_one(engine: Database, client: ApiClient) -> None:
    counts = []
    for ids in (["patient-201"], ["patient-202", "patient-203"], [f"patient-{number}" for number in range(1, 201)]):
        response = await client.send(ENROLL_ALL, variables(await make(engine, 300), ids))
        results = response.json()["data"]["enrollPatients"]["results"]
        assert [result["decision"]["status"] for result in results] == ["ENROLLED"] * len(ids)
        counts.append(statements_of(response))
    assert counts[0] == counts[1] == counts[2]


async def test_a_repeated_request_enrolls_nobody_again(engine: Database, client: ApiClient) -> None:
    group = await make(engine)
    body = {"query": ENROLL_ALL, "variables": variables(group, ["patient-1", "inactive", "patient-2"])}
    responses = [
        await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "intake-of-today"}) for _ in range(2)
    ]
    assert responses[0].json() == responses[1].json()
    assert len((await everything(engine)).enrollments) == 2


async def test_enrolling_patients_needs_the_create_key(engine: Database, clients: ApiClients) -> None:
    group = await make(engine)
    before = await everything(engine)
    missing = PermissionKey.GROUP_ENROLLMENTS_CREATE
    client = await clients(permissions=[key for key in PermissionKey if key is not missing])
    body = await client.try_execute(ENROLL_ALL, variables(group, ["patient-1"]))
    assert body["data"] == {"enrollPatients": None}
    assert [error["extensions"]["requiredPermission"] for error in body["errors"]] == [missing.value]
    assert await everything(engine) == before
    only = await clients(permissions=[missing])
    document = """mutation ($input: EnrollPatientsInput!) { enrollPatients(input: $input) {
      results { id enrollment { id } decision { status } userErrors { code } } } }"""
    payload = (await only.execute(document, variables(group, ["patient-1"])))["enrollPatients"]
    assert [result["decision"] for result in payload["results"]] == [{"status": "ENROLLED"}]
