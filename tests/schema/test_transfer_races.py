"""Transfers at the same moment, and many at once: seats are given once, nobody is lost, and nothing waits forever."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest

from db.connections.engine import Database
from tests.schema.test_transfers import TRANSFER, Desk, groups
from tests.support.api_client import ORGANIZATION, ApiClients, clients_of, make_app, make_clinic
from tests.support.clinic import seed
from tests.support.databases import TestedDatabase
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

PATIENTS = 220


@pytest.fixture
async def desk(engine: Database, app_client: ApiClients) -> Desk:
    await seed(engine, ORGANIZATION, PATIENTS)
    return Desk(await app_client())


async def transfer_from_servers(
    database_url: str, administrator_url: str, calls: Sequence[tuple[Sequence[str], UUID]]
) -> list[dict[str, Any]]:
    """Send transfers at the same moment, each to a server of its own, and return their payloads."""
    engines = [TestedDatabase(database_url, administrator_url) for _ in calls]

    async def send(engine: Database, ids: Sequence[str], to: UUID) -> dict[str, Any]:
        async with clients_of(make_app(make_clinic(engine))) as clients:
            return await Desk(await clients()).transfer(ids, to)

    try:
        return await asyncio.gather(*(send(engine, *call) for engine, call in zip(engines, calls, strict=True)))
    finally:
        for engine in engines:
            await engine.dispose()


async def test_two_transfers_into_the_last_seat_seat_one_and_the_other_waits(
    engine: Database, desk: Desk, database_url: str, administrator_url: str
) -> None:
    for number in range(5):
        first, second, target = await groups(engine, 1, 1, 1)
        [one], [other] = await desk.fill(first, 2 * number + 1), await desk.fill(second, 2 * number + 2)
        payloads = await transfer_from_servers(database_url, administrator_url, [([one], target), ([other], target)])
        assert [payload["userErrors"] for payload in payloads] == [[], []]
        decisions = [payload["results"][0]["decision"] for payload in payloads]
        assert sorted((decision["status"], decision["waitlistPosition"]) for decision in decisions) == [
            ("ENROLLED", None),
            ("WAITLISTED", 1),
        ]
        assert [status for _, status, _ in await desk.places(target)] == ["ENROLLED", "WAITLISTED"]
        for source in (first, second):
            assert [status for _, status, _ in await desk.places(source)] == ["DISENROLLED"]
    await assert_invariants(engine)


async def test_the_same_enrollment_is_transferred_once(
    engine: Database, desk: Desk, database_url: str, administrator_url: str
) -> None:
    source, first, second = await groups(engine, 1, 1, 1)
    ids = await desk.fill(source, 1)
    payloads = await transfer_from_servers(database_url, administrator_url, [(ids, first), (ids, second)])
    assert sorted(str([error["code"] for error in payload["userErrors"]]) for payload in payloads) == [
        "['NOT_ACTIVE']",
        "[]",
    ]
    assert len(await desk.places(first)) + len(await desk.places(second)) == 1
    await assert_invariants(engine)


async def test_opposite_transfers_do_not_wait_for_each_other(
    engine: Database, desk: Desk, database_url: str, administrator_url: str
) -> None:
    one, other = await groups(engine, 3, 3)
    there, back = await desk.fill(one, 1, 2, 3, 4), await desk.fill(other, 5, 6, 7, 8)
    calls = [call for pair in zip(there, back, strict=True) for call in (([pair[0]], other), ([pair[1]], one))]
    payloads = await transfer_from_servers(database_url, administrator_url, calls)
    assert [payload["userErrors"] for payload in payloads] == [[]] * len(calls)
    for group, numbers in ((one, range(5, 9)), (other, range(1, 5))):
        active = [place for place in await desk.places(group) if place[1] != "DISENROLLED"]
        assert {patient for patient, _, _ in active} == {f"patient-{number}" for number in numbers}
        assert [status for _, status, _ in active] == ["ENROLLED"] * 3 + ["WAITLISTED"]
    await assert_invariants(engine)


async def test_200_patients_are_transferred_in_as_many_statements_as_3(engine: Database, desk: Desk) -> None:
    counts = []
    for number in (3, 200):
        source, target = await groups(engine, 2, number - 1)
        ids = await desk.fill(source, *range(1, number + 3))
        input_ = {"enrollmentIds": ids[:number], "toGroupDefinitionId": str(target)}
        response = await desk.client.send(TRANSFER, {"input": input_})
        payload = response.json()["data"]["transferEnrollments"]
        assert payload["userErrors"] == []
        assert [result["decision"]["status"] for result in payload["results"]][-2:] == ["ENROLLED", "WAITLISTED"]
        assert len(payload["promoted"]) == 2
        counts.append(_statements(response))
    assert counts[0] == counts[1]


def _statements(response: httpx.Response) -> int:
    return int(response.headers["Server-Timing"].split('desc="')[1].strip('"').split()[0])


async def test_reinstating_before_150_who_wait_takes_the_statements_of_2(engine: Database, desk: Desk) -> None:
    counts = []
    for number in (2, 150):
        [group] = await groups(engine, 1)
        [left, *_] = await desk.fill(group, *range(1, number + 3))
        leave = "mutation ($id: ID!) { disenrollPatient(input: {enrollmentId: $id}) { userErrors { code } } }"
        await desk.client.execute(leave, {"id": left})
        document = """mutation ($id: ID!) { reinstateEnrollment(input: {enrollmentId: $id}) {
          enrollment { waitlistPosition } changedEnrollments { id } userErrors { code } } }"""
        response = await desk.client.send(document, {"id": left})
        payload = response.json()["data"]["reinstateEnrollment"]
        assert payload["enrollment"] == {"waitlistPosition": 1}
        assert len(payload["changedEnrollments"]) == number + 1
        counts.append(_statements(response))
    assert counts[0] == counts[1]
