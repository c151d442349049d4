"""A patient whom the registry has merged into another: enrollments stay readable, and the survivor is known."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select

from db.connections.engine import Database
from db.tables import access_log
from server.imports.fhir.fhir_file import FhirFile
from server.imports.importing import import_files
from server.imports.options import ImportOptions
from server.imports.resource_types import ResourceType
from server.imports.results import Note
from tests.schema.test_statement_counts import statements_of
from tests.schema.test_waitlist_explanations import enroll, new_group
from tests.server.imports.fhir.resources import bundle
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import seed
from tests.support.databases import operator_of
from tests.support.invariants import assert_invariants
from tests.support.registry import import_resources, registered

pytestmark = pytest.mark.anyio

PATIENT = """query ($id: ID!) { patient(id: $id) { active replacedBy { registryId displayName }
  enrollments { nodes { status patient { registryId replacedBy { registryId } } } } } }"""


def merged(id: str, survivor: str) -> dict[str, Any]:
    return registered(id, link=[{"type": "replaced-by", "other": {"reference": f"Patient/{survivor}"}}])


async def survivor_of(client: ApiClient, id: str) -> str | None:
    replaced_by = (await client.execute(PATIENT, {"id": id}))["patient"]["replacedBy"]
    return None if replaced_by is None else str(replaced_by["registryId"])


async def test_a_merged_patient_keeps_enrollments_and_names_the_survivor(
    engine: Database, app_client: ApiClients, tmp_path: Path
) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    group = await new_group(client, 1)
    await enroll(client, group, "patient-1")
    # The surviving record comes later.
    await import_resources(engine, tmp_path, ORGANIZATION, merged("patient-1", "later"))
    assert await survivor_of(client, "patient-1") is None
    await import_resources(engine, tmp_path, ORGANIZATION, bundle(registered("later")))
    data = (await client.execute(PATIENT, {"id": "patient-1"}))["patient"]
    assert data == {
        "active": False,
        "replacedBy": {"registryId": "later", "displayName": "Patient later"},
        "enrollments": {
            "nodes": [
                {"status": "ENROLLED", "patient": {"registryId": "patient-1", "replacedBy": {"registryId": "later"}}}
            ]
        },
    }
    assert await survivor_of(client, "later") is None
    async with engine.connect() as connection:
        rows = (await connection.scalars(select(access_log.c.patient_ids).order_by(access_log.c.id))).all()
    assert ["later", "patient-1"] in [sorted(ids) for ids in rows]
    await assert_invariants(engine)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
async def test_after_several_merges_the_last_record_survives(
    engine: Database, app_client: ApiClients, tmp_path: Path, order: tuple[int, ...]
) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    for number in order:
        await import_resources(engine, tmp_path, ORGANIZATION, merged(f"patient-{number}", f"patient-{number + 1}"))
    assert [await survivor_of(client, f"patient-{number}") for number in (1, 2, 3, 4)] == ["patient-4"] * 3 + [None]


@pytest.mark.parametrize("in_one_file", [True, False])
async def test_merges_in_a_circle_are_reported_with_their_lines(
    engine: Database, app_client: ApiClients, tmp_path: Path, in_one_file: bool
) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    links = [merged("patient-1", "patient-2"), merged("patient-2", "patient-1"), merged("patient-3", "patient-1")]
    files = [links] if in_one_file else [[link] for link in links]
    lines = []
    for number, resources in enumerate(files):
        path = tmp_path / f"merges-{number}.ndjson"
        path.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
        out = io.StringIO()
        options = ImportOptions(ORGANIZATION, "America/Phoenix")
        summary = await import_files(operator_of(engine), options, [FhirFile(path)], out, Console(file=io.StringIO()))
        lines += [line for line in out.getvalue().splitlines() if line.startswith(str(path))]
    note = f": {Note.SURVIVOR_IN_CIRCLE}"
    if in_one_file:
        assert lines == [f"{path}:1{note}", f"{path}:2{note}"]
        assert summary.notes[ResourceType.PATIENT, Note.SURVIVOR_IN_CIRCLE] == 2
    else:
        assert lines == [f"{tmp_path}/merges-1.ndjson:1{note}"]
    assert [await survivor_of(client, f"patient-{number}") for number in (1, 2, 3)] == [None] * 3
    assert not (await client.execute(PATIENT, {"id": "patient-1"}))["patient"]["active"]


async def test_survivors_of_many_patients_take_the_statements_of_2(
    engine: Database, app_client: ApiClients, tmp_path: Path
) -> None:
    await seed(engine, ORGANIZATION, patient_count=40)
    links = [merged(f"patient-{number}", f"patient-{number + 20}") for number in range(1, 21)]
    await import_resources(engine, tmp_path, ORGANIZATION, *links)
    client = await app_client()
    query = 'query ($first: Int!) { patients(first: $first, search: "patient") { nodes { replacedBy { id } } } }'
    assert len({statements_of(await client.send(query, {"first": first})) for first in (4, 40)}) == 1
