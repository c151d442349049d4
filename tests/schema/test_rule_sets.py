"""Rule sets over HTTP: which one a group has, and its weeks compared with it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.connections.engine import Database
from db.tables import group_definitions
from domain.records import Program
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.rule_sets import ComplianceRuleSet, RuleSets
from resolvers.caller import PermissionKey
from tests.schema.test_statement_counts import count
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app, refused
from tests.support.clinic import clinic as clinic_at
from tests.support.clinic import everything, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

NOW = datetime(2027, 1, 12, 16, tzinfo=UTC)
SUNDAY = date(2027, 1, 10)
CREATE = """mutation ($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) {
  groupDefinition { id countsToward complianceRuleSet { id } } userErrors { code field message } } }"""
UPDATE = """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
  groupDefinition { id countsToward complianceRuleSet { id } } userErrors { code field message } } }"""
NEW_GROUP = {
    "name": "Morning",
    "groupType": "IOP",
    "facilitatorId": "staff-1",
    "maxCapacity": 12,
    "durationMinutes": 60,
}
WEEK = """weekStart weekEnd status hours days program ruleSet { id source { title confirmed } }
  requirements { code required actual met } gaps { code message shortfall date }"""


@pytest.fixture(params=["compiled", "graphql-core"])
async def clients(engine: Database, request: pytest.FixtureRequest) -> AsyncIterator[ApiClients]:
    await seed(engine, ORGANIZATION, patient_count=12)
    app = make_app(clinic_at(engine, NOW), compiled=request.param == "compiled")
    async with clients_of(app) as clients:
        yield clients


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def rules_of(client: ApiClient, mutation: str, **values: Any) -> tuple[str | None, list[str]]:
    """Return the rule set of a new or edited group, and the programs that it counts toward."""
    payload = await payload_of(client, mutation, **values)
    assert payload["userErrors"] == []
    group = payload["groupDefinition"]
    return (group["complianceRuleSet"] or {}).get("id"), group["countsToward"]


async def fault_of(client: ApiClient, mutation: str, **values: Any) -> tuple[str, str, str]:
    payload = await payload_of(client, mutation, **values)
    assert payload["groupDefinition"] is None
    [error] = payload["userErrors"]
    return error["code"], error["field"][1], error["message"]


async def field_of(client: ApiClient, group: object, field: str) -> Any:
    data = await client.execute(f"query ($id: ID!) {{ groupDefinition(id: $id) {{ {field} }} }}", {"id": str(group)})
    return data["groupDefinition"][field.partition("(")[0].split()[0]]


async def changes_of(engine: Database, field: str) -> set[tuple[str | None, str | None]]:
    """Return the changes of a field in all histories."""
    return {
        (change["before"], change["after"])
        for entry in (await everything(engine)).history
        for change in entry["changes"]
        if change["field"] == field
    }


async def test_rule_sets_are_listed_with_their_sources(clients: ApiClients) -> None:
    client = await clients(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
    data = await client.execute("""{ complianceRuleSets { id title program payer weeklyHours weeklyHoursMaximum
      weeklyDays dailyHours groupSizeMaximum sessionMinutes source { title locator url confirmed } } }""")
    rule_sets = {rules["id"]: rules for rules in data["complianceRuleSets"]}
    assert list(rule_sets) == sorted(rule_sets, key=lambda id_: (rule_sets[id_]["program"], id_))
    assert rule_sets.keys() == {rules.id for rules in SHIPPED_RULE_SETS}
    assert rule_sets["ahcccs-s9480"] == {
        "id": "ahcccs-s9480",
        "title": "Intensive outpatient psychiatric services, per diem (S9480)",
        "program": "IOP",
        "payer": "AHCCCS, Arizona Complete Health",
        "weeklyHours": 9.0,
        "weeklyHoursMaximum": None,
        "weeklyDays": 2,
        "dailyHours": 3.0,
        "groupSizeMaximum": 8,
        "sessionMinutes": 50,
        "source": {
            "title": "Arizona Complete Health provider update PU24047",
            "locator": "2024-04-01, S9480",
            "url": None,
            "confirmed": True,
        },
    }
    assert rule_sets["medicare-php"]["source"]["title"] == "Code of Federal Regulations (not confirmed)"


async def test_rule_sets_need_the_key_of_groups(clients: ApiClients) -> None:
    client = await clients(permissions=set(PermissionKey) - {PermissionKey.GROUP_DEFINITIONS_VIEW})
    response = await client.try_execute("{ complianceRuleSets { id } }")
    assert response["data"] == {"complianceRuleSets": None}
    [error] = response["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "requiredPermission": "pm.group_definitions.view"}


async def test_a_group_has_the_default_of_its_type_unless_it_names_a_set(clients: ApiClients) -> None:
    client = await clients()
    assert await rules_of(client, CREATE, **NEW_GROUP) == ("ahcccs-iop", ["IOP"])
    assert await rules_of(client, CREATE, **{**NEW_GROUP, "groupType": "PHP"}) == ("ahcccs-php", ["PHP"])
    assert await rules_of(client, CREATE, **{**NEW_GROUP, "groupType": "THERAPY"}) == (None, [])
    named = {**NEW_GROUP, "complianceRuleSetId": "medicare-iop"}
    assert await rules_of(client, CREATE, **named) == ("medicare-iop", ["IOP"])


async def test_a_rule_set_is_replaced_kept_and_cleared(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    group = (await payload_of(client, CREATE, **NEW_GROUP))["groupDefinition"]["id"]
    assert (await rules_of(client, UPDATE, id=group, complianceRuleSetId="ahcccs-s9480"))[0] == "ahcccs-s9480"
    assert (await rules_of(client, UPDATE, id=group, name="Renamed"))[0] == "ahcccs-s9480"
    assert (await rules_of(client, UPDATE, id=group, complianceRuleSetId=None))[0] == "ahcccs-iop"
    assert await changes_of(engine, "compliance_rule_set_id") == {(None, "ahcccs-s9480"), ("ahcccs-s9480", None)}
    await assert_invariants(engine)


async def test_a_group_with_another_type_gets_the_default_of_this_type(clients: ApiClients) -> None:
    client = await clients()
    named = {**NEW_GROUP, "complianceRuleSetId": "medicare-iop"}
    group = (await payload_of(client, CREATE, **named))["groupDefinition"]["id"]
    assert await rules_of(client, UPDATE, id=group, groupType="PHP") == ("ahcccs-php", ["PHP"])
    both = {"groupType": "IOP", "complianceRuleSetId": "kansas-iop-minor"}
    assert await rules_of(client, UPDATE, id=group, **both) == ("kansas-iop-minor", ["IOP"])
    assert await rules_of(client, UPDATE, id=group, groupType="SUPPORT") == (None, [])
    assert await rules_of(client, UPDATE, id=group, groupType="IOP") == ("ahcccs-iop", ["IOP"])


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"complianceRuleSetId": "nobodys"}, ("NOT_FOUND", "complianceRuleSetId", "No rule set has this id.")),
        (
            {"complianceRuleSetId": "ahcccs-php"},
            (
                "INVALID",
                "complianceRuleSetId",
                "This rule set is for PHP groups. Choose one for IOP groups.",
            ),
        ),
        (
            {"groupType": "SKILLS_TRAINING", "complianceRuleSetId": "ahcccs-iop"},
            ("INVALID", "complianceRuleSetId", "Only IOP and PHP groups have a rule set."),
        ),
        ({"countsToward": ["IOP", "THERAPY"]}, ("INVALID", "countsToward", "Sessions count only toward IOP and PHP.")),
    ],
)
async def test_a_rule_set_or_program_that_does_not_fit_is_refused(
    engine: Database, clients: ApiClients, values: dict[str, Any], fault: tuple[str, str, str]
) -> None:
    client = await clients()
    group = (await payload_of(client, CREATE, **NEW_GROUP))["groupDefinition"]["id"]
    before = await everything(engine)
    assert await fault_of(client, CREATE, **{**NEW_GROUP, **values}) == fault
    assert await fault_of(client, UPDATE, id=group, **values) == fault
    assert await everything(engine) == before


async def test_the_faults_of_programs_are_reported_with_the_others(clients: ApiClients) -> None:
    payload = await payload_of(
        await clients(),
        CREATE,
        **{**NEW_GROUP, "name": " ", "countsToward": ["OTHER"], "complianceRuleSetId": "nobodys"},
    )
    assert [error["field"][1] for error in payload["userErrors"]] == ["name", "countsToward", "complianceRuleSetId"]


async def test_any_group_may_count_toward_programs(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    skills = {**NEW_GROUP, "groupType": "SKILLS_TRAINING", "countsToward": ["PHP", "IOP", "PHP"]}
    group = (await payload_of(client, CREATE, **skills))["groupDefinition"]["id"]
    assert await field_of(client, group, "countsToward") == ["IOP", "PHP"]
    assert (await rules_of(client, UPDATE, id=group, name="Renamed"))[1] == ["IOP", "PHP"]
    assert (await rules_of(client, UPDATE, id=group, countsToward=["IOP"]))[1] == ["IOP"]
    assert (await rules_of(client, UPDATE, id=group, countsToward=None))[1] == []
    assert await rules_of(client, CREATE, **{**NEW_GROUP, "countsToward": ["PHP"]}) == ("ahcccs-iop", ["IOP", "PHP"])
    changes = {(None, "IOP, PHP"), ("IOP, PHP", "IOP"), ("IOP", None), (None, "PHP")}
    assert await changes_of(engine, "counts_toward") == changes
    await assert_invariants(engine)


async def test_a_group_whose_set_was_removed_from_the_file_has_the_default(
    engine: Database, clients: ApiClients
) -> None:
    client = await clients()
    group = await add_group(
        engine, "Group", ORGANIZATION, group_type="IOP", compliance_rule_set_id="removed", recurrence_rule=None
    )
    assert (await field_of(client, group, "complianceRuleSet { id }"))["id"] == "ahcccs-iop"
    assert (await field_of(client, group, "compliance { ruleSet { id } }"))["ruleSet"]["id"] == "ahcccs-iop"
    assert (await payload_of(client, UPDATE, id=str(group), name="Renamed"))["userErrors"] == []
    assert [row["compliance_rule_set_id"] for row in (await everything(engine)).groups] == ["removed"]


async def test_a_clinic_may_have_rule_sets_of_its_own(engine: Database) -> None:
    await seed(engine, ORGANIZATION)
    ours = replace(SHIPPED_RULE_SETS.sets[0], id="ours", weekly_hours=12.0)
    rule_sets: RuleSets = SHIPPED_RULE_SETS.extended([ours])
    async with clients_of(make_app(replace(clinic_at(engine, NOW), rule_sets=rule_sets))) as clients:
        client = await clients()
        created = await payload_of(client, CREATE, **{**NEW_GROUP, "complianceRuleSetId": "ours"})
        week = await field_of(client, created["groupDefinition"]["id"], f"compliance {{ {WEEK} }}")
    assert week["gaps"][0]["message"] == "Need 12 more hours/week"


async def test_a_group_keeps_a_set_that_is_away_for_a_time(engine: Database) -> None:
    await seed(engine, ORGANIZATION)
    group = await add_group(engine, "Group", ORGANIZATION, group_type="IOP", compliance_rule_set_id="ours")
    ours = replace(SHIPPED_RULE_SETS.sets[0], id="ours")
    files: list[list[ComplianceRuleSet]] = [[], [replace(ours, program=Program.PHP)], [ours]]
    for number, sets in enumerate(files):
        rule_sets = SHIPPED_RULE_SETS.extended(sets)
        async with clients_of(make_app(replace(clinic_at(engine, NOW), rule_sets=rule_sets))) as clients:
            client = await clients()
            payload = await payload_of(client, UPDATE, id=str(group), maxCapacity=5 + number)
            assert payload["userErrors"] == []
            rule_set = await field_of(client, group, "complianceRuleSet { id }")
        assert rule_set == {"id": "ours" if sets == [ours] else "ahcccs-iop"}


async def add_program(engine: Database, name: str = "Group", rule_set: str | None = "ahcccs-s9480") -> UUID:
    """Add an IOP group with sessions of two, two and one hours on three days of the week, and of three in the next."""
    columns = {"group_type": "IOP", "max_capacity": 12, "compliance_rule_set_id": rule_set}
    group = await add_group(engine, name, ORGANIZATION, **columns)
    for day, start, end in ((11, 9, 11), (13, 9, 11), (15, 9, 10), (18, 9, 12)):
        await add_sessions(
            engine, group, [date(2027, 1, day)], ORGANIZATION, start_time=time(start), end_time=time(end)
        )
    await add_sessions(engine, group, [date(2027, 1, 15)], ORGANIZATION, start_time=time(13), end_time=time(13, 30))
    await add_enrollments(engine, group, [f"patient-{n}" for n in range(1, 10)], ORGANIZATION)
    return group


async def test_a_week_is_compared_with_the_set_of_its_group(engine: Database, clients: ApiClients) -> None:
    group = await add_program(engine)
    assert await field_of(await clients(), group, f'compliance(weekOf: "2027-01-12") {{ {WEEK} }}') == {
        "weekStart": "2027-01-10",
        "weekEnd": "2027-01-16",
        "status": "NON_COMPLIANT",
        "hours": 5.5,
        "days": 3,
        "program": "IOP",
        "ruleSet": {
            "id": "ahcccs-s9480",
            "source": {"title": "Arizona Complete Health provider update PU24047", "confirmed": True},
        },
        "requirements": [
            {"code": "WEEKLY_HOURS", "required": 9.0, "actual": 5.5, "met": False},
            {"code": "WEEKLY_DAYS", "required": 2.0, "actual": 3.0, "met": True},
            {"code": "DAILY_HOURS", "required": 3.0, "actual": 1.5, "met": False},
            {"code": "GROUP_SIZE", "required": 8.0, "actual": 9.0, "met": False},
            {"code": "SESSION_MINUTES", "required": 50.0, "actual": 30.0, "met": False},
        ],
        "gaps": [
            {"code": "WEEKLY_HOURS", "message": "Need 3.5 more hours/week", "shortfall": 3.5, "date": None},
            *(
                {"code": "DAILY_HOURS", "message": message, "shortfall": short, "date": f"2027-01-{day}"}
                for message, short, day in (
                    ("Need 1 more hour on Monday, Jan 11", 1.0, 11),
                    ("Need 1 more hour on Wednesday, Jan 13", 1.0, 13),
                    ("Need 1.5 more hours on Friday, Jan 15", 1.5, 15),
                )
            ),
            {"code": "GROUP_SIZE", "message": "9 enrolled, at most 8", "shortfall": 1.0, "date": None},
            {
                "code": "SESSION_MINUTES",
                "message": "30-minute session on Friday, Jan 15, at least 50 minutes",
                "shortfall": 20.0,
                "date": "2027-01-15",
            },
        ],
    }


async def test_a_forecast_equals_the_weeks_one_by_one(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    for rule_set in ("ahcccs-s9480", None, "asam-2.1-adult"):
        group = await add_program(engine, rule_set=rule_set)
        forecast = await field_of(client, group, f'complianceForecast(from: "2027-01-06", weeks: 4) {{ {WEEK} }}')
        days = [SUNDAY + timedelta(weeks=number) for number in (-1, 0, 1, 2)]
        assert forecast == [await field_of(client, group, f'compliance(weekOf: "{day}") {{ {WEEK} }}') for day in days]
    default = await field_of(client, group, "complianceForecast { weekStart }")
    assert [week["weekStart"] for week in default] == [str(SUNDAY + timedelta(weeks=number)) for number in range(8)]
    assert await field_of(client, group, "complianceForecast(weeks: null) { weekStart }") == default
    other = await add_group(engine, "Therapy", ORGANIZATION, counts_toward="IOP")
    assert await field_of(client, other, "complianceForecast { weekStart }") is None


async def test_a_forecast_of_many_groups_has_the_weeks_of_each(engine: Database, clients: ApiClients) -> None:
    # All have sessions at the same times. They differ in the rule set, the patients, the zone, and one more session.
    columns: list[dict[str, Any]] = [{}, {}, {"compliance_rule_set_id": None}, {"time_zone": "Asia/Tokyo"}, {}, {}]
    groups = [await add_program(engine, f"Group {number}") for number in range(len(columns))]
    async with engine.begin() as connection:
        for group, values in zip(groups, columns, strict=True):
            if values:
                changed = update(group_definitions).where(group_definitions.c.id == group).values(**values)
                await connection.execute(changed)
    await add_enrollments(engine, groups[4], ["patient-10"], ORGANIZATION)
    await add_sessions(engine, groups[5], [date(2027, 1, 19)], ORGANIZATION)
    client = await clients()
    field = f'complianceForecast(from: "2027-01-06", weeks: 3) {{ {WEEK} }}'
    query = f"{{ groupDefinitions {{ nodes {{ id {field} }} }} }}"
    nodes = (await client.execute(query))["groupDefinitions"]["nodes"]
    together = {node["id"]: node["complianceForecast"] for node in nodes}
    assert together == {str(group): await field_of(client, group, field) for group in groups}
    different = {str(forecast) for forecast in together.values()}
    assert len(different) == len(groups) - 1


async def test_the_arguments_of_a_forecast_have_limits(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    group = await add_group(engine, "Group", ORGANIZATION, group_type="PHP")
    for weeks in (0, 27, -1):
        query = f'{{ groupDefinition(id: "{group}") {{ complianceForecast(weeks: {weeks}) {{ status }} }} }}'
        assert await refused(client, query) == "`weeks` must be between 1 and 26."
    query = f'{{ groupDefinition(id: "{group}") {{ complianceForecast(from: "1999-01-01") {{ status }} }} }}'
    assert await refused(client, query) == "`from` must be in the years 2000 to 2100."


async def test_the_statements_of_compliance_do_not_grow_with_groups_or_weeks(
    engine: Database, clients: ApiClients
) -> None:
    client = await clients()
    counts: list[int] = []
    for size in (2, 20):
        for number in range(len(counts), size):
            await add_program(engine, f"Group {number}", rule_set=("ahcccs-s9480", None)[number % 2])
        for weeks in (1, 26):
            query = f"""{{ groupDefinitions(first: 50) {{ nodes {{ countsToward complianceRuleSet {{ id title }}
              compliance {{ {WEEK} }} complianceForecast(weeks: {weeks}) {{ {WEEK} }} }} }} }}"""
            counts.append(await count(client, query))
    assert counts == [counts[0]] * 4
    assert counts[0] <= 4  # groups, sessions of one week and of several, seats
