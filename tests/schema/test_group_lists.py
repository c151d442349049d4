"""The list of groups over HTTP by minimum and by change."""

from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import select

from db.connections.engine import Database
from db.tables import group_definitions
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, refused
from tests.support.clinic import NOW, seed
from tests.support.clinic_rows import add_enrollments, add_group

pytestmark = pytest.mark.anyio

_LIST: Final = """query ($filter: GroupDefinitionFilter, $order: GroupDefinitionOrder, $first: Int, $after: String,
    $last: Int, $before: String) { groupDefinitions(filter: $filter, orderBy: $order, first: $first, after: $after,
    last: $last, before: $before) { totalCount nodes { name updatedAt capacity { belowMinimum } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client()


async def page_of(client: ApiClient, **variables: Any) -> dict[str, Any]:
    page = (await client.execute(_LIST, variables))["groupDefinitions"]
    assert isinstance(page, dict)
    return page


def _names(page: dict[str, Any]) -> list[str]:
    return [node["name"] for node in page["nodes"]]


async def test_groups_below_their_minimum_are_listed(engine: Database, client: ApiClient) -> None:
    waiting = {"status": "WAITLISTED", "waitlist_position": 1, "waitlisted_at": NOW, "enrolled_at": None}
    left = {"status": "DISENROLLED", "disenrolled_at": NOW}
    for name, minimum, seated in (("No minimum", None, 0), ("One of two", 2, 1), ("Two of two", 2, 2), ("Empty", 1, 0)):
        group = await add_group(engine, name, ORGANIZATION, max_capacity=4, min_capacity=minimum)
        for number in range(seated):
            await add_enrollments(engine, group, [f"patient-{number + 1}"], ORGANIZATION)
        # Neither those who wait nor those who left count.
        await add_enrollments(engine, group, ["patient-7"], ORGANIZATION, **waiting)
        await add_enrollments(engine, group, ["patient-8"], ORGANIZATION, **left)
    for value, expected in (
        (True, ["Empty", "One of two"]),
        (False, ["No minimum", "Two of two"]),
        (None, ["Empty", "No minimum", "One of two", "Two of two"]),
    ):
        page = await page_of(client, filter={"belowMinimum": value})
        assert _names(page) == expected
        assert page["totalCount"] == len(expected)
        assert value in {None, *(node["capacity"]["belowMinimum"] for node in page["nodes"])}
    assert _names(
        await page_of(client, filter={"belowMinimum": True, "search": "two", "capacityStatus": ["OPEN"]})
    ) == ["One of two"]


async def test_changed_groups_are_listed_in_the_order_of_their_changes(engine: Database, client: ApiClient) -> None:
    for number in range(9):
        times = {"updated_at": NOW + timedelta(minutes=number * 4 % 5), "deleted_at": NOW if number == 4 else None}
        await add_group(engine, f"Group {number}", ORGANIZATION, **times)
    async with engine.connect() as connection:
        ordered = select(group_definitions.c.name, group_definitions.c.updated_at).order_by(
            group_definitions.c.updated_at, group_definitions.c.id
        )
        rows = (await connection.execute(ordered)).all()
    since = NOW + timedelta(minutes=1)
    for filter_, expected in (
        ({}, [row.name for row in rows if row.name != "Group 4"]),
        ({"includeDeleted": True}, [row.name for row in rows]),
        (
            {"includeDeleted": True, "updatedSince": since.isoformat()},
            [row.name for row in rows if row.updated_at >= since],
        ),
    ):
        page = await page_of(client, filter=filter_, order="UPDATED_AT_ASC")
        assert _names(page) == expected
        assert page["totalCount"] == len(expected)
        for size, cursor, end, more in (
            ("first", "after", "endCursor", "hasNextPage"),
            ("last", "before", "startCursor", "hasPreviousPage"),
        ):
            page = await page_of(client, filter=filter_, order="UPDATED_AT_ASC", **{size: 2})
            pages = [_names(page)]
            while page["pageInfo"][more]:
                at = {cursor: page["pageInfo"][end], size: 2}
                page = await page_of(client, filter=filter_, order="UPDATED_AT_ASC", **at)
                pages.append(_names(page))
            if size == "last":
                pages.reverse()
            assert [name for names in pages for name in names] == expected


async def test_a_wrong_time_of_a_change_is_refused_by_name(client: ApiClient) -> None:
    message = await refused(
        client, '{ groupDefinitions(filter: {updatedSince: "1999-12-31T00:00:00Z"}) { totalCount } }'
    )
    assert message == "`filter.updatedSince` must be in the years 2000 to 2100."
    response = await client.try_execute(_LIST, {"filter": {"updatedSince": "2026-11-24T16:00:00"}})
    [error] = response["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["path"] == ["filter", "updatedSince"]
