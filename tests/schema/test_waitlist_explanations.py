"""Enrollment.waitlistExplanation: why a patient waits."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from db.connections.engine import Database
from db.tables import patients
from tests.schema.test_statement_counts import statements_of
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import NOW, seed
from tests.support.clinic_rows import add_enrollments, add_group
from tests.support.registry import import_resources, registered

pytestmark = pytest.mark.anyio

EXPLAINED = "waitlistExplanation { reason message ahead seatsNeeded }"
LIST = f"""query ($id: ID!, $first: Int!) {{ groupDefinition(id: $id) {{ enrollments(first: $first) {{
  nodes {{ patient {{ registryId }} {EXPLAINED} }} }} }} }}"""
ENROLL = f"""mutation ($input: EnrollPatientInput!) {{ enrollPatient(input: $input) {{
  enrollment {{ id {EXPLAINED} }} userErrors {{ code }} }} }}"""
MOVE = f"""mutation ($input: MoveWaitlistedEnrollmentInput!) {{ moveWaitlistedEnrollment(input: $input) {{
  changedEnrollments {{ waitlistPosition {EXPLAINED} }} userErrors {{ code }} }} }}"""
DELETE = """mutation ($input: DeleteGroupDefinitionInput!) { deleteGroupDefinition(input: $input) {
  userErrors { code } } }"""


async def explanations(client: ApiClient, group: str, first: int = 20) -> dict[str, Any]:
    data = await client.execute(LIST, {"id": group, "first": first})
    nodes = data["groupDefinition"]["enrollments"]["nodes"]
    return {node["patient"]["registryId"]: node["waitlistExplanation"] for node in nodes}


async def numbers(client: ApiClient, group: str) -> dict[str, tuple[str, int, int]]:
    return {
        patient: (explained["reason"], explained["ahead"], explained["seatsNeeded"])
        for patient, explained in (await explanations(client, group)).items()
        if explained is not None
    }


async def new_group(client: ApiClient, seats: int) -> str:
    data = await client.execute(
        """mutation ($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) {
          groupDefinition { id } } }""",
        {
            "input": {
                "name": "Anger",
                "groupType": "THERAPY",
                "facilitatorId": "staff-1",
                "maxCapacity": seats,
                "durationMinutes": 60,
            }
        },
    )
    return str(data["createGroupDefinition"]["groupDefinition"]["id"])


async def enroll(client: ApiClient, group: str, *patients: str) -> list[dict[str, Any]]:
    payloads = [
        await client.execute(ENROLL, {"input": {"groupDefinitionId": group, "patientId": patient}})
        for patient in patients
    ]
    return [payload["enrollPatient"]["enrollment"] for payload in payloads]


async def test_only_waiting_patients_have_an_explanation(
    engine: Database, app_client: ApiClients, tmp_path: Path
) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    group = await new_group(client, 2)
    *_, last = await enroll(client, group, *(f"patient-{n}" for n in range(1, 7)))
    message = "All 2 seats are taken; 3 others are ahead."
    assert last["waitlistExplanation"] == {
        "reason": "GROUP_FULL",
        "message": message,
        "ahead": 3,
        "seatsNeeded": 4,
    }
    explained = await explanations(client, group)
    assert (explained["patient-1"], explained["patient-6"]["message"]) == (None, message)
    dry_run = {"groupDefinitionId": group, "patientId": "patient-7", "dryRun": True}
    payload = (await client.execute(ENROLL, {"input": dry_run}))["enrollPatient"]
    assert (payload["userErrors"], payload["enrollment"]["waitlistExplanation"]) == ([], None)
    # Inactive patients are passed over, so they are not ahead of anybody.
    await import_resources(engine, tmp_path, ORGANIZATION, registered("patient-4", deceasedBoolean=True))
    assert await numbers(client, group) == {
        "patient-3": ("GROUP_FULL", 0, 1),
        "patient-4": ("PATIENT_NOT_ACTIVE", 1, 2),
        "patient-5": ("GROUP_FULL", 1, 2),
        "patient-6": ("GROUP_FULL", 2, 3),
    }
    await client.execute(
        """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
          userErrors { code } } }""",
        {"input": {"id": group, "maxCapacity": 1}},
    )
    assert (await numbers(client, group))["patient-5"] == ("GROUP_OVER_CAPACITY", 1, 3)
    await client.execute(DELETE, {"input": {"id": group}})
    assert (await numbers(client, group))["patient-5"] == ("GROUP_DELETED", 1, 3)
    assert (await numbers(client, group))["patient-4"] == ("PATIENT_NOT_ACTIVE", 1, 3)


async def add_waiting(engine: Database, count: int) -> tuple[str, list[UUID]]:
    """Return a group with one seat, which is taken, and the enrollments of patients who wait for it, in order."""
    people = [f"waiting-{number:03}" for number in range(count)]
    group = await add_group(engine, f"Group of {count}", ORGANIZATION, max_capacity=1)
    await add_enrollments(engine, group, ["patient-1"], ORGANIZATION)
    waits: dict[str, Any] = {"status": "WAITLISTED", "enrolled_at": None, "waitlisted_at": NOW}
    ids = []
    for position, name in enumerate(people, start=1):
        ids += await add_enrollments(engine, group, [name], ORGANIZATION, waitlist_position=position, **waits)
    return str(group), ids


@pytest.fixture
async def patients_who_wait(engine: Database) -> None:
    await seed(engine, ORGANIZATION)
    person = {"organization_id": ORGANIZATION, "active": True, "display_name": "A", "search_text": ""}
    async with engine.begin() as connection:
        await connection.execute(
            insert(patients),
            [{**person, "id": f"waiting-{number:03}", "medical_record_number": "MR"} for number in range(200)],
        )


@pytest.mark.usefixtures("patients_who_wait")
async def test_200_explanations_take_the_statements_of_2(engine: Database, app_client: ApiClients) -> None:
    group, _ = await add_waiting(engine, 200)
    client = await app_client()
    counts = {statements_of(await client.send(LIST, {"id": group, "first": first})) for first in (3, 200)}
    assert len(counts) == 1
    explained = await explanations(client, group, 200)
    assert explained["waiting-198"]["message"] == "The only seat is taken; 198 others are ahead."


@pytest.mark.usefixtures("patients_who_wait")
async def test_a_payload_explains_200_places_by_the_statements_of_2(engine: Database, app_client: ApiClients) -> None:
    client = await app_client()
    counts = set()
    for count in (2, 200):
        _, ids = await add_waiting(engine, count)
        response = await client.send(MOVE, {"input": {"enrollmentId": str(ids[-1]), "position": 1}})
        counts.add(statements_of(response))
        changed = response.json()["data"]["moveWaitlistedEnrollment"]["changedEnrollments"]
        places = sorted((one["waitlistPosition"], one["waitlistExplanation"]["ahead"]) for one in changed)
        assert places == [(place, place - 1) for place in range(1, count + 1)]
    assert len(counts) == 1


async def test_another_organization_s_patients_do_not_count(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    await seed(engine, "org-other")
    other = await app_client(organization="org-other")
    await enroll(other, await new_group(other, 1), "patient-1", "patient-2", "patient-3")
    client = await app_client()
    group = await new_group(client, 1)
    await enroll(client, group, "patient-1", "patient-2")
    assert await numbers(client, group) == {"patient-2": ("GROUP_FULL", 0, 1)}
