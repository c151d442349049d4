"""The conflicts of many patients who enter a group at once, over HTTP on both databases."""

from typing import Any, Final
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.schema.test_statement_counts import statements_of
from tests.schema.test_stays import NOON, Desk, assert_explained, desk, on
from tests.support.api_client import clients_of, make_app
from tests.support.clinic import everything

__all__ = ["desk"]
pytestmark = pytest.mark.anyio

_RESULTS: Final = "results { id decision { status } conflicts { kind patient { registryId } occurrences { id } } }"
ENROLL_ALL: Final = f"""mutation ($input: EnrollPatientsInput!) {{ enrollPatients(input: $input) {{
  {_RESULTS} userErrors {{ code }} }} }}"""
TRANSFER: Final = f"""mutation ($input: TransferEnrollmentsInput!) {{ transferEnrollments(input: $input) {{
  {_RESULTS} userErrors {{ code }} }} }}"""


async def enroll_all(desk: Desk, group: UUID, *numbers: int, **more: Any) -> list[dict[str, Any]]:
    ids = [f"patient-{number}" for number in numbers]
    input_ = {"groupDefinitionId": str(group), "patientIds": ids, "dryRun": True, **more}
    payload = (await desk.client.execute(ENROLL_ALL, {"input": input_}))["enrollPatients"]
    assert payload["userErrors"] == []
    return list(payload["results"])


async def transfer(desk: Desk, group: UUID, *ids: str, **more: Any) -> list[dict[str, Any]]:
    input_ = {"enrollmentIds": list(ids), "toGroupDefinitionId": str(group), "dryRun": True, **more}
    payload = (await desk.client.execute(TRANSFER, {"input": input_}))["transferEnrollments"]
    assert payload["userErrors"] == []
    return list(payload["results"])


def clashes(results: list[dict[str, Any]]) -> list[list[tuple[str, set[str]]]]:
    """Return the patient and the sessions of each conflict, for each result."""
    return [
        [
            (conflict["patient"]["registryId"], {session["id"] for session in conflict["occurrences"]})
            for conflict in result["conflicts"]
        ]
        for result in results
    ]


async def two_groups(desk: Desk, seats: int = 5) -> tuple[UUID, UUID, set[str]]:
    """Make two groups with sessions at the same time. Return them, and the two sessions."""
    morning, skills = await desk.group(), await desk.group(seats)
    return morning, skills, {str(await desk.session(morning, 2)), str(await desk.session(skills, 2))}


@pytest.mark.parametrize("dry_run", [True, False])
async def test_each_of_many_patients_has_their_own_conflicts(desk: Desk, dry_run: bool) -> None:
    morning, skills, both = await two_groups(desk, seats=2)
    for number in (1, 3):
        await desk.enrolled(morning, number)
    before = await everything(desk.engine)
    results = await enroll_all(desk, skills, 1, 2, 3, 1, dryRun=dry_run)
    assert clashes(results) == [[("patient-1", both)], [], [("patient-3", both)], []]
    assert [(result["decision"] or {}).get("status") for result in results] == [
        "ENROLLED",
        "ENROLLED",
        "WAITLISTED",
        None,
    ]
    assert (await everything(desk.engine) == before) is dry_run
    await assert_explained(desk.engine)


async def test_a_transferred_patient_has_no_conflicts_with_the_group_left(desk: Desk) -> None:
    morning, skills, _ = await two_groups(desk)
    third = await desk.group()
    sessions = {str(await desk.session(third, 4)), str(await desk.session(skills, 4))}
    one, two = [(await desk.enrolled(morning, number))["id"] for number in (1, 2)]
    await desk.enrolled(third, 2)
    for dry_run in (True, False):
        assert clashes(await transfer(desk, skills, one, two, dryRun=dry_run)) == [[], [("patient-2", sessions)]]


async def test_conflicts_of_a_stay_are_those_of_its_days(desk: Desk) -> None:
    morning, skills, both = await two_groups(desk)
    await desk.enrolled(morning, 1)
    assert clashes(await enroll_all(desk, skills, 1, startDate=on(3))) == [[]]
    assert clashes(await enroll_all(desk, skills, 1, endDate=on(1))) == [[]]
    assert clashes(await enroll_all(desk, skills, 1, startDate=on(2), endDate=on(2))) == [[("patient-1", both)]]


@pytest.mark.parametrize("key", [PermissionKey.GROUP_ENROLLMENTS_VIEW, PermissionKey.GROUP_SCHEDULE_VIEW])
async def test_conflicts_of_many_need_the_view_keys(engine: Database, desk: Desk, key: PermissionKey) -> None:
    morning, skills, _ = await two_groups(desk)
    await desk.enrolled(morning, 1)
    clinic = Clinic(engine, lambda: NOON, uuid7, "America/Phoenix", 6)
    async with clients_of(make_app(clinic)) as clients:
        lacking = Desk(
            engine, await clients(permissions=[other for other in PermissionKey if other is not key]), [NOON]
        )
        variables = {"input": {"groupDefinitionId": str(skills), "patientIds": ["patient-1"], "dryRun": True}}
        document = ENROLL_ALL.replace("patient { registryId } occurrences { id }", "")
        payload = (await lacking.client.execute(document, variables))["enrollPatients"]
    assert [result["conflicts"] for result in payload["results"]] == [[]]


async def test_conflicts_of_many_take_as_many_statements_as_of_one(desk: Desk) -> None:
    morning, skills, _ = await two_groups(desk, seats=12)
    for number in range(1, 11):
        await desk.enrolled(morning, number)
    counts = []
    for numbers in (range(1, 3), range(1, 11)):
        ids = [f"patient-{number}" for number in numbers]
        variables = {"input": {"groupDefinitionId": str(skills), "patientIds": ids, "dryRun": True}}
        counts.append(statements_of(await desk.client.send(ENROLL_ALL, variables)))
    assert counts[0] == counts[1]
