"""Patients' weeks over HTTP: all groups that count, the outlook, permissions, and a constant number of statements."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from tests.schema.test_statement_counts import count
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app, refused
from tests.support.clinic import clinic as clinic_at
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

TUESDAY_NOON = datetime(2027, 1, 12, 19, tzinfo=UTC)
LONG_AGO = datetime(2026, 6, 1, tzinfo=UTC)
WEEK = """program ruleSet { id } weekStart weekEnd partialWeek status outlook hours hoursPast days
  requirements { code required actual met } gaps { message } patient { id displayName }"""
GROUPS = "groupDefinitions { name }"


@pytest.fixture(params=["compiled", "graphql-core"])
async def clients(engine: Database, request: pytest.FixtureRequest) -> AsyncIterator[ApiClients]:
    await seed(engine, ORGANIZATION, patient_count=12)
    app = make_app(clinic_at(engine, TUESDAY_NOON), compiled=request.param == "compiled")
    async with clients_of(app) as clients:
        yield clients


async def add_program(engine: Database, name: str, days: list[int], patients: list[str], **columns: Any) -> UUID:
    """Add a group with sessions from 9 to 12 on days of January, and seats that patients have had for long."""
    group = await add_group(engine, name, ORGANIZATION, **{"group_type": "IOP", "max_capacity": 12, **columns})
    dates = [date(2027, 1, day) for day in days]
    await add_sessions(engine, group, dates, ORGANIZATION, start_time=time(9), end_time=time(12))
    if patients:
        await add_enrollments(engine, group, patients, ORGANIZATION, enrolled_at=LONG_AGO, created_at=LONG_AGO)
    return group


async def weeks_of(client: ApiClient, patient: str, selection: str = WEEK, week_of: str = "") -> list[dict[str, Any]]:
    arguments = f'(weekOf: "{week_of}")' if week_of else ""
    query = f"query ($id: ID!) {{ patient(id: $id) {{ compliance{arguments} {{ {selection} }} }} }}"
    weeks: list[dict[str, Any]] = (await client.execute(query, {"id": patient}))["patient"]["compliance"]
    return weeks


async def test_a_week_has_the_sessions_of_all_groups_that_count(engine: Database, clients: ApiClients) -> None:
    await add_program(engine, "Process", [11, 13], ["patient-1"])
    await add_program(engine, "Skills", [14], ["patient-1"], group_type="SKILLS_TRAINING", counts_toward="IOP,PHP")
    await add_program(engine, "Support", [15], ["patient-1"], group_type="SUPPORT")
    await add_program(engine, "Other IOP", [15], ["patient-2"])
    assert await weeks_of(await clients(), "patient-1", f"{WEEK} {GROUPS}") == [
        {
            "program": "IOP",
            "ruleSet": {"id": "ahcccs-iop"},
            "weekStart": "2027-01-10",
            "weekEnd": "2027-01-16",
            "partialWeek": False,
            "status": "COMPLIANT",
            "outlook": "AT_RISK",
            "hours": 9.0,
            "hoursPast": 3.0,
            "days": 3,
            "requirements": [
                {"code": "WEEKLY_HOURS", "required": 9.0, "actual": 9.0, "met": True},
                {"code": "WEEKLY_DAYS", "required": 3.0, "actual": 3.0, "met": True},
                {"code": "DAILY_HOURS", "required": 3.0, "actual": 3.0, "met": True},
            ],
            "gaps": [],
            "patient": {"id": "patient:patient-1", "displayName": "Patient 1"},
            "groupDefinitions": [{"name": "Process"}, {"name": "Skills"}],
        }
    ]


async def test_a_patient_may_be_in_both_programs_or_in_none(engine: Database, clients: ApiClients) -> None:
    await add_program(engine, "IOP", [11], ["patient-1"])
    await add_program(engine, "PHP", [12], ["patient-1"], group_type="PHP")
    client = await clients()
    both = await weeks_of(client, "patient-1", "program hours outlook gaps { message }")
    assert both == [
        {
            "program": "IOP",
            "hours": 3.0,
            "outlook": "CANNOT_BE_MET",
            "gaps": [{"message": "Need 6 more hours/week"}, {"message": "Need 2 more days/week"}],
        },
        {
            "program": "PHP",
            "hours": 3.0,
            "outlook": "CANNOT_BE_MET",
            "gaps": [{"message": "Need 17 more hours/week"}, {"message": "Need 4 more days/week"}],
        },
    ]
    assert await weeks_of(client, "patient-2") == []


async def test_another_week_is_that_of_its_day(engine: Database, clients: ApiClients) -> None:
    await add_program(engine, "IOP", [5, 6, 7, 8, 19], ["patient-1"], compliance_rule_set_id="medicare-iop")
    client = await clients()
    selection = "weekStart ruleSet { id } outlook hours hoursPast"
    before, after = [(await weeks_of(client, "patient-1", selection, day))[0] for day in ("2027-01-09", "2027-01-17")]
    assert before == {
        "weekStart": "2027-01-03",
        "ruleSet": {"id": "medicare-iop"},
        "outlook": "MET",
        "hours": 12.0,
        "hoursPast": 12.0,
    }
    assert after == {
        "weekStart": "2027-01-17",
        "ruleSet": {"id": "medicare-iop"},
        "outlook": "CANNOT_BE_MET",
        "hours": 3.0,
        "hoursPast": 0.0,
    }
    message = await refused(client, '{ patient(id: "patient-1") { compliance(weekOf: "1999-01-01") { hours } } }')
    assert message == "`weekOf` must be in the years 2000 to 2100."


async def test_a_stay_that_begins_in_the_week_is_partial(engine: Database, clients: ApiClients) -> None:
    group = await add_program(engine, "IOP", [11, 13, 15], [])
    tuesday = TUESDAY_NOON - timedelta(hours=1)
    await add_enrollments(engine, group, ["patient-1"], ORGANIZATION, enrolled_at=tuesday)
    [week] = await weeks_of(await clients(), "patient-1", "partialWeek hours days outlook")
    assert week == {"partialWeek": True, "hours": 6.0, "days": 2, "outlook": "CANNOT_BE_MET"}


async def test_waiting_and_removed_enrollments_are_no_stay(engine: Database, clients: ApiClients) -> None:
    group = await add_program(engine, "IOP", [11, 13, 15], [])
    waits = {"status": "WAITLISTED", "enrolled_at": None, "waitlist_position": 1, "waitlisted_at": LONG_AGO}
    await add_enrollments(engine, group, ["patient-1"], ORGANIZATION, **waits)
    removed = {"status": "DISENROLLED", "disenrolled_at": TUESDAY_NOON, "deleted_at": TUESDAY_NOON}
    await add_enrollments(engine, group, ["patient-2"], ORGANIZATION, enrolled_at=LONG_AGO, **removed)
    client = await clients()
    assert [await weeks_of(client, f"patient-{n}") for n in (1, 2)] == [[], []]


async def test_a_reinstated_patient_who_waits_for_a_seat_has_no_week(engine: Database, clients: ApiClients) -> None:
    group = await add_program(engine, "IOP", [4, 6, 8, 11, 13, 15, 18, 20, 22], ["patient-1"])
    lost, regained = datetime(2027, 1, 5, 19, tzinfo=UTC), datetime(2027, 1, 21, 7, tzinfo=UTC)
    waited = {"enrolled_at": LONG_AGO, "created_at": LONG_AGO, "waitlisted_at": lost}
    waiting = {**waited, "status": "WAITLISTED", "waitlist_position": 1}
    await add_enrollments(engine, group, ["patient-2"], ORGANIZATION, **waiting)
    await add_enrollments(engine, group, ["patient-3"], ORGANIZATION, **waited, promoted_at=regained)
    client = await clients()
    for patient, expected in (
        ("patient-1", [(9.0, False), (9.0, False), (9.0, False)]),
        ("patient-2", [(3.0, True), None, None]),
        ("patient-3", [(3.0, True), None, (3.0, True)]),
    ):
        days = ("2027-01-08", "2027-01-15", "2027-01-22")
        weeks = [await weeks_of(client, patient, "hours partialWeek", day) for day in days]
        found = [[(week["hours"], week["partialWeek"]) for week in of_week] for of_week in weeks]
        assert found == [[] if week is None else [week] for week in expected], patient
    query = '{ programCompliance(program: IOP, weekOf: "2027-01-15") { nodes { patient { id } } } }'
    board = (await client.execute(query))["programCompliance"]["nodes"]
    assert board == [{"patient": {"id": "patient:patient-1"}}]


async def test_the_size_of_a_group_is_in_the_week_of_its_patients(engine: Database, clients: ApiClients) -> None:
    patients = [f"patient-{n}" for n in range(1, 10)]
    await add_program(engine, "IOP", [11, 13, 15], patients, compliance_rule_set_id="ahcccs-s9480")
    [week] = await weeks_of(await clients(), "patient-3", "status outlook gaps { message }")
    assert week == {
        "status": "NON_COMPLIANT",
        "outlook": "AT_RISK",
        "gaps": [{"message": "9 enrolled, at most 8"}],
    }


async def test_the_groups_of_a_week_need_their_own_key(engine: Database, clients: ApiClients) -> None:
    await add_program(engine, "IOP", [11], ["patient-1"])
    client = await clients(permissions=[PermissionKey.GROUP_ENROLLMENTS_VIEW])
    query = f'{{ patient(id: "patient-1") {{ compliance {{ hours {GROUPS} }} }} }}'
    response = await client.try_execute(query)
    assert response["data"]["patient"]["compliance"] == [{"hours": 3.0, "groupDefinitions": None}]
    [error] = response["errors"]
    assert error["path"] == ["patient", "compliance", 0, "groupDefinitions"]
    assert error["extensions"]["requiredPermission"] == "pm.group_definitions.view"


async def test_another_organization_has_no_such_patient(engine: Database, clients: ApiClients) -> None:
    await add_program(engine, "IOP", [11], ["patient-1"])
    await seed(engine, "org-other")
    stranger = await clients(organization="org-other")
    assert await weeks_of(stranger, "patient-1") == []


async def test_the_statements_of_weeks_do_not_grow_with_patients(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    query = f"{{ patients(first: 50) {{ nodes {{ displayName compliance {{ {WEEK} {GROUPS} }} }} }} }}"
    aliases = 'a: compliance(weekOf: "2027-01-05") { hours } b: compliance(weekOf: "2027-01-19") { hours }'
    several = f"{{ patients(first: 50) {{ nodes {{ compliance {{ hours }} {aliases} }} }} }}"
    counts = []
    for size in (1, 11):
        for number in range(1, size + 1):
            columns = {"compliance_rule_set_id": "ahcccs-s9480"}
            await add_program(engine, f"Group {size}.{number}", [11, 13], [f"patient-{number}"], **columns)
        counts.append([await count(client, query), await count(client, several)])
    assert counts[0] == counts[1]
    assert counts[0][0] <= 7  # patients, seats, sessions, sizes of groups, patients again, and the access log's two
