"""The board of a program over HTTP: whose weeks it has, their order, pages and cursors, permissions, the access log."""

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
from sqlalchemy import insert, select, update

from db.connections.engine import Database
from db.tables import access_log, group_definitions, patients
from domain.search_text import search_text
from resolvers.caller import PermissionKey
from tests.schema.test_statement_counts import count
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app, refused
from tests.support.clinic import clinic as clinic_at
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

NOW: Final = datetime(2027, 1, 13, 19, tzinfo=UTC)
"""Wednesday noon in Phoenix."""
LONG_AGO: Final = datetime(2026, 6, 1, tzinfo=UTC)
BOARD: Final = """query ($program: GroupType!, $week: Date, $status: [ComplianceStatus!],
  $outlook: [ComplianceOutlook!], $first: Int, $after: String, $last: Int, $before: String) {
  programCompliance(program: $program, weekOf: $week, status: $status, outlook: $outlook, first: $first, after: $after,
    last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { patient { id displayName } program status outlook hours partialWeek } } } }"""


@pytest.fixture(params=["compiled", "graphql-core"])
async def clients(engine: Database, request: pytest.FixtureRequest) -> AsyncIterator[ApiClients]:
    await seed(engine, ORGANIZATION, patient_count=12)
    async with clients_of(make_app(clinic_at(engine, NOW), compiled=request.param == "compiled")) as clients:
        yield clients


async def add_program(engine: Database, name: str, days: Sequence[int], numbers: Sequence[int], **columns: Any) -> UUID:
    """Add a group with sessions from 9 to 12 on days of January, and seats that patients have had for long."""
    group = await add_group(engine, name, ORGANIZATION, **{"group_type": "IOP", "max_capacity": 12, **columns})
    dates = [date(2027, 1, day) for day in days]
    if dates:
        await add_sessions(engine, group, dates, ORGANIZATION, start_time=time(9), end_time=time(12))
    await seat(engine, group, numbers)
    return group


async def seat(engine: Database, group: UUID, numbers: Sequence[int], **columns: Any) -> None:
    people = [f"patient-{number}" for number in numbers]
    if people:
        times = {"enrolled_at": LONG_AGO, "created_at": LONG_AGO, **columns}
        await add_enrollments(engine, group, people, ORGANIZATION, **times)


async def rename(engine: Database, number: int, name: str) -> None:
    values = {"display_name": name, "search_text": search_text(name)}
    async with engine.begin() as connection:
        await connection.execute(update(patients).where(patients.c.id == f"patient-{number}").values(**values))


async def board(client: ApiClient, **variables: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await client.execute(BOARD, {"program": "IOP", **variables}))["programCompliance"]
    return page


def numbers_of(page: dict[str, Any]) -> list[int]:
    """Return the numbers of the patients on a page."""
    ids = [edge["node"]["patient"]["id"] for edge in page["edges"]]
    return [int(id_.removeprefix("patient:patient-")) for id_ in ids]


async def logged(engine: Database) -> list[list[str]]:
    async with engine.connect() as connection:
        return sorted(await connection.scalars(select(access_log.c.patient_ids)))


async def add_every_outlook(engine: Database) -> list[int]:
    """Add patients with every outlook. Return their numbers in the order of the board."""
    await add_program(engine, "Met", [11, 12, 13], [1, 2], compliance_rule_set_id="medicare-iop")  # 9 of 9 h are over
    await add_program(engine, "On track", [11, 14, 15, 16], [3], compliance_rule_set_id="medicare-iop")
    await add_program(engine, "At risk", [11, 14, 15], [4, 5])
    await add_program(engine, "Short of 3", [11, 15], [6, 7])
    await add_program(engine, "Short of 6", [15], [8])
    for number, name in ((4, "Zoe"), (5, "Ada"), (7, "Émile"), (6, "Eve"), (2, "Bo"), (1, "Bo")):
        await rename(engine, number, name)
    return [8, 7, 6, 5, 4, 3, 1, 2]


async def test_the_worst_weeks_come_first_then_most_hours_missing_then_names(
    engine: Database, clients: ApiClients
) -> None:
    order = await add_every_outlook(engine)
    page = await board(await clients())
    assert page["totalCount"] == 8
    nodes = [edge["node"] for edge in page["edges"]]
    assert [(node["outlook"], node["hours"]) for node in nodes] == [
        ("CANNOT_BE_MET", 3.0),
        ("CANNOT_BE_MET", 6.0),
        ("CANNOT_BE_MET", 6.0),
        ("AT_RISK", 9.0),
        ("AT_RISK", 9.0),
        ("ON_TRACK", 12.0),
        ("MET", 9.0),
        ("MET", 9.0),
    ]
    assert numbers_of(page) == order
    assert {node["program"] for node in nodes} == {"IOP"}


async def test_a_filter_narrows_the_board_to_statuses_and_outlooks(engine: Database, clients: ApiClients) -> None:
    await add_every_outlook(engine)
    client = await clients()
    for variables, expected in (
        ({"outlook": ["AT_RISK", "CANNOT_BE_MET"]}, [8, 7, 6, 5, 4]),
        ({"status": ["NON_COMPLIANT"]}, [8, 7, 6]),
        ({"status": ["COMPLIANT"], "outlook": ["MET", "ON_TRACK"]}, [3, 1, 2]),
        ({"status": ["COMPLIANT"], "outlook": ["CANNOT_BE_MET"]}, []),
        ({"outlook": []}, []),
        ({"status": None, "outlook": None, "week": None}, [8, 7, 6, 5, 4, 3, 1, 2]),
    ):
        page = await board(client, **variables)
        assert (numbers_of(page), page["totalCount"]) == (expected, len(expected)), variables


@pytest.mark.parametrize("size", [1, 3, 8])
async def test_pages_in_both_directions_are_the_whole_board(engine: Database, clients: ApiClients, size: int) -> None:
    order = await add_every_outlook(engine)
    client = await clients()
    forwards: list[int] = []
    backwards: list[int] = []
    page = await board(client, first=size)
    assert page["pageInfo"]["hasPreviousPage"] is False
    while True:
        forwards += numbers_of(page)
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = await board(client, first=size, after=page["pageInfo"]["endCursor"])
    page = await board(client, last=size)
    while True:
        backwards = numbers_of(page) + backwards
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        page = await board(client, last=size, before=page["pageInfo"]["startCursor"])
    assert forwards == backwards == order


async def test_a_cursor_keeps_its_place_when_the_week_of_its_patient_changes(
    engine: Database, clients: ApiClients
) -> None:
    await add_every_outlook(engine)
    client = await clients()
    page = await board(client, first=2)
    assert numbers_of(page) == [8, 7]
    # Patient 7 now has 9 hours, and would be in the middle of the board.
    await add_program(engine, "Skills", [14], [7], group_type="SKILLS_TRAINING", counts_toward="IOP")
    rest = await board(client, first=2, after=page["pageInfo"]["endCursor"])
    assert numbers_of(rest) == [6, 5]
    assert rest["totalCount"] == 8


async def test_a_cursor_names_nobody_and_fits_no_other_board(engine: Database, clients: ApiClients) -> None:
    await add_every_outlook(engine)
    client = await clients()
    cursor = (await board(client, first=1))["pageInfo"]["endCursor"]
    keys = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    assert keys == ["board:IOP:2027-01-10", 0, -600, "patient-8"]
    query = '{ programCompliance(program: %s, weekOf: "%s", after: "%s") { nodes { hours } } }'
    for program, week in (("PHP", "2027-01-13"), ("IOP", "2027-01-20")):
        message = await refused(client, query % (program, week, cursor))
        assert message == "`after` is a cursor of another list or another order."
    unknown = base64.urlsafe_b64encode(orjson.dumps([*keys[:3], "nobody"])).decode().rstrip("=")
    message = await refused(client, query % ("IOP", "2027-01-13", unknown))
    assert message == "`after` is not a valid cursor. Pass one that this list returned, unchanged."


async def test_the_board_has_all_patients_of_the_program_and_no_others(engine: Database, clients: ApiClients) -> None:
    await add_program(engine, "IOP", [11, 13], [1, 2])
    await add_program(engine, "Second IOP", [14], [2], compliance_rule_set_id="kansas-iop-minor")
    await add_program(engine, "PHP", [12], [2, 3], group_type="PHP")
    await add_program(engine, "Skills", [15], [1, 4], group_type="SKILLS_TRAINING", counts_toward="IOP")
    old = await add_program(engine, "Deleted", [11], [5])
    async with engine.begin() as connection:
        deleted = update(group_definitions).where(group_definitions.c.id == old).values(deleted_at=LONG_AGO)
        await connection.execute(deleted)
    await add_enrollments(engine, old, ["inactive"], ORGANIZATION, enrolled_at=LONG_AGO)
    group = await add_program(engine, "Leavers", [11, 13], [])
    await seat(engine, group, [6], status="DISENROLLED", disenrolled_at=datetime(2027, 1, 12, tzinfo=UTC))
    await seat(engine, group, [7], status="DISENROLLED", disenrolled_at=datetime(2027, 1, 5, tzinfo=UTC))
    await add_enrollments(engine, group, ["inactive"], ORGANIZATION, enrolled_at=LONG_AGO)
    client = await clients()
    weeks = {edge["node"]["patient"]["id"]: edge["node"] for edge in (await board(client))["edges"]}
    hours = {id_: (week["hours"], week["partialWeek"]) for id_, week in weeks.items()}
    assert hours == {
        "patient:patient-1": (9.0, False),
        "patient:patient-2": (9.0, False),
        "patient:patient-6": (3.0, True),
        "patient:inactive": (6.0, False),
    }
    page = await board(client, program="PHP")
    assert [(edge["node"]["patient"]["id"], edge["node"]["hours"]) for edge in page["edges"]] == [
        ("patient:patient-2", 3.0),
        ("patient:patient-3", 3.0),
    ]


async def test_a_group_narrows_the_board_to_the_patients_with_a_seat_in_it(
    engine: Database, clients: ApiClients
) -> None:
    program = await add_program(engine, "IOP", [11, 13], [1, 2])
    await add_program(engine, "Second IOP", [14], [2, 3])
    skills = await add_program(engine, "Skills", [15], [1, 4], group_type="SKILLS_TRAINING", counts_toward="IOP")
    query = """query ($group: ID) { programCompliance(program: IOP, groupDefinitionId: $group, first: 10) {
      totalCount nodes { hours patient { registryId } } } }"""
    client = await clients()
    # The hours in other groups count, too. Patient 4 is in no IOP group, and so has no week to meet.
    for group, expected in (
        (program, {"patient-1": 9.0, "patient-2": 9.0}),
        (skills, {"patient-1": 9.0}),
        (UUID(int=1), {}),
        (None, {"patient-1": 9.0, "patient-2": 9.0, "patient-3": 3.0}),
    ):
        page = (await client.execute(query, {"group": None if group is None else str(group)}))["programCompliance"]
        assert {node["patient"]["registryId"]: node["hours"] for node in page["nodes"]} == expected
        assert page["totalCount"] == len(expected)
    message = await refused(client, '{ programCompliance(program: IOP, groupDefinitionId: "group") { totalCount } }')
    assert message.startswith("`groupDefinitionId` must be a UUID")


async def test_each_week_is_that_of_the_patient(engine: Database, clients: ApiClients) -> None:
    await add_every_outlook(engine)
    await add_program(engine, "Skills", [14, 20], [1, 8], group_type="SKILLS_TRAINING", counts_toward="IOP,PHP")
    selection = """program ruleSet { id } weekStart weekEnd partialWeek status outlook hours hoursPast days
      requirements { code required actual met } gaps { code message shortfall date } groupDefinitions { name }
      patient { id }"""
    client = await clients()
    for week in ("2027-01-13", "2027-01-05", "2027-01-20"):
        query = f'{{ programCompliance(program: IOP, weekOf: "{week}") {{ nodes {{ {selection} }} }} }}'
        nodes = (await client.execute(query))["programCompliance"]["nodes"]
        assert len(nodes) == 8
        for node in nodes:
            of_patient = (
                f'{{ patient(id: "{node["patient"]["id"]}") {{ compliance(weekOf: "{week}") {{ {selection} }} }} }}'
            )
            assert (await client.execute(of_patient))["patient"]["compliance"] == [node]


async def test_the_board_needs_the_key_of_enrollments(engine: Database, clients: ApiClients) -> None:
    await add_every_outlook(engine)
    others = [key for key in PermissionKey if key != PermissionKey.GROUP_ENROLLMENTS_VIEW]
    response = await (await clients(permissions=others)).try_execute(BOARD, {"program": "IOP"})
    assert response["data"] == {"programCompliance": None}
    assert response["errors"][0]["extensions"]["requiredPermission"] == "pm.group_enrollments.view"
    assert await logged(engine) == []
    nurse = await clients(permissions=[PermissionKey.GROUP_ENROLLMENTS_VIEW])
    query = "{ programCompliance(program: IOP, first: 1) { nodes { hours groupDefinitions { name } } } }"
    response = await nurse.try_execute(query)
    assert response["data"]["programCompliance"]["nodes"] == [{"hours": 3.0, "groupDefinitions": None}]
    assert response["errors"][0]["extensions"]["requiredPermission"] == "pm.group_definitions.view"


async def test_the_access_log_has_the_patients_of_the_page_only(engine: Database, clients: ApiClients) -> None:
    await add_every_outlook(engine)
    client = await clients()
    await client.execute("{ programCompliance(program: IOP) { totalCount } }")
    assert await logged(engine) == []
    await client.execute("{ programCompliance(program: IOP, first: 2) { nodes { hours } } }")
    assert await logged(engine) == [["patient-7", "patient-8"]]
    await client.execute("{ programCompliance(program: IOP, first: 1) { pageInfo { endCursor } } }")
    assert await logged(engine) == [["patient-7", "patient-8"], ["patient-8"]]


async def test_a_board_of_another_program_or_year_is_refused(clients: ApiClients) -> None:
    client = await clients()
    for program in ("THERAPY", "OTHER"):
        message = await refused(client, f"{{ programCompliance(program: {program}) {{ totalCount }} }}")
        assert message == "`program` must be IOP or PHP."
    for day in ("1999-12-31", "9999-12-31", "0001-01-01"):
        query = f'{{ programCompliance(program: IOP, weekOf: "{day}") {{ totalCount }} }}'
        assert await refused(client, query) == "`weekOf` must be in the years 2000 to 2100."
    query = '{ programCompliance(program: IOP, weekOf: "2100-12-31") { totalCount nodes { hours } } }'
    assert (await client.execute(query))["programCompliance"] == {"totalCount": 0, "nodes": []}
    assert await refused(client, "{ programCompliance(program: IOP, first: 201) { totalCount } }")


async def test_another_organization_has_a_board_of_its_own(engine: Database, clients: ApiClients) -> None:
    await add_every_outlook(engine)
    cursor = (await board(await clients(), first=1))["pageInfo"]["endCursor"]
    await seed(engine, "org-other", patient_count=2)
    stranger = await clients(organization="org-other")
    assert (await board(stranger))["totalCount"] == 0
    query = f'{{ programCompliance(program: IOP, after: "{cursor}") {{ totalCount nodes {{ hours }} }} }}'
    message = await refused(stranger, query)
    assert message == "`after` is not a valid cursor. Pass one that this list returned, unchanged."


async def test_the_statements_of_a_board_do_not_grow_with_patients(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    query = """{ programCompliance(program: IOP, first: 200) { totalCount nodes { hours patient { displayName }
      groupDefinitions { name complianceRuleSet { id } } } } }"""
    counts = []
    for size in (1, 11):
        for number in range(1, size + 1):
            rules = {"compliance_rule_set_id": "ahcccs-s9480"}
            await add_program(engine, f"Group {size}.{number}", [11, 13], [number], **rules)
        counts.append(await count(client, query))
    assert counts[0] == counts[1]
    assert counts[0] <= 8  # groups, seats, sessions, sizes of groups, names, patients, and the access log's two


async def test_a_board_of_2000_patients_takes_the_same_statements(engine: Database, clients: ApiClients) -> None:
    numbers = range(1000, 3000)
    async with engine.begin() as connection:
        people = [
            {
                "organization_id": ORGANIZATION,
                "id": f"patient-{number}",
                "display_name": f"Patient {number}",
                "medical_record_number": f"MR{number}",
                "active": True,
                "search_text": f"patient {number}",
            }
            for number in numbers
        ]
        await connection.execute(insert(patients), people)
    for start in range(0, 2000, 100):
        days = [[11], [11, 15], [11, 14, 15], [11, 12, 13]][start // 500]
        await add_program(engine, f"Group {start}", days, numbers[start : start + 100])
    client = await clients()
    first, last = await board(client, first=2), await board(client, last=2)
    assert first["totalCount"] == last["totalCount"] == 2000
    assert (numbers_of(first), numbers_of(last)) == ([1000, 1001], [2998, 2999])
    assert [edge["node"]["outlook"] for edge in [*first["edges"], *last["edges"]]] == [
        *(["CANNOT_BE_MET"] * 2),
        *(["MET"] * 2),
    ]
    assert await count(client, "{ programCompliance(program: IOP, first: 200) { nodes { patient { id } } } }") <= 8


async def test_a_week_in_which_the_clocks_change_is_measured_by_elapsed_time(
    engine: Database, clients: ApiClients
) -> None:
    zone = {"time_zone": "America/Denver"}
    group = await add_program(engine, "Night", [], [1], **zone)
    # The clocks go forward at two o'clock on Sunday, March 14: from one to four is two hours.
    start = datetime(2027, 3, 14, 8, tzinfo=UTC)
    night = {"start_time": time(1), "end_time": time(4), "starts_at": start, "ends_at": start + timedelta(hours=2)}
    await add_sessions(engine, group, [date(2027, 3, 14)], ORGANIZATION, **zone, **night)
    page = await board(await clients(), week="2027-03-20")
    assert [edge["node"]["hours"] for edge in page["edges"]] == [2.0]
