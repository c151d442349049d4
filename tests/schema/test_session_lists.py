"""Lists of sessions over HTTP: their filters, their orders, and paging in both directions in each order."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from db.connections.engine import Database
from db.tables import locations, occurrences, staff_members
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app, refused
from tests.support.clinic import NOW, seed
from tests.support.clinic_rows import add_group, add_sessions

pytestmark = pytest.mark.anyio

DAY: Final = date(2026, 11, 22)
_STAFF: Final = tuple(f"staff-{number}" for number in range(1, 5))
_PLACES: Final = ("phoenix", "denver", "tucson")
_LIST: Final = """query ($filter: OccurrenceFilter, $order: OccurrenceOrder, $first: Int, $after: String, $last: Int,
    $before: String) { occurrences(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last,
    before: $before) { totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }"""
_OF_GROUP: Final = """query ($filter: OccurrenceFilter, $order: OccurrenceOrder, $group: ID!) {
  groupDefinition(id: $group) { occurrences(filter: $filter, orderBy: $order) { totalCount nodes { id } } } }"""
Row = dict[str, Any]
ORDERS: Final[dict[str, Callable[[list[Row]], list[Row]]]] = {
    "STARTS_AT_ASC": lambda rows: sorted(rows, key=_start),
    "STARTS_AT_DESC": lambda rows: sorted(rows, key=_start, reverse=True),
    "UPDATED_AT_ASC": lambda rows: sorted(rows, key=lambda row: (row["updated_at"], row["id"])),
}


def _start(row: Row) -> tuple[date, time, UUID]:
    return row["session_date"], row["start_time"], row["id"]


@pytest.fixture(params=["compiled", "graphql-core"])
async def client(
    request: pytest.FixtureRequest, engine: Database, clinic: Clinic, app_client: ApiClients
) -> AsyncIterator[ApiClient]:
    """A client of a clinic whose sessions have every combination of staff, places and times of change."""
    await seed(engine, ORGANIZATION)
    async with engine.begin() as connection:
        for id_ in _STAFF[2:]:
            person = {"id": id_, "display_name": id_, "active": True, "search_text": id_}
            await connection.execute(insert(staff_members).values(organization_id=ORGANIZATION, **person))
        place = {"id": "tucson", "site": "Tucson", "time_zone": "America/Phoenix", "search_text": "tucson"}
        await connection.execute(insert(locations).values(organization_id=ORGANIZATION, **place))
    for number in range(3):
        group = await add_group(engine, f"Group {number}", ORGANIZATION)
        for lead in range(4):
            co_leader = _STAFF[(lead + number) % 4]
            await add_sessions(
                engine,
                group,
                [DAY + timedelta(days=day) for day in range(3)],
                ORGANIZATION,
                start_time=time(9 + lead),
                end_time=time(10 + lead),
                facilitator_id=_STAFF[lead],
                co_facilitator_id=None if co_leader == _STAFF[lead] else co_leader,
                location_id=(*_PLACES, None)[(lead * 3 + number) % 4],
                # Sessions of the same number changed at the same instant.
                updated_at=NOW + timedelta(minutes=(lead * 5 + number) % 7),
            )
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield await clients()


async def rows_of(engine: Database) -> list[Row]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(occurrences))).mappings()]


async def page_of(client: ApiClient, **variables: Any) -> dict[str, Any]:
    page = (await client.execute(_LIST, variables))["occurrences"]
    assert isinstance(page, dict)
    return page


def ids_of(rows: list[Row]) -> list[str]:
    return [str(row["id"]) for row in rows]


SINCE: Final = NOW + timedelta(minutes=3)
FILTERS: Final[dict[str, tuple[dict[str, Any], Callable[[Row], bool]]]] = {
    "nothing": ({}, lambda _: True),
    "several staff": (
        {"facilitatorIds": ["staff:staff-1", "staff-3", "staff-3", "nobody"]},
        lambda row: bool({row["facilitator_id"], row["co_facilitator_id"]} & {"staff-1", "staff-3"}),
    ),
    "several staff, and one of them": (
        {"facilitatorIds": ["staff-1", "staff-3"], "facilitatorId": "staff-1"},
        lambda row: "staff-1" in {row["facilitator_id"], row["co_facilitator_id"]},
    ),
    "several places": (
        {"locationIds": ["location:denver", "tucson"]},
        lambda row: row["location_id"] in {"denver", "tucson"},
    ),
    "staff, places, days and status": (
        {
            "facilitatorIds": ["staff-1", "staff-2"],
            "locationIds": ["denver", "phoenix"],
            "from": "2026-11-23",
            "status": ["SCHEDULED", "COMPLETED"],
        },
        lambda row: (
            row["location_id"] in {"denver", "phoenix"}
            and bool({row["facilitator_id"], row["co_facilitator_id"]} & {"staff-1", "staff-2"})
            and row["session_date"] >= date(2026, 11, 23)
        ),
    ),
    "no staff": ({"facilitatorIds": []}, lambda _: False),
    "no places": ({"locationIds": [], "status": ["SCHEDULED"]}, lambda _: False),
    "a change since": ({"updatedSince": SINCE.isoformat()}, lambda row: row["updated_at"] >= SINCE),
    "a change of some staff since": (
        {"updatedSince": "2026-11-24T09:03:00-07:00", "facilitatorIds": ["staff-2"]},
        lambda row: row["updated_at"] >= SINCE and "staff-2" in {row["facilitator_id"], row["co_facilitator_id"]},
    ),
}


@pytest.mark.parametrize("order", ORDERS)
async def test_each_filter_lists_what_matches_in_each_order(engine: Database, client: ApiClient, order: str) -> None:
    rows = await rows_of(engine)
    assert len(rows) == 36
    groups = {row["group_definition_id"] for row in rows}
    for name, (filter_, matches) in FILTERS.items():
        expected = ORDERS[order]([row for row in rows if matches(row)])
        page = await page_of(client, filter=filter_, order=order, first=200)
        assert [edge["node"]["id"] for edge in page["edges"]] == ids_of(expected), name
        assert page["totalCount"] == len(expected), name
        for group in groups:
            of_group = ids_of([row for row in expected if row["group_definition_id"] == group])
            variables = {"filter": filter_, "order": order, "group": str(group)}
            data = await client.execute(_OF_GROUP, variables)
            nested = data["groupDefinition"]["occurrences"]
            assert [node["id"] for node in nested["nodes"]] == of_group, name
            assert nested["totalCount"] == len(of_group), name
            root = await page_of(client, filter={**filter_, "groupDefinitionId": str(group)}, order=order)
            assert [edge["node"]["id"] for edge in root["edges"]] == of_group, name


@pytest.mark.parametrize("order", ORDERS)
async def test_each_order_is_paged_in_both_directions(engine: Database, client: ApiClient, order: str) -> None:
    matches = FILTERS["several staff"][1]
    filters = {"nothing": {}, "several staff": FILTERS["several staff"][0]}
    rows = await rows_of(engine)
    for name, filter_ in filters.items():
        expected = ids_of(ORDERS[order]([row for row in rows if name == "nothing" or matches(row)]))
        for size, edge, cursor, more in (
            ("first", -1, "after", "hasNextPage"),
            ("last", 0, "before", "hasPreviousPage"),
        ):
            page = await page_of(client, filter=filter_, order=order, **{size: 7})
            pages = [[edge_["node"]["id"] for edge_ in page["edges"]]]
            while page["pageInfo"][more]:
                at = {cursor: page["edges"][edge]["cursor"], size: 7}
                page = await page_of(client, filter=filter_, order=order, **at)
                pages.append([edge_["node"]["id"] for edge_ in page["edges"]])
            if size == "last":
                pages.reverse()
            assert [id_ for page_ids in pages for id_ in page_ids] == expected


async def test_a_cursor_belongs_to_its_order(client: ApiClient) -> None:
    cursors = {order: (await page_of(client, order=order, first=1))["edges"][0]["cursor"] for order in ORDERS}
    assert (await page_of(client, first=1))["edges"][0]["cursor"] == cursors["STARTS_AT_ASC"]
    for order, other in [*pairwise(ORDERS), *pairwise(reversed(ORDERS))]:
        message = await refused(
            client, f'{{ occurrences(orderBy: {order}, after: "{cursors[other]}") {{ totalCount }} }}'
        )
        assert message == "`after` is a cursor of another list or another order."


async def test_wrong_filters_are_refused_by_name(client: ApiClient) -> None:
    many = ", ".join(f'"s{number}"' for number in range(101))
    for filter_, message in (
        ('groupDefinitionId: "nonsense"', "`filter.groupDefinitionId` must be a UUID"),
        (f"facilitatorIds: [{many}]", "`filter.facilitatorIds` may have at most 100 ids."),
        (f"locationIds: [{many}]", "`filter.locationIds` may have at most 100 ids."),
        ('locationIds: ["a\\u0000"]', "`filter.locationIds` contains an invalid character."),
        ('updatedSince: "1999-12-31T00:00:00Z"', "`filter.updatedSince` must be in the years 2000 to 2100."),
        ('updatedSince: "9999-12-31T00:00:00Z"', "`filter.updatedSince` must be in the years 2000 to 2100."),
    ):
        assert message in await refused(client, f"{{ occurrences(filter: {{{filter_}}}) {{ totalCount }} }}")
    for instant in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-24T16:00:00", "2026-11-24"):
        response = await client.try_execute(_LIST, {"filter": {"updatedSince": instant}})
        [error] = response["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "Expected a time with a date and an offset" in error["message"]


async def test_no_filter_lists_sessions_of_another_organization(
    engine: Database, app_client: ApiClients, client: ApiClient
) -> None:
    group = (await rows_of(engine))[0]["group_definition_id"]
    stranger = await app_client(organization="org-2")
    since = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    for filter_ in (
        {"groupDefinitionId": str(group)},
        {"facilitatorIds": list(_STAFF), "locationIds": list(_PLACES)},
        {"updatedSince": since},
    ):
        for order in ORDERS:
            assert (await page_of(stranger, filter=filter_, order=order))["totalCount"] == 0
