"""No transfer, reinstatement or list of patients seats anybody who is inactive in the registry."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.connections.engine import Database
from tests.schema.test_registry_activity import Desk
from tests.support.api_client import ORGANIZATION, ApiClients
from tests.support.clinic import everything, seed
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

WAITING = ("patient-2", "patient-3", "patient-4")


@pytest.fixture
async def desk(engine: Database, app_client: ApiClients, tmp_path: Path) -> AsyncIterator[Desk]:
    await seed(engine, ORGANIZATION)
    desk = Desk(engine, await app_client(), tmp_path)
    await desk.open()
    yield desk
    await assert_invariants(engine)


@pytest.mark.parametrize("dry_run", [False, True])
async def test_inactive_patients_are_not_transferred_to_a_free_seat(desk: Desk, dry_run: bool) -> None:
    other = await desk.new_group()
    await desk.change("patient-1", "patient-3", active=False)
    before = await everything(desk.engine)
    for patients in (["patient-1"], ["patient-3"], ["patient-4", "patient-3"]):
        payload = await desk.transfer(other, *patients, dryRun=dry_run)
        field = ["input", "enrollmentIds", str(len(patients) - 1)]
        assert payload["userErrors"] == [{"code": "NOT_ACTIVE", "field": field}]
    assert await everything(desk.engine) == before


async def test_a_transferred_patient_passes_inactive_ones_to_a_free_seat(desk: Desk) -> None:
    other = await desk.new_group()
    await desk.disenroll("patient-1")
    own, desk.group = desk.group, other
    await desk.enroll("patient-1")
    desk.group = own
    await desk.change("patient-3", "patient-4", active=False)
    assert (await desk.transfer(other, "patient-2"))["results"][0]["enrollment"]["status"] == "WAITLISTED"
    assert await desk.roster() == ([], ["patient-3", "patient-4"])
    assert (await desk.transfer(own, "patient-1"))["results"][0]["enrollment"]["status"] == "ENROLLED"
    assert await desk.roster() == (["patient-1"], ["patient-3", "patient-4"])
    assert await desk.roster(other) == (["patient-2"], [])


@pytest.mark.parametrize("end", ["disenrollPatient", "removeEnrollment"])
@pytest.mark.parametrize("over_capacity", [False, True])
async def test_an_inactive_patient_is_not_reinstated(desk: Desk, end: str, over_capacity: bool) -> None:
    await desk.run(end, enrollmentId=desk.enrollments["patient-1"])
    await desk.run("updateGroupDefinition", id=desk.group, maxCapacity=9)
    await desk.change("patient-1", deceasedBoolean=True)
    before = await everything(desk.engine)
    payload = await desk.reinstate("patient-1", allowOverCapacity=over_capacity)
    assert payload["userErrors"] == [{"code": "NOT_ACTIVE", "field": ["input", "enrollmentId"]}]
    assert await everything(desk.engine) == before


async def test_undoing_the_removal_of_an_ended_enrollment_seats_nobody(desk: Desk) -> None:
    await desk.change(*WAITING, active=False)
    await desk.disenroll("patient-1")
    await desk.run("removeEnrollment", enrollmentId=desk.enrollments["patient-1"])
    await desk.change("patient-1", active=False)
    assert (await desk.reinstate("patient-1"))["enrollment"]["status"] == "DISENROLLED"
    assert await desk.roster() == ([], [*WAITING])


async def test_a_reinstated_patient_passes_inactive_ones_to_a_free_seat(desk: Desk) -> None:
    await desk.change(*WAITING, active=False)
    await desk.disenroll("patient-1")
    assert (await desk.reinstate("patient-1"))["enrollment"]["status"] == "ENROLLED"
    assert await desk.roster() == (["patient-1"], [*WAITING])


async def test_of_many_patients_the_active_ones_pass_those_who_are_inactive(desk: Desk) -> None:
    await desk.change(*WAITING, "patient-5", active=False)
    await desk.disenroll("patient-1")
    patients = ["patient-5", "patient-6", "patient-7"]
    payload = await desk.run("enrollPatients", groupDefinitionId=desk.group, patientIds=patients)
    inactive = {"code": "NOT_ACTIVE", "field": ["input", "patientIds", "0"]}
    assert payload["results"] == [
        {"enrollment": None, "userErrors": [inactive]},
        {"enrollment": {"status": "ENROLLED", "waitlistPosition": None}, "userErrors": []},
        {"enrollment": {"status": "WAITLISTED", "waitlistPosition": 4}, "userErrors": []},
    ]
    assert await desk.roster() == (["patient-6"], [*WAITING, "patient-7"])


async def test_new_dates_seat_no_inactive_patient(desk: Desk) -> None:
    await desk.change(*WAITING, active=False)
    await desk.disenroll("patient-1")
    payload = await desk.run("updateEnrollment", enrollmentId=desk.enrollments["patient-2"], startDate="2027-01-04")
    assert payload == {"enrollment": {"status": "WAITLISTED"}, "userErrors": []}
    assert await desk.roster() == ([], [*WAITING])
