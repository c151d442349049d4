"""Every read of patients' records is logged before the response is sent (HIPAA, 45 CFR 164.312(b))."""

import io
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import access_log
from resolvers.caller import PermissionKey
from server.cli.access_report import print_reads
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import NOW, THEIRS, seed
from tests.support.clinic_rows import add_enrollments, add_group
from tests.support.databases import operator_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client(subject="nurse-1")


@pytest.fixture
async def group(engine: Database, client: ApiClient) -> UUID:
    group = await add_group(engine, "a", ORGANIZATION, max_capacity=5)
    await add_enrollments(engine, group, ["patient-1", "patient-2"], ORGANIZATION)
    return group


async def log(engine: Database) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(access_log))).mappings()]


READS = [
    ("{ groupDefinitions { nodes { enrollments { nodes { status } } } } }", ["patient-1", "patient-2"]),
    ("{ groupDefinitions { nodes { enrollments(first: 1) { edges { node { id } } } } } }", ["patient-1"]),
    ('{ patient(id: "patient-3") { active } }', ["patient-3"]),
    ('{ patient(id: "patient-1") { enrollments { totalCount } } }', ["patient-1"]),
    ('{ node(id: "patient:patient-2") { id } }', ["patient-2"]),
    ('{ patients(search: "patient 4") { edges { cursor } } }', ["patient-4"]),
]


@pytest.mark.parametrize(("query", "patient_ids"), READS)
async def test_reading_patients_is_recorded(
    engine: Database, client: ApiClient, group: UUID, query: str, patient_ids: list[str]
) -> None:
    response = await client.send(f"query Roster {query}")
    assert "errors" not in response.json()
    [entry] = await log(engine)
    assert entry["patient_ids"] == patient_ids
    assert (entry["actor_id"], entry["operation"], entry["organization_id"]) == ("nurse-1", "Roster", ORGANIZATION)
    assert entry["correlation_id"] == response.headers["X-Request-ID"]


async def test_an_enrollment_read_by_its_id_is_recorded(engine: Database, client: ApiClient, group: UUID) -> None:
    [enrollment] = await add_enrollments(engine, group, ["patient-5"], ORGANIZATION)
    await client.execute(f'{{ enrollment(id: "{enrollment}") {{ status }} }}')
    await client.execute(f'{{ node(id: "{enrollment}") {{ id }} }}')
    assert [entry["patient_ids"] for entry in await log(engine)] == [["patient-5"], ["patient-5"]]


@pytest.mark.parametrize(
    "query",
    [
        "{ groupDefinitions { nodes { name capacity { enrolled } enrollments { totalCount } } } }",
        '{ patients(search: "nobody") { totalCount nodes { id } } }',
        '{ patient(id: "unknown") { active } }',
        "{ staffMembers { nodes { displayName } } }",
    ],
)
async def test_a_query_that_discloses_no_patient_is_not_recorded(
    engine: Database, client: ApiClient, app_client: ApiClients, query: str
) -> None:
    await add_group(engine, "empty", ORGANIZATION)
    await client.execute(query)
    assert await log(engine) == []


async def test_a_denied_query_is_not_recorded(engine: Database, group: UUID, app_client: ApiClients) -> None:
    limited = await app_client(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
    await limited.try_execute("{ groupDefinitions { nodes { enrollments { nodes { id } } } } }")
    assert await log(engine) == []


async def test_recording_costs_one_statement_for_any_number_of_patients(
    engine: Database, client: ApiClient, group: UUID
) -> None:
    def statements(response: Any) -> int:
        return int(response.headers["Server-Timing"].split('desc="')[1].strip('"').split()[0])

    query = "{ groupDefinitions { nodes { enrollments(status: %s) { nodes { id } } } } }"
    without_patients = statements(await client.send(query % "[WAITLISTED]"))
    with_patients = statements(await client.send(query % "[ENROLLED]"))
    assert with_patients == without_patients + 1


async def test_a_response_that_cannot_be_recorded_is_not_sent(engine: Database, client: ApiClient, group: UUID) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE pm_group_access_log"))
    response = await client.send("{ groupDefinitions { nodes { enrollments { nodes { id } } } } }")
    assert response.status_code >= 500
    assert "data" not in response.json()


async def test_the_log_is_append_only(engine: Database, client: ApiClient, group: UUID) -> None:
    await client.execute('{ patient(id: "patient-1") { active } }')
    for attempt in (update(access_log).values(actor_id="other"), delete(access_log)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with engine.begin() as connection:
                await connection.execute(attempt)
    [entry] = await log(engine)
    assert entry["actor_id"] == "nurse-1"


async def test_the_report_is_filtered_by_organization_and_patient(engine: Database) -> None:
    row = {"actor_id": "nurse-1", "correlation_id": "request-1", "operation": None, "at": NOW}
    async with engine.begin() as connection:
        for organization, patients in [(ORGANIZATION, ["a", "b"]), (ORGANIZATION, ["b"]), (THEIRS, ["a"])]:
            await connection.execute(
                insert(access_log).values(id=uuid7(), organization_id=organization, patient_ids=patients, **row)
            )

    async def report(patient: str | None) -> list[list[str]]:
        out = io.BytesIO()
        await print_reads(operator_of(engine), out, ORGANIZATION, patient)
        return [orjson.loads(line)["patient_ids"] for line in out.getvalue().splitlines()]

    assert await report(None) == [["a", "b"], ["b"]]
    assert await report("a") == [["a"]]
    assert await report("b") == [["b"], ["b"]]
    assert await report("c") == []
