"""Transferring patients to another group over HTTP: all of them or none, with every fault at its enrollment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.connections.engine import Database
from db.tables import patients
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import everything, make_group, seed
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

ENROLL = """mutation ($input: EnrollPatientInput!) { enrollPatient(input: $input) {
  enrollment { id } userErrors { code } } }"""
RESULT = "id enrollment { id status waitlistPosition } decision { status waitlistPosition } userErrors { code field }"
TRANSFER = f"""mutation ($input: TransferEnrollmentsInput!) {{ transferEnrollments(input: $input) {{
  results {{ {RESULT} }} promoted {{ id status patient {{ registryId }} }} userErrors {{ code field }} }} }}"""
ROSTER = """query ($id: ID!) { groupDefinition(id: $id) { enrollments(first: 20) { nodes {
  id status waitlistPosition disenrolledAt disenrollmentReason patient { registryId }
  history(first: 9) { nodes { action changes { field before after } } } } } } }"""
UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"


@dataclass(frozen=True, slots=True)
class Desk:
    """A client, with short forms of its requests."""

    client: ApiClient

    async def fill(self, group: UUID, *numbers: int) -> list[str]:
        """Enroll patients by their numbers, and return the ids of their enrollments."""
        ids = []
        for number in numbers:
            input_ = {"groupDefinitionId": str(group), "patientId": f"patient-{number}"}
            payload = (await self.client.execute(ENROLL, {"input": input_}))["enrollPatient"]
            assert payload["userErrors"] == []
            ids.append(payload["enrollment"]["id"])
        return ids

    async def transfer(self, ids: Sequence[str], to: UUID | str, **more: Any) -> dict[str, Any]:
        input_ = {"enrollmentIds": list(ids), "toGroupDefinitionId": str(to), **more}
        payload: dict[str, Any] = (await self.client.execute(TRANSFER, {"input": input_}))["transferEnrollments"]
        return payload

    async def roster(self, group: UUID) -> dict[str, Any]:
        roster: dict[str, Any] = (await self.client.execute(ROSTER, {"id": str(group)}))["groupDefinition"]
        return roster

    async def places(self, group: UUID) -> list[tuple[str, str, int | None]]:
        """Return the patient, the status and the position of each enrollment of a group, in the order of the list."""
        nodes = (await self.roster(group))["enrollments"]["nodes"]
        return [(node["patient"]["registryId"], node["status"], node["waitlistPosition"]) for node in nodes]

    async def delete(self, group: UUID) -> None:
        document = "mutation ($id: ID!) { deleteGroupDefinition(input: {id: $id}) { userErrors { code } } }"
        await self.client.execute(document, {"id": str(group)})


@pytest.fixture
async def desk(engine: Database, app_client: ApiClients) -> Desk:
    await seed(engine, ORGANIZATION, patient_count=9)
    return Desk(await app_client())


async def groups(engine: Database, *seats: int) -> list[UUID]:
    """Create a group for each number of seats."""
    return [(await make_group(engine, ORGANIZATION, max_capacity=count)).id for count in seats]


def faults(payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["field"][1:])) for error in payload["userErrors"]]


async def test_a_transfer_ends_one_enrollment_and_begins_another(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 2, 3)
    ids = await desk.fill(source, 1, 2, 3)
    payload = await desk.transfer(ids[:1], target, reason=" Steps down ")
    [result] = payload["results"]
    assert result["id"] == ids[0]
    assert result["enrollment"] == {"id": result["enrollment"]["id"], "status": "ENROLLED", "waitlistPosition": None}
    assert result["decision"] == {"status": "ENROLLED", "waitlistPosition": None}
    assert payload["promoted"] == [{"id": ids[2], "status": "ENROLLED", "patient": {"registryId": "patient-3"}}]
    assert (result["userErrors"], payload["userErrors"]) == ([], [])
    nodes = {node["id"]: node for node in (await desk.roster(source))["enrollments"]["nodes"]}
    assert (nodes[ids[0]]["status"], nodes[ids[0]]["disenrollmentReason"]) == ("DISENROLLED", "Steps down")
    assert await desk.places(target) == [("patient-1", "ENROLLED", None)]
    await assert_invariants(engine)


async def test_the_histories_and_events_of_both_groups_name_each_other(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 1, 2)
    [old] = await desk.fill(source, 1)
    [result] = (await desk.transfer([old], target))["results"]
    new = result["enrollment"]["id"]
    [ended] = (await desk.roster(source))["enrollments"]["nodes"]
    [begun] = (await desk.roster(target))["enrollments"]["nodes"]
    assert ended["disenrollmentReason"] == "Transferred to another group."
    assert ended["history"]["nodes"][0]["action"] == "transferred"
    assert {"field": "transferredTo", "before": None, "after": new} in ended["history"]["nodes"][0]["changes"]
    [entry] = begun["history"]["nodes"]
    assert entry["action"] == "enrolled"
    assert {"field": "transferredFrom", "before": None, "after": old} in entry["changes"]
    _, left, entered = (await everything(engine)).events
    assert (left["event"], entered["event"]) == ("pm_group_patient_disenrolled", "pm_group_patient_enrolled")
    assert (left["group_definition_id"], entered["group_definition_id"]) == (source, target)
    assert left["envelope"]["payload"]["transferred_to"] == new
    assert entered["envelope"]["payload"]["transferred_from"] == old


async def test_those_who_do_not_fit_wait_in_the_order_of_the_list(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 4, 2)
    ids = await desk.fill(source, 1, 2, 3, 4)
    await desk.fill(target, 9)
    payload = await desk.transfer([ids[3], ids[0], ids[2]], target)
    assert [
        (result["id"], result["decision"]["status"], result["decision"]["waitlistPosition"])
        for result in payload["results"]
    ] == [
        (ids[3], "ENROLLED", None),
        (ids[0], "WAITLISTED", 1),
        (ids[2], "WAITLISTED", 2),
    ]
    assert await desk.places(target) == [
        ("patient-9", "ENROLLED", None),
        ("patient-4", "ENROLLED", None),
        ("patient-1", "WAITLISTED", 1),
        ("patient-3", "WAITLISTED", 2),
    ]
    await assert_invariants(engine)


async def test_seated_and_waiting_patients_of_several_groups_are_transferred(engine: Database, desk: Desk) -> None:
    first, second, target = await groups(engine, 1, 2, 5)
    waiting = (await desk.fill(first, 1, 2, 3))[1]
    seated = (await desk.fill(second, 4, 5, 6))[0]
    payload = await desk.transfer([waiting, seated], target)
    assert [result["decision"]["status"] for result in payload["results"]] == ["ENROLLED", "ENROLLED"]
    assert [enrollment["patient"]["registryId"] for enrollment in payload["promoted"]] == ["patient-6"]
    assert await desk.places(first) == [
        ("patient-1", "ENROLLED", None),
        ("patient-3", "WAITLISTED", 1),
        ("patient-2", "DISENROLLED", None),
    ]
    await assert_invariants(engine)


async def test_patients_leave_a_deleted_group_whose_seats_stay_free(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 1, 5)
    ids = await desk.fill(source, 1, 2)
    await desk.delete(source)
    payload = await desk.transfer(ids[:1], target)
    assert (payload["promoted"], payload["userErrors"]) == ([], [])
    assert await desk.places(source) == [("patient-2", "WAITLISTED", 1), ("patient-1", "DISENROLLED", None)]
    await assert_invariants(engine)


async def test_every_fault_of_a_transfer_is_returned_and_nobody_moves(engine: Database, desk: Desk) -> None:
    source, other, target = await groups(engine, 9, 3, 2)
    ids = await desk.fill(source, 1, 2, 3, 4, 5)
    [elsewhere] = await desk.fill(other, 2)
    [inside] = await desk.fill(target, 3)
    await desk.transfer(ids[4:], other)
    await deactivate(engine, "patient-4")
    before = await everything(engine)
    listed = [ids[0], UNKNOWN, "nonsense", ids[1], elsewhere, ids[0].upper(), ids[2], ids[3], ids[4], inside]
    payload = await desk.transfer(listed, target, reason="x" * 1001)
    of_enrollments = [
        ("NOT_FOUND", "enrollmentIds.1"),
        ("NOT_FOUND", "enrollmentIds.2"),
        ("INVALID", "enrollmentIds.4"),
        ("INVALID", "enrollmentIds.5"),
        ("ALREADY_ENROLLED", "enrollmentIds.6"),
        ("NOT_ACTIVE", "enrollmentIds.7"),
        ("NOT_ACTIVE", "enrollmentIds.8"),
        ("INVALID", "enrollmentIds.9"),
    ]
    assert faults(payload) == [("OUT_OF_RANGE", "reason"), *of_enrollments]
    assert [result["id"] for result in payload["results"]] == listed
    assert [fault for result in payload["results"] for fault in faults(result)] == of_enrollments
    assert {(str(result["enrollment"]), str(result["decision"])) for result in payload["results"]} == {("None", "None")}
    assert payload["promoted"] == []
    assert await everything(engine) == before


async def test_the_group_that_a_patient_is_in_is_no_target(engine: Database, desk: Desk) -> None:
    [group] = await groups(engine, 2)
    ids = await desk.fill(group, 1)
    document = TRANSFER.replace("userErrors { code field } } }", "userErrors { code enrollment { id } } } }")
    input_ = {"enrollmentIds": ids, "toGroupDefinitionId": str(group)}
    payload = (await desk.client.execute(document, {"input": input_}))["transferEnrollments"]
    assert payload["userErrors"] == [{"code": "ALREADY_ENROLLED", "enrollment": {"id": ids[0]}}]


@pytest.mark.parametrize("target", [UNKNOWN, "nonsense"])
async def test_an_unknown_target_is_not_found(engine: Database, desk: Desk, target: str) -> None:
    [source] = await groups(engine, 2)
    ids = await desk.fill(source, 1)
    payload = await desk.transfer([*ids, UNKNOWN], target)
    assert faults(payload) == [("NOT_FOUND", "toGroupDefinitionId"), ("NOT_FOUND", "enrollmentIds.1")]


async def test_nobody_is_transferred_into_a_deleted_group(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 2, 2)
    ids = await desk.fill(source, 1)
    await desk.delete(target)
    assert faults(await desk.transfer(ids, target)) == [("GROUP_DELETED", "toGroupDefinitionId")]


async def test_another_organizations_group_and_enrollments_are_unknown(
    engine: Database, desk: Desk, app_client: ApiClients
) -> None:
    source, target = await groups(engine, 2, 2)
    ids = await desk.fill(source, 1)
    await seed(engine, "org-2")
    theirs = Desk(await app_client(organization="org-2"))
    assert faults(await theirs.transfer(ids, target)) == [
        ("NOT_FOUND", "toGroupDefinitionId"),
        ("NOT_FOUND", "enrollmentIds.0"),
    ]
    assert await desk.places(source) == [("patient-1", "ENROLLED", None)]


@pytest.mark.parametrize(("count", "code", "results"), [(0, "REQUIRED", 0), (201, "OUT_OF_RANGE", 0)])
async def test_a_list_has_1_to_200_enrollments(
    engine: Database, desk: Desk, count: int, code: str, results: int
) -> None:
    [target] = await groups(engine, 2)
    payload = await desk.transfer([UNKNOWN] * count, target)
    assert faults(payload) == [(code, "enrollmentIds")]
    assert len(payload["results"]) == results


async def test_a_transfer_does_not_exceed_the_limit_of_the_waitlist(engine: Database, clinic: Clinic) -> None:
    await seed(engine, ORGANIZATION)
    limited = Clinic(clinic.engine, clinic.clock, clinic.new_id, "America/Phoenix", 6, waitlist_limit=1)
    async with clients_of(make_app(limited)) as app_client:
        desk = Desk(await app_client())
        source, target = await groups(engine, 4, 1)
        ids = await desk.fill(source, 1, 2, 3, 4)
        payload = await desk.transfer(ids, target)
        assert faults(payload) == [("WAITLIST_FULL", "enrollmentIds.2"), ("WAITLIST_FULL", "enrollmentIds.3")]
        assert await desk.places(target) == []
        assert faults(await desk.transfer(ids[:2], target)) == []


async def deactivate(engine: Database, patient: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(patients).where(patients.c.id == patient).values(active=False))
