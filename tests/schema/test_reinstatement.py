"""Undoing a disenrollment or a removal over HTTP."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.schema.test_transfers import ENROLL, UNKNOWN, Desk, deactivate, faults, groups
from tests.support.api_client import ORGANIZATION, ApiClients, clients_of, make_app
from tests.support.clinic import everything, seed
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

RECORD = """id status waitlistPosition enrolledAt waitlistedAt promotedAt startDate endDate disenrolledAt
  disenrollmentReason deletedAt createdAt"""
REINSTATE = f"""mutation ($input: ReinstateEnrollmentInput!) {{ reinstateEnrollment(input: $input) {{
  enrollment {{ {RECORD} }} groupDefinition {{ capacity {{ enrolled waitlisted }} }} changedEnrollments {{ id }}
  userErrors {{ code field enrollment {{ id }} }} }} }}"""


async def reinstate(desk: Desk, enrollment: str, **more: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await desk.client.execute(REINSTATE, {"input": {"enrollmentId": enrollment, **more}}))[
        "reinstateEnrollment"
    ]
    return payload


async def end(desk: Desk, mutation: str, enrollment: str) -> None:
    document = f"""mutation ($id: ID!) {{ {mutation}(input: {{enrollmentId: $id}}) {{ userErrors {{ code }} }} }}"""
    assert (await desk.client.execute(document, {"id": enrollment}))[mutation]["userErrors"] == []


async def record(desk: Desk, enrollment: str) -> dict[str, Any]:
    found = await desk.client.execute(f"query ($id: ID!) {{ enrollment(id: $id) {{ {RECORD} }} }}", {"id": enrollment})
    result: dict[str, Any] = found["enrollment"]
    return result


@pytest.fixture
async def desk(engine: Database, app_client: ApiClients) -> Desk:
    await seed(engine, ORGANIZATION)
    return Desk(await app_client())


@pytest.mark.parametrize("mutation", ["disenrollPatient", "removeEnrollment"])
async def test_a_free_seat_is_given_back_to_the_same_record(engine: Database, desk: Desk, mutation: str) -> None:
    [group] = await groups(engine, 2)
    ids = await desk.fill(group, 1, 2)
    before = await record(desk, ids[0])
    await end(desk, mutation, ids[0])
    payload = await reinstate(desk, ids[0])
    assert payload["enrollment"] == before
    assert payload["groupDefinition"] == {"capacity": {"enrolled": 2, "waitlisted": 0}}
    assert payload["changedEnrollments"] == [{"id": ids[0]}]
    assert payload["userErrors"] == []
    rows = await everything(engine)
    assert rows.event_names()[-1] == "pm_group_patient_enrolled"
    assert rows.actions()[-1] == "reinstated"
    await assert_invariants(engine)


async def test_without_a_free_seat_the_patient_waits_first(engine: Database, desk: Desk) -> None:
    [group] = await groups(engine, 1)
    ids = await desk.fill(group, 1, 2, 3)
    before = await record(desk, ids[0])
    await end(desk, "disenrollPatient", ids[0])
    lost_at = (await record(desk, ids[0]))["disenrolledAt"]
    payload = await reinstate(desk, ids[0])
    assert payload["enrollment"] == before | {
        "status": "WAITLISTED",
        "waitlistPosition": 1,
        "waitlistedAt": lost_at,
    }
    assert [enrollment["id"] for enrollment in payload["changedEnrollments"]] == [ids[0], ids[2]]
    assert await desk.places(group) == [
        ("patient-2", "ENROLLED", None),
        ("patient-1", "WAITLISTED", 1),
        ("patient-3", "WAITLISTED", 2),
    ]
    await assert_invariants(engine)
    await end(desk, "disenrollPatient", ids[1])
    after = await record(desk, ids[0])
    assert (after["status"], after["enrolledAt"], after["startDate"]) == (
        "ENROLLED",
        before["enrolledAt"],
        before["startDate"],
    )
    await assert_invariants(engine)


async def test_over_capacity_the_patient_gets_a_seat_that_the_check_explains(engine: Database, desk: Desk) -> None:
    [group] = await groups(engine, 1)
    ids = await desk.fill(group, 1, 2)
    await end(desk, "removeEnrollment", ids[0])
    payload = await reinstate(desk, ids[0], allowOverCapacity=True)
    assert payload["groupDefinition"] == {"capacity": {"enrolled": 2, "waitlisted": 0}}
    assert (await everything(engine)).event_names()[-1] == "pm_group_patient_enrolled"
    await assert_invariants(engine)


async def test_a_removal_after_the_end_is_undone_alone(engine: Database, desk: Desk) -> None:
    [group] = await groups(engine, 1)
    [left] = await desk.fill(group, 1)
    await end(desk, "disenrollPatient", left)
    before = await record(desk, left)
    await end(desk, "removeEnrollment", left)
    assert (await reinstate(desk, left))["enrollment"] == before
    assert (await everything(engine)).actions()[-1] == "removal_undone"
    assert (await reinstate(desk, left))["enrollment"]["status"] == "ENROLLED"
    await assert_invariants(engine)


async def test_a_transferred_patient_is_reinstated_and_stays_in_the_other_group(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 1, 1)
    ids = await desk.fill(source, 1)
    await desk.transfer(ids, target)
    assert (await reinstate(desk, ids[0]))["enrollment"]["status"] == "ENROLLED"
    assert await desk.places(target) == [("patient-1", "ENROLLED", None)]
    await assert_invariants(engine)


async def test_a_reinstatement_is_refused_for_every_reason(engine: Database, desk: Desk) -> None:
    [group] = await groups(engine, 1)
    [left] = await desk.fill(group, 1)
    assert (await reinstate(desk, left))["userErrors"] == [
        {"code": "ALREADY_ENROLLED", "field": ["input", "enrollmentId"], "enrollment": {"id": left}}
    ]
    await end(desk, "disenrollPatient", left)
    [again] = await desk.fill(group, 1)
    assert [(error["code"], error["enrollment"]) for error in (await reinstate(desk, left))["userErrors"]] == [
        ("ALREADY_ENROLLED", {"id": again})
    ]
    await end(desk, "disenrollPatient", again)
    await deactivate(engine, "patient-1")
    await desk.delete(group)
    before = await everything(engine)
    payload = await reinstate(desk, left)
    assert faults(payload) == [("GROUP_DELETED", "enrollmentId"), ("NOT_ACTIVE", "enrollmentId")]
    assert (payload["enrollment"], payload["groupDefinition"], payload["changedEnrollments"]) == (None, None, [])
    assert await everything(engine) == before


async def test_a_full_waitlist_refuses_a_reinstatement_unless_it_is_over_capacity(
    engine: Database, clinic: Clinic
) -> None:
    await seed(engine, ORGANIZATION)
    async with clients_of(make_app(replace(clinic, waitlist_limit=1))) as app_client:
        desk = Desk(await app_client())
        [group] = await groups(engine, 1)
        left, _ = await desk.fill(group, 1, 2)
        await end(desk, "disenrollPatient", left)
        await desk.fill(group, 3)
        assert faults(await reinstate(desk, left)) == [("WAITLIST_FULL", "enrollmentId")]
        assert faults(await reinstate(desk, left, allowOverCapacity=True)) == []


@pytest.mark.parametrize("enrollment", [UNKNOWN, "nonsense", ""])
async def test_an_unknown_enrollment_is_not_found(desk: Desk, enrollment: str) -> None:
    assert faults(await reinstate(desk, enrollment)) == [("NOT_FOUND", "enrollmentId")]


async def test_another_organizations_enrollment_is_not_found(
    engine: Database, desk: Desk, app_client: ApiClients
) -> None:
    [group] = await groups(engine, 1)
    [left] = await desk.fill(group, 1)
    await end(desk, "disenrollPatient", left)
    theirs = Desk(await app_client(organization="org-2"))
    assert faults(await reinstate(theirs, left)) == [("NOT_FOUND", "enrollmentId")]


async def test_a_reinstatement_needs_the_key_to_edit(engine: Database, desk: Desk, app_client: ApiClients) -> None:
    [group] = await groups(engine, 1)
    [left] = await desk.fill(group, 1)
    await end(desk, "disenrollPatient", left)
    before = await everything(engine)
    keys = set(PermissionKey) - {PermissionKey.GROUP_ENROLLMENTS_EDIT}
    client = await app_client(permissions=keys)
    response = await client.try_execute(REINSTATE, {"input": {"enrollmentId": left}})
    assert [error["extensions"]["requiredPermission"] for error in response["errors"]] == ["pm.group_enrollments.edit"]
    assert await everything(engine) == before


async def test_a_seat_lost_by_mistake_counts_up_to_the_loss(engine: Database, desk: Desk) -> None:
    """The roster of a session between the loss and the return has only the patient who had the seat then."""
    [group] = await groups(engine, 1)
    ids = await desk.fill(group, 1, 2)
    await end(desk, "disenrollPatient", ids[0])
    await reinstate(desk, ids[0])
    assert await _expected(desk, group) == ["patient-2"]


async def _expected(desk: Desk, group: UUID) -> list[str]:
    """Return the patients who are expected at a session of the group in the future."""
    input_ = {"groupDefinitionId": str(group), "sessionDate": "2027-01-04", "startTime": "09:00:00"}
    document = """mutation ($input: CreateOccurrenceInput!) { createOccurrence(input: $input) {
      occurrence { roster(first: 9) { nodes { patient { registryId } } } } } }"""
    roster = (await desk.client.execute(document, {"input": input_}))["createOccurrence"]["occurrence"]["roster"]
    return [node["patient"]["registryId"] for node in roster["nodes"]]


async def test_a_stay_whose_start_was_corrected_after_its_end_does_not_end_before_it(
    engine: Database, desk: Desk
) -> None:
    [group] = await groups(engine, 1)
    days = [str(datetime.now(ZoneInfo("America/Phoenix")).date() - timedelta(days=days)) for days in (10, 5, 3, 1)]
    stay = {"patientId": "patient-1", "startDate": days[0], "endDate": days[1]}
    enrolled = await desk.client.execute(ENROLL, {"input": {"groupDefinitionId": str(group), **stay}})
    left = enrolled["enrollPatient"]["enrollment"]["id"]
    corrections = """mutation ($id: ID!, $last: Date!, $start: Date!) {
      disenrollPatient(input: {enrollmentId: $id, endDate: $last}) { userErrors { code } }
      updateEnrollment(input: {enrollmentId: $id, startDate: $start}) { userErrors { code } } }"""
    await desk.client.execute(corrections, {"id": left, "last": days[3], "start": days[2]})
    reinstated = (await reinstate(desk, left))["enrollment"]
    assert [reinstated[name] for name in ("status", "startDate", "endDate")] == ["ENROLLED", days[2], days[3]]
    await assert_invariants(engine)
