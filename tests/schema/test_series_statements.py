"""Reconciling and generating take as many statements for two years as for a week, and drift as many for all groups."""

from datetime import date, time
from typing import Any

import httpx
import pytest

from db.connections.engine import Database
from resolvers.context import Clinic
from tests.schema.test_statement_counts import count, statements_of
from tests.support import clinic as clinics
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import NOW, seed
from tests.support.clinic_rows import add_group, add_sessions

pytestmark = pytest.mark.anyio

GENERATE = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  createdCount userErrors { code } } }"""
RECONCILE = """mutation ($input: ReconcileOccurrencesInput!) { reconcileOccurrences(input: $input) {
  createdCount updatedCount cancelledCount userErrors { code } } }"""
UPDATE_GROUP = """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
  userErrors { code } } }"""
DRIFTS = "{ groupDefinitions(first: 20) { nodes { scheduleDrift { count items { date reasons } } } } }"
WEEK, TWO_YEARS = ({"from": "2026-12-01", "through": through} for through in ("2026-12-07", "2028-12-01"))
STORED = {
    "recurrence_rule": "FREQ=DAILY",
    "recurrence_start_date": date(2026, 12, 1),
    "recurrence_start_time": time(9),
    "recurrence_excluded_dates": [],
}


@pytest.fixture
def clinic(engine: Database) -> Clinic:
    """The clinic of the app, whose clock stands still."""
    return clinics.clinic(engine, NOW)


async def changed(client: ApiClient, mutation: str, **input_: Any) -> tuple[dict[str, Any], int]:
    """Return the payload of a mutation, and the number of its statements."""
    response: httpx.Response = await client.send(mutation, {"input": input_})
    [payload] = response.json()["data"].values()
    assert payload.pop("userErrors") == []
    return payload, statements_of(response)


async def test_statements_do_not_grow_with_the_sessions(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    counted = []
    for window in (WEEK, TWO_YEARS):
        group = str(await add_group(engine, "Daily", ORGANIZATION, **STORED))
        generated, of_generating = await changed(client, GENERATE, groupDefinitionId=group, **window)
        assert generated["createdCount"] in (7, 732)
        # The second session of each pair moves a day ahead, to the place of the one that is cancelled.
        rule = {"rule": "FREQ=DAILY;INTERVAL=2", "startDate": "2026-12-02", "startTime": "13:00"}
        await changed(client, UPDATE_GROUP, id=group, recurrence=rule)
        reconciled, of_reconciling = await changed(
            client, RECONCILE, groupDefinitionId=group, cancellationReason="every other day", **window
        )
        assert reconciled["updatedCount"] + reconciled["cancelledCount"] == generated["createdCount"]
        counted.append((of_generating, of_reconciling))
    assert counted[0] == counted[1]
    assert max(counted[0]) <= 12


async def test_drift_of_all_groups_takes_as_many_statements_as_of_two(
    engine: Database, clinic: Clinic, app_client: ApiClients
) -> None:
    await seed(engine, ORGANIZATION)
    compiled = await app_client()
    async with clients_of(make_app(clinic, compiled=False)) as clients:
        plain = await clients()
        for groups in (2, 10):
            for number in range(groups):
                group = await add_group(engine, f"Daily {groups}.{number}", ORGANIZATION, **STORED)
                for day in (date(2026, 12, 1), date(2026, 12, 3)):
                    await add_sessions(
                        engine, group, [day], ORGANIZATION, recurrence_date=day, facilitator_id="staff-2"
                    )
            # The groups, their sessions, and the closures.
            assert [await count(client, DRIFTS) for client in (compiled, plain)] == [3, 3]
        response = await compiled.send(DRIFTS)
        assert response.content == (await plain.send(DRIFTS)).content
    drifts = [node["scheduleDrift"] for node in response.json()["data"]["groupDefinitions"]["nodes"]]
    expected = [
        {"date": "2026-12-01", "reasons": ["FACILITATOR"]},
        {"date": "2026-12-02", "reasons": ["MISSING"]},
        {"date": "2026-12-03", "reasons": ["FACILITATOR"]},
    ]
    assert drifts == [{"count": 3, "items": expected}] * 12
