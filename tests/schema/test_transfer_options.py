"""Transfers from a named day, as dry runs, and by callers who lack a key, over HTTP."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from db.connections.engine import Database
from db.tables import enrollments
from resolvers.caller import PermissionKey
from tests.schema.test_transfers import TRANSFER, Desk, desk, faults, groups
from tests.support.api_client import ApiClients
from tests.support.clinic import everything

__all__ = ["desk"]

pytestmark = pytest.mark.anyio


async def test_a_named_start_is_the_first_day_in_the_other_group(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 3, 3)
    ids = await desk.fill(source, 1, 2)
    today = datetime.now(ZoneInfo("America/Phoenix")).date()
    async with engine.begin() as connection:
        [left, _] = (UUID(id_) for id_ in ids)
        start = {"start_date": today - timedelta(days=9)}
        await connection.execute(update(enrollments).where(enrollments.c.id == left).values(start))
    first = today - timedelta(days=2)
    assert faults(await desk.transfer(ids, target, startDate=str(first))) == [("INVALID", "enrollmentIds.1")]
    assert faults(await desk.transfer(ids[:1], target, startDate=str(first))) == []
    rows = {str(row["id"]): row for row in (await everything(engine)).enrollments}
    assert rows[ids[0]]["end_date"] == first - timedelta(days=1)
    [new] = [row for row in rows.values() if row["group_definition_id"] == target]
    assert (new["start_date"], new["counts_from_start"]) == (first, True)


@pytest.mark.parametrize("days", [-91, 367])
async def test_a_start_lies_at_most_90_days_back_and_366_ahead(engine: Database, desk: Desk, days: int) -> None:
    source, target = await groups(engine, 2, 2)
    ids = await desk.fill(source, 1)
    start = datetime.now(ZoneInfo("America/Phoenix")).date() + timedelta(days=days)
    assert ("OUT_OF_RANGE", "startDate") in faults(await desk.transfer(ids, target, startDate=str(start)))


async def test_a_dry_run_decides_alike_and_writes_nothing(engine: Database, desk: Desk) -> None:
    source, target = await groups(engine, 2, 1)
    ids = await desk.fill(source, 1, 2, 3)
    before = await everything(engine)
    tried = await desk.transfer(ids[:2], target, dryRun=True)
    assert await everything(engine) == before
    done = await desk.transfer(ids[:2], target)
    for payload in (tried, done):
        for result in payload["results"]:
            del result["enrollment"]["id"]
    assert tried == done
    assert faults(await desk.transfer(ids[:2], target, dryRun=True)) == [
        ("NOT_ACTIVE", "enrollmentIds.0"),
        ("NOT_ACTIVE", "enrollmentIds.1"),
    ]


@pytest.mark.parametrize(
    ("keys", "missing"),
    [
        ([PermissionKey.GROUP_ENROLLMENTS_EDIT], PermissionKey.GROUP_ENROLLMENTS_CREATE),
        ([PermissionKey.GROUP_ENROLLMENTS_CREATE], PermissionKey.GROUP_ENROLLMENTS_EDIT),
    ],
)
async def test_a_transfer_needs_the_keys_to_edit_and_to_create(
    engine: Database, desk: Desk, app_client: ApiClients, keys: list[PermissionKey], missing: PermissionKey
) -> None:
    source, target = await groups(engine, 2, 2)
    ids = await desk.fill(source, 1)
    before = await everything(engine)
    client = await app_client(permissions=keys)
    input_ = {"enrollmentIds": ids, "toGroupDefinitionId": str(target)}
    response = await client.try_execute(TRANSFER, {"input": input_})
    assert response["data"] == {"transferEnrollments": None}
    [error] = response["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["extensions"]["requiredPermission"] == missing
    assert await everything(engine) == before
