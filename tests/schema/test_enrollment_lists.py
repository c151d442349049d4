"""The organization's list of enrollments over HTTP: its filters, its orders, and paging in both directions."""

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from db.connections.engine import Database
from db.tables import access_log, enrollments, patients
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app, refused
from tests.support.clinic import NOW, seed
from tests.support.clinic_rows import add_enrollments, add_group

pytestmark = pytest.mark.anyio

_LIST: Final = """query List($filter: EnrollmentFilter, $order: EnrollmentOrder, $first: Int, $after: String,
    $last: Int, $before: String) {
  enrollments(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }"""
Row = dict[str, Any]
ORDERS: Final[dict[str, Callable[[list[Row]], list[Row]]]] = {
    "GROUP_AND_PLACE": lambda rows: sorted(rows, key=lambda row: (row["group_definition_id"], row["place"], row["id"])),
    "CREATED_AT_ASC": lambda rows: sorted(rows, key=lambda row: (row["created_at"], row["id"])),
    "CREATED_AT_DESC": lambda rows: sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True),
    "UPDATED_AT_ASC": lambda rows: sorted(rows, key=lambda row: (row["updated_at"], row["id"])),
}
SINCE: Final = NOW + timedelta(minutes=4)
_INACTIVE: Final = {"patient-3", "patient-5", "inactive"}


@pytest.fixture(params=["compiled", "graphql-core"])
async def client(
    request: pytest.FixtureRequest, engine: Database, clinic: Clinic, app_client: ApiClients
) -> AsyncIterator[ApiClient]:
    """A client of a clinic whose enrollments have every status, in groups that are deleted or not."""
    await seed(engine, ORGANIZATION)
    async with engine.begin() as connection:
        await connection.execute(update(patients).where(patients.c.id.in_(_INACTIVE)).values(active=False))
    for number in range(3):
        group = await add_group(
            engine, f"Group {number}", ORGANIZATION, max_capacity=9, deleted_at=NOW if number == 2 else None
        )
        for index in range(9):
            patient = "inactive" if index == 8 else f"patient-{index + 1}"
            times = {
                # Several were created, and several changed, at the same instant.
                "created_at": NOW + timedelta(minutes=(index * 4 + number) % 5 - 6),
                "updated_at": NOW + timedelta(minutes=(index * 3 + number) % 7),
                "start_date": None if index % 3 == 1 else date(2026, 11, 1 + (index + 2 * number) % 4),
                "end_date": None if index % 2 else date(2026, 12, 1 + (index + number) % 5),
            }
            await add_enrollments(engine, group, [patient], ORGANIZATION, **times, **_state(index))
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield await clients()


def _state(index: int) -> Row:
    if index < 3:
        return {}
    if index < 6:
        return {"status": "WAITLISTED", "waitlist_position": index - 2, "waitlisted_at": NOW, "enrolled_at": None}
    removed = NOW if index == 7 else None
    return {"status": "DISENROLLED", "disenrolled_at": NOW, "deleted_at": removed}


async def rows_of(engine: Database) -> list[Row]:
    async with engine.connect() as connection:
        return [dict(row) for row in (await connection.execute(select(enrollments))).mappings()]


async def page_of(client: ApiClient, **variables: Any) -> dict[str, Any]:
    page = (await client.execute(_LIST, variables))["enrollments"]
    assert isinstance(page, dict)
    return page


def _ids(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in page["edges"]]


def ids_of(rows: list[Row]) -> list[str]:
    return [str(row["id"]) for row in rows]


FILTERS: Final[dict[str, tuple[dict[str, Any], Callable[[Row], bool]]]] = {
    "nothing": ({}, lambda _: True),
    "null in every condition": (
        dict.fromkeys(
            (
                "status",
                "groupDefinitionId",
                "patientId",
                "patientActive",
                "includeRemoved",
                "updatedSince",
                "startingFrom",
                "endingFrom",
            )
        ),
        lambda _: True,
    ),
    "one status": ({"status": ["WAITLISTED"]}, lambda row: row["status"] == "WAITLISTED"),
    "two statuses": (
        {"status": ["WAITLISTED", "ENROLLED", "ENROLLED"]},
        lambda row: row["status"] in {"ENROLLED", "WAITLISTED"},
    ),
    "all statuses": ({"status": ["ENROLLED", "WAITLISTED", "DISENROLLED"]}, lambda _: True),
    "no status": ({"status": []}, lambda _: False),
    "a patient": ({"patientId": "patient:patient-4"}, lambda row: row["patient_id"] == "patient-4"),
    "a patient and a status": (
        {"patientId": "patient-7", "status": ["DISENROLLED"]},
        lambda row: row["patient_id"] == "patient-7",
    ),
    "an unknown patient": ({"patientId": "nobody"}, lambda _: False),
    "an id of staff": ({"patientId": "staff:patient-4"}, lambda _: False),
    "an unknown group": ({"groupDefinitionId": "01890a5d-ac96-774b-bcce-b302099a8057"}, lambda _: False),
    "inactive patients with a seat": (
        {"patientActive": False, "status": ["ENROLLED"]},
        lambda row: row["patient_id"] in _INACTIVE and row["status"] == "ENROLLED",
    ),
    "a start": (
        {"startingFrom": "2026-11-03"},
        lambda row: row["start_date"] and row["start_date"] >= date(2026, 11, 3),
    ),
    "a start between": (
        {"startingFrom": "2026-11-02", "startingThrough": "2026-11-03", "status": ["ENROLLED"]},
        lambda row: row["start_date"] in {date(2026, 11, 2), date(2026, 11, 3)} and row["status"] == "ENROLLED",
    ),
    "a start until and an end": (
        {"startingThrough": "2026-11-02", "endingFrom": "2026-12-02"},
        lambda row: (
            row["start_date"]
            and row["start_date"] <= date(2026, 11, 2)
            and row["end_date"]
            and row["end_date"] >= date(2026, 12, 2)
        ),
    ),
    "an end": ({"endingFrom": "2026-12-02"}, lambda row: row["end_date"] and row["end_date"] >= date(2026, 12, 2)),
    "an end between": (
        {"endingFrom": "2026-12-02", "endingThrough": "2026-12-03", "status": ["ENROLLED"]},
        lambda row: row["end_date"] in {date(2026, 12, 2), date(2026, 12, 3)} and row["status"] == "ENROLLED",
    ),
    "an end until": (
        {"endingThrough": "2026-12-02", "patientActive": False},
        lambda row: row["end_date"] and row["end_date"] <= date(2026, 12, 2) and row["patient_id"] in _INACTIVE,
    ),
    "active patients": ({"patientActive": True}, lambda row: row["patient_id"] not in _INACTIVE),
    "a change since": ({"updatedSince": SINCE.isoformat()}, lambda row: row["updated_at"] >= SINCE),
    "a change of those who wait since": (
        {"updatedSince": "2026-11-24T09:04:00-07:00", "status": ["WAITLISTED"]},
        lambda row: row["updated_at"] >= SINCE and row["status"] == "WAITLISTED",
    ),
}


@pytest.mark.parametrize("order", ORDERS)
async def test_each_filter_lists_what_matches_in_each_order(engine: Database, client: ApiClient, order: str) -> None:
    rows = await rows_of(engine)
    assert len(rows) == 27
    groups = {row["group_definition_id"] for row in rows}
    for name, (filter_, matches) in FILTERS.items():
        for removed in (False, True):
            matching = [row for row in rows if matches(row) and (removed or row["deleted_at"] is None)]
            with_removed = {**filter_, "includeRemoved": True} if removed else filter_
            page = await page_of(client, filter=with_removed, order=order)
            assert _ids(page) == ids_of(ORDERS[order](matching)), name
            assert page["totalCount"] == len(matching), name
            if filter_.get("groupDefinitionId"):
                continue
            for group in groups:
                page = await page_of(client, filter={**with_removed, "groupDefinitionId": str(group)}, order=order)
                of_group = [row for row in matching if row["group_definition_id"] == group]
                assert _ids(page) == ids_of(ORDERS[order](of_group)), name
                assert page["totalCount"] == len(of_group), name


async def test_the_default_order_is_by_group_and_place(engine: Database, client: ApiClient) -> None:
    expected = [row for row in await rows_of(engine) if row["deleted_at"] is None]
    assert _ids(await page_of(client)) == ids_of(ORDERS["GROUP_AND_PLACE"](expected))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["nothing", "two statuses", "inactive patients with a seat", "a change since"])
async def test_each_order_is_paged_in_both_directions(
    engine: Database, client: ApiClient, order: str, name: str
) -> None:
    filter_, matches = FILTERS[name]
    expected = [row for row in await rows_of(engine) if matches(row) and row["deleted_at"] is None]
    for size, edge, cursor, more in (("first", -1, "after", "hasNextPage"), ("last", 0, "before", "hasPreviousPage")):
        page = await page_of(client, filter=filter_, order=order, **{size: 4})
        pages = [_ids(page)]
        while page["pageInfo"][more]:
            at = {cursor: page["edges"][edge]["cursor"], size: 4}
            page = await page_of(client, filter=filter_, order=order, **at)
            pages.append(_ids(page))
        if size == "last":
            pages.reverse()
        assert [id_ for page_ids in pages for id_ in page_ids] == ids_of(ORDERS[order](expected))


async def test_a_cursor_belongs_to_its_order(client: ApiClient) -> None:
    cursors = {order: (await page_of(client, order=order, first=1))["edges"][0]["cursor"] for order in ORDERS}
    for order, other in [*pairwise(ORDERS), *pairwise(reversed(ORDERS))]:
        message = await refused(
            client, f'{{ enrollments(orderBy: {order}, after: "{cursors[other]}") {{ totalCount }} }}'
        )
        assert message == "`after` is a cursor of another list or another order."


async def test_wrong_filters_are_refused_at_their_fields(client: ApiClient) -> None:
    for name, value, message in (
        ("groupDefinitionId", '"nonsense"', "`filter.groupDefinitionId` must be a UUID"),
        ("patientId", '"a\\u0000"', "`filter.patientId` contains an invalid character."),
        (
            "startingThrough",
            '"2026-12-01", startingFrom: "2026-12-02"',
            "`startingThrough` must not be before `startingFrom`.",
        ),
        ("endingThrough", '"2026-12-01", endingFrom: "2026-12-02"', "`endingThrough` must not be before `endingFrom`."),
        ("updatedSince", '"1999-12-31T00:00:00Z"', "`filter.updatedSince` must be in the years 2000 to 2100."),
    ):
        response = await client.try_execute(f"{{ enrollments(filter: {{{name}: {value}}}) {{ totalCount }} }}")
        [error] = response["errors"]
        assert message in error["message"]
        place = {"argument": "filter", "path": ["filter", name]}
        assert error["extensions"] == {"code": "BAD_USER_INPUT", **place}
        assert error["path"] == ["enrollments"]
    response = await client.try_execute(_LIST, {"filter": {"updatedSince": "2026-11-24T16:00:00"}})
    [error] = response["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["path"] == ["filter", "updatedSince"]
    assert "Expected a time with a date and an offset" in error["message"]


async def test_no_filter_lists_enrollments_of_another_organization(
    engine: Database, app_client: ApiClients, client: ApiClient
) -> None:
    group = (await rows_of(engine))[0]["group_definition_id"]
    stranger = await app_client(organization="org-2")
    for filter_ in ({}, {"groupDefinitionId": str(group)}, {"patientId": "patient-1"}, {"includeRemoved": True}):
        for order in ORDERS:
            assert (await page_of(stranger, filter=filter_, order=order))["totalCount"] == 0


async def test_the_list_needs_the_permission_to_view_enrollments(app_client: ApiClients, client: ApiClient) -> None:
    keys = set(PermissionKey) - {PermissionKey.GROUP_ENROLLMENTS_VIEW}
    response = await (await app_client(permissions=keys)).try_execute(_LIST)
    assert response["data"] == {"enrollments": None}
    [error] = response["errors"]
    assert error["extensions"] == {**error["extensions"], "code": "FORBIDDEN"}
    assert error["path"] == ["enrollments"]


async def test_the_access_log_has_the_patients_of_the_page(engine: Database, client: ApiClient) -> None:
    await page_of(client, filter={"status": ["WAITLISTED"]}, order="CREATED_AT_ASC", first=2)
    async with engine.connect() as connection:
        [row] = (await connection.execute(select(access_log.c.operation, access_log.c.patient_ids))).all()
    waiting = [row for row in await rows_of(engine) if row["status"] == "WAITLISTED"]
    first = ORDERS["CREATED_AT_ASC"](waiting)[:2]
    assert row == ("List", sorted({row["patient_id"] for row in first}))
