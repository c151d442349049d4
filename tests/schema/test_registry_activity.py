"""Patients who are inactive in the registry are never seated, by any mutation or import, and keep what they have."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from db.connections.engine import Database
from tests.server.imports.fhir.resources import deletions
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import everything, seed
from tests.support.invariants import assert_invariants
from tests.support.registry import WAYS_TO_BECOME_INACTIVE, import_resources, registered

pytestmark = pytest.mark.anyio

SEATS = """enrollment { id status waitlistPosition } promoted { patient { registryId } }
  changedEnrollments { id } userErrors { code field message }"""
MUTATIONS = {
    "disenrollPatient": ("DisenrollPatientInput", SEATS),
    "removeEnrollment": ("RemoveEnrollmentInput", "promoted { patient { registryId } } userErrors { code field }"),
    "promoteEnrollment": ("PromoteEnrollmentInput", "enrollment { status } userErrors { code field message }"),
    "moveWaitlistedEnrollment": ("MoveWaitlistedEnrollmentInput", "userErrors { code field }"),
    "enrollPatient": ("EnrollPatientInput", "enrollment { id status waitlistPosition } userErrors { code field }"),
    "updateGroupDefinition": ("UpdateGroupDefinitionInput", "promoted { id } userErrors { code field }"),
    "deleteGroupDefinition": ("DeleteGroupDefinitionInput", "userErrors { code field }"),
    "restoreGroupDefinition": ("RestoreGroupDefinitionInput", "promoted { id } userErrors { code field }"),
    "transferEnrollments": (
        "TransferEnrollmentsInput",
        "results { enrollment { status } userErrors { code } } promoted { id } userErrors { code field }",
    ),
    "reinstateEnrollment": ("ReinstateEnrollmentInput", "enrollment { status } userErrors { code field }"),
    "updateEnrollment": ("UpdateEnrollmentInput", "enrollment { status } userErrors { code field }"),
    "enrollPatients": (
        "EnrollPatientsInput",
        "results { enrollment { status waitlistPosition } userErrors { code field } } userErrors { code field }",
    ),
}
ROSTER = """query ($id: ID!) { groupDefinition(id: $id) { enrollments(status: [ENROLLED, WAITLISTED]) {
  nodes { status waitlistPosition patient { registryId } } } } }"""
HISTORY = """query ($id: ID!) { enrollment(id: $id) { status history { nodes { action actorId actor { id } } } } }"""


class Desk:
    """A group with one seat: patient-1 has it, and patient-2, patient-3 and patient-4 wait in this order."""

    def __init__(self, engine: Database, client: ApiClient, folder: Path) -> None:
        self.engine = engine
        self.client = client
        self.folder = folder
        self.group = ""
        self.enrollments: dict[str, str] = {}

    async def new_group(self) -> str:
        """Create a group with one seat."""
        data = await self.client.execute(
            """mutation { createGroupDefinition(input: {name: "Anger", groupType: THERAPY, facilitatorId: "staff-1",
              maxCapacity: 1, durationMinutes: 60}) { groupDefinition { id } } }"""
        )
        return str(data["createGroupDefinition"]["groupDefinition"]["id"])

    async def open(self) -> None:
        self.group = await self.new_group()
        for number in range(1, 5):
            await self.enroll(f"patient-{number}")

    async def run(self, mutation: str, **values: Any) -> dict[str, Any]:
        input_type, selection = MUTATIONS[mutation]
        document = f"mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        payload: dict[str, Any] = (await self.client.execute(document, {"input": values}))[mutation]
        return payload

    async def enroll(self, patient: str) -> dict[str, Any]:
        payload = await self.run("enrollPatient", groupDefinitionId=self.group, patientId=patient)
        if payload["enrollment"] is not None:
            self.enrollments[patient] = payload["enrollment"]["id"]
        return payload

    async def disenroll(self, patient: str) -> dict[str, Any]:
        return await self.run("disenrollPatient", enrollmentId=self.enrollments[patient])

    async def transfer(self, to: str, *patients: str, **values: Any) -> dict[str, Any]:
        ids = [self.enrollments[patient] for patient in patients]
        return await self.run("transferEnrollments", enrollmentIds=ids, toGroupDefinitionId=to, **values)

    async def reinstate(self, patient: str, **values: Any) -> dict[str, Any]:
        return await self.run("reinstateEnrollment", enrollmentId=self.enrollments[patient], **values)

    async def promote(self, patient: str, **values: Any) -> dict[str, Any]:
        return await self.run("promoteEnrollment", enrollmentId=self.enrollments[patient], **values)

    async def change(self, *patients: str, **fields: Any) -> None:
        """Import the patients with these fields. Without fields they are active."""
        resources = [registered(patient, **fields) for patient in patients]
        summary = await import_resources(self.engine, self.folder, ORGANIZATION, *resources)
        assert summary.refused == 0

    async def roster(self, group: str | None = None) -> tuple[list[str], list[str]]:
        """Return who is seated, and who waits, in order. Check that the positions are 1 to n."""
        data = await self.client.execute(ROSTER, {"id": group or self.group})
        nodes = data["groupDefinition"]["enrollments"]["nodes"]
        waiting = [node for node in nodes if node["status"] == "WAITLISTED"]
        assert [node["waitlistPosition"] for node in waiting] == list(range(1, len(waiting) + 1))
        seated = [node["patient"]["registryId"] for node in nodes if node["status"] == "ENROLLED"]
        return seated, [node["patient"]["registryId"] for node in waiting]


@pytest.fixture
async def desk(engine: Database, app_client: ApiClients, tmp_path: Path) -> AsyncIterator[Desk]:
    await seed(engine, ORGANIZATION)
    desk = Desk(engine, await app_client(), tmp_path)
    await desk.open()
    yield desk
    await assert_invariants(engine)


async def _raise(desk: Desk) -> None:
    await desk.run("updateGroupDefinition", id=desk.group, maxCapacity=2)


async def _restore(desk: Desk) -> None:
    await desk.run("deleteGroupDefinition", id=desk.group)
    await desk.disenroll("patient-1")
    assert (await desk.run("restoreGroupDefinition", id=desk.group))["userErrors"] == []


async def _move(desk: Desk) -> None:
    payload = await desk.run("moveWaitlistedEnrollment", enrollmentId=desk.enrollments["patient-3"], position=1)
    assert payload["userErrors"] == []
    await desk.run("moveWaitlistedEnrollment", enrollmentId=desk.enrollments["patient-2"], position=1)
    await desk.disenroll("patient-1")


async def _disenroll(desk: Desk) -> None:
    payload = await desk.disenroll("patient-1")
    assert [enrollment["patient"]["registryId"] for enrollment in payload["promoted"]] == ["patient-3"]


async def _remove(desk: Desk) -> None:
    payload = await desk.run("removeEnrollment", enrollmentId=desk.enrollments["patient-1"])
    assert [enrollment["patient"]["registryId"] for enrollment in payload["promoted"]] == ["patient-3"]


async def _transfer(desk: Desk) -> None:
    assert (await desk.transfer(await desk.new_group(), "patient-1"))["userErrors"] == []


@pytest.mark.parametrize("free_a_seat", [_disenroll, _remove, _raise, _restore, _move, _transfer])
async def test_a_free_seat_goes_to_the_next_active_patient(
    desk: Desk, free_a_seat: Callable[[Desk], Awaitable[None]]
) -> None:
    await desk.change("patient-2", deceasedBoolean=True)
    await free_a_seat(desk)
    seated, waiting = await desk.roster()
    assert {*seated} - {"patient-1"} == {"patient-3"}
    assert waiting == ["patient-2", "patient-4"]


@pytest.mark.parametrize("fields", WAYS_TO_BECOME_INACTIVE.values(), ids=WAYS_TO_BECOME_INACTIVE)
async def test_whoever_the_registry_makes_inactive_is_passed_over(desk: Desk, fields: dict[str, Any]) -> None:
    await desk.change("patient-2", **fields)
    await desk.disenroll("patient-1")
    assert await desk.roster() == (["patient-3"], ["patient-2", "patient-4"])


async def test_a_patient_deleted_in_the_registry_is_passed_over(desk: Desk) -> None:
    await import_resources(desk.engine, desk.folder, ORGANIZATION, deletions("Patient/patient-2"))
    await desk.disenroll("patient-1")
    assert await desk.roster() == (["patient-3"], ["patient-2", "patient-4"])


async def test_a_patient_missing_from_a_complete_export_is_passed_over(desk: Desk) -> None:
    present = [registered(f"patient-{number}") for number in (1, 3, 4, 5, 6, 7, 8)]
    summary = await import_resources(desk.engine, desk.folder, ORGANIZATION, *present, full=True, confirm=1)
    assert summary.deactivated
    await desk.disenroll("patient-1")
    assert await desk.roster() == (["patient-3"], ["patient-2", "patient-4"])


async def test_an_inactive_patient_is_neither_promoted_nor_enrolled(desk: Desk) -> None:
    await desk.change("patient-2", "patient-5", active=False)
    message = "This patient is deceased or deactivated in the registry."
    for allow_over_capacity in (False, True):
        payload = await desk.promote("patient-2", allowOverCapacity=allow_over_capacity)
        assert payload == {
            "enrollment": None,
            "userErrors": [{"code": "NOT_ACTIVE", "field": ["input", "enrollmentId"], "message": message}],
        }
    refused = await desk.enroll("patient-5")
    assert refused["userErrors"] == [{"code": "NOT_ACTIVE", "field": ["input", "patientId"]}]
    assert await desk.roster() == (["patient-1"], ["patient-2", "patient-3", "patient-4"])


async def test_a_new_patient_gets_a_seat_for_which_only_inactive_ones_wait(desk: Desk) -> None:
    await desk.change("patient-2", "patient-3", "patient-4", active=False)
    assert (await desk.disenroll("patient-1"))["promoted"] == []
    assert await desk.roster() == ([], ["patient-2", "patient-3", "patient-4"])
    await assert_invariants(desk.engine)
    assert (await desk.enroll("patient-5"))["enrollment"]["status"] == "ENROLLED"
    assert (await desk.enroll("patient-6"))["enrollment"]["waitlistPosition"] == 4


async def test_inactive_patients_keep_their_seats(desk: Desk) -> None:
    await desk.change("patient-1", active=False)
    assert await desk.roster() == (["patient-1"], ["patient-2", "patient-3", "patient-4"])


async def test_a_reactivated_patient_gets_the_seat_that_is_free(desk: Desk) -> None:
    everybody = ("patient-2", "patient-3", "patient-4")
    await desk.change(*everybody, active=False)
    await desk.disenroll("patient-1")
    # All of one batch are active again before the seat is given, so the order of the waitlist decides.
    await desk.change("patient-4", "patient-3")
    assert await desk.roster() == (["patient-3"], ["patient-2", "patient-4"])
    data = await desk.client.execute(HISTORY, {"id": desk.enrollments["patient-3"]})
    *_, promoted = sorted(data["enrollment"]["history"]["nodes"], key=lambda entry: str(entry["action"] == "promoted"))
    assert promoted == {"action": "promoted", "actorId": "import-fhir", "actor": None}
    event = (await everything(desk.engine)).events[-1]
    assert event["event"] == "pm_group_patient_promoted"
    assert event["envelope"]["payload"]["enrollment_id"] == desk.enrollments["patient-3"]
    assert event["envelope"]["metadata"]["user_id"] == "import-fhir"


async def test_a_reactivated_patient_waits_while_no_seat_is_free(desk: Desk) -> None:
    await desk.change("patient-2", active=False)
    before = await everything(desk.engine)
    await desk.change("patient-2")
    assert await everything(desk.engine) == before
    await desk.disenroll("patient-1")
    assert await desk.roster() == (["patient-2"], ["patient-3", "patient-4"])


async def test_a_reactivated_patient_waits_for_a_deleted_group_to_be_restored(desk: Desk) -> None:
    await desk.change("patient-2", "patient-3", "patient-4", active=False)
    await desk.disenroll("patient-1")
    await desk.run("deleteGroupDefinition", id=desk.group)
    await desk.change("patient-2")
    assert await desk.roster() == ([], ["patient-2", "patient-3", "patient-4"])
    await desk.run("restoreGroupDefinition", id=desk.group)
    assert await desk.roster() == (["patient-2"], ["patient-3", "patient-4"])
