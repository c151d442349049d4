"""The recurrence of a group over HTTP: what calendar programs export, exclusions, and rules that cannot be met."""

from datetime import date, time
from typing import Any

import pytest

from db.connections.engine import Database
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import everything, seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio

CREATE = """mutation ($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) {
  groupDefinition { id timeZone recurrence { rule startDate startTime excludedDates summary dates(first: 20) } }
  userErrors { code field message } } }"""
UPDATE = """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
  groupDefinition { version durationMinutes recurrence { rule startDate startTime excludedDates summary } }
  userErrors { code field message } } }"""
GENERATE = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  occurrences { sessionDate } createdCount userErrors { code field } } }"""
PREVIEW = """query ($recurrence: RecurrenceInput!) { recurrencePreview(recurrence: $recurrence, first: 20) {
  dates summary userErrors { code field message } } }"""
EVENING = {"startDate": "2027-01-05", "startTime": "17:30"}
GROUP = {
    "name": "Evening group",
    "groupType": "IOP",
    "facilitatorId": "staff-1",
    "maxCapacity": 8,
    "durationMinutes": 60,
    "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=TU,TH", **EVENING, "excludedDates": ["2027-01-12", "2027-01-14"]},
}


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client()


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def create(client: ApiClient, **values: Any) -> dict[str, Any]:
    payload = await payload_of(client, CREATE, **{**GROUP, **values})
    assert payload["userErrors"] == []
    group = payload["groupDefinition"]
    assert isinstance(group, dict)
    return group


async def recurrence_of(client: ApiClient, rule: str, **values: Any) -> dict[str, Any]:
    recurrence = (await create(client, recurrence={"rule": rule, **EVENING}, **values))["recurrence"]
    assert isinstance(recurrence, dict)
    return recurrence


async def refused(client: ApiClient, mutation: str, **values: Any) -> list[tuple[str, str, str]]:
    payload = await payload_of(client, mutation, **values)
    assert payload["groupDefinition"] is None
    return [(error["code"], ".".join(error["field"][1:]), error["message"]) for error in payload["userErrors"]]


async def test_an_until_in_utc_becomes_the_last_local_day(client: ApiClient) -> None:
    rule = "RRULE:FREQ=WEEKLY;WKST=SU;UNTIL=20270219T003000Z;BYDAY=TU,TH"
    in_phoenix = await recurrence_of(client, rule)
    assert in_phoenix["rule"] == "FREQ=WEEKLY;BYDAY=TU,TH;WKST=SU;UNTIL=20270218"
    assert in_phoenix["dates"][-1] == "2027-02-18"
    assert in_phoenix["summary"] == "Weekly on Tuesday and Thursday at 5:30 PM, until Feb 18, 2027"
    # In New York, 17:30 on 18 February is 22:30 in UTC. In Alaska, it is two and a half hours after UNTIL.
    assert (await recurrence_of(client, rule, timeZone="America/New_York"))["rule"].endswith("UNTIL=20270218")
    assert (await recurrence_of(client, rule, timeZone="America/Anchorage"))["rule"].endswith("UNTIL=20270217")
    assert (await recurrence_of(client, rule, timeZone="Asia/Tokyo"))["rule"].endswith("UNTIL=20270218")
    assert (await recurrence_of(client, rule, locationId="denver"))["rule"].endswith("UNTIL=20270218")
    in_july = rule.replace("20270219", "20270716")  # when the clocks in Denver are an hour ahead of those in Phoenix
    assert (await recurrence_of(client, in_july))["rule"].endswith("UNTIL=20270715")
    assert (await recurrence_of(client, in_july.replace("T003", "T002")))["rule"].endswith("UNTIL=20270714")
    assert (await recurrence_of(client, in_july.replace("T003", "T002"), locationId="denver"))["rule"][
        -8:
    ] == "20270715"


async def test_lines_of_a_calendar_file_are_accepted(client: ApiClient) -> None:
    lines = (
        'DTSTART;TZID="US Mountain Standard Time":20270105T173000\r\n'
        "RRULE:FREQ=WEEKLY;COUNT=12;INTERVAL=1;BYDAY=TU,\r\n TH;\r\n"
        "EXDATE;TZID=America/Phoenix:20270112T173000,20270114T173000\r\n"
        "EXDATE;VALUE=DATE:20270119\r\nEXDATE:20270122T003000Z\r\n"
    )
    recurrence = await recurrence_of(client, lines)
    assert recurrence["rule"] == "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=12"
    assert recurrence["excludedDates"] == ["2027-01-12", "2027-01-14", "2027-01-19", "2027-01-21"]
    assert recurrence["dates"][:3] == ["2027-01-05", "2027-01-07", "2027-01-26"]
    preview = (await client.execute(PREVIEW, {"recurrence": {"rule": lines, **EVENING}}))["recurrencePreview"]
    assert preview == {"dates": recurrence["dates"], "summary": recurrence["summary"], "userErrors": []}


async def test_lines_that_contradict_the_input_are_refused_at_its_field(client: ApiClient) -> None:
    def group(line: str) -> dict[str, Any]:
        return {**GROUP, "recurrence": {"rule": f"{line}\nRRULE:FREQ=DAILY", **EVENING}}

    for line, fields in [
        ("DTSTART:20270106T173000", ["recurrence.startDate"]),
        ("DTSTART;TZID=America/Phoenix:20270105T183000", ["recurrence.startTime"]),
        ("DTSTART:20270104T090000", ["recurrence.startDate", "recurrence.startTime"]),
        ("DTSTART;TZID=America/Denver:20270105T173000", ["recurrence.rule"]),
        ("EXDATE:20270107T090000", ["recurrence.rule"]),
    ]:
        assert [field for _, field, _ in await refused(client, CREATE, **group(line))] == fields


async def test_a_preview_is_in_the_time_zone_of_its_lines_or_of_the_clinic(client: ApiClient) -> None:
    for line, last in [("", "2027-01-06"), ("DTSTART;TZID=America/Los_Angeles:20270105T173000\n", "2027-01-05")]:
        rule = f"{line}RRULE:FREQ=DAILY;UNTIL=20270107T003000Z"
        preview = (await client.execute(PREVIEW, {"recurrence": {"rule": rule, **EVENING}}))["recurrencePreview"]
        assert (preview["userErrors"], preview["dates"][-1]) == ([], last)


async def test_a_rule_keeps_the_exclusions_that_an_update_leaves_out(client: ApiClient) -> None:
    group_id = (await create(client))["id"]
    new_rule = {"rule": "FREQ=WEEKLY;BYDAY=TU", **EVENING}
    payload = await payload_of(client, UPDATE, id=group_id, recurrence=new_rule)
    assert payload["userErrors"] == []
    recurrence = payload["groupDefinition"]["recurrence"]
    assert recurrence["excludedDates"] == ["2027-01-12", "2027-01-14"]
    # 14 January is a Thursday. It is kept, but no longer a day of the rule.
    assert recurrence["summary"] == "Weekly on Tuesday at 5:30 PM, except 1 date"
    generated = await payload_of(
        client, GENERATE, groupDefinitionId=group_id, **{"from": "2027-01-01", "through": "2027-01-20"}
    )
    assert [session["sessionDate"] for session in generated["occurrences"]] == ["2027-01-05", "2027-01-19"]


@pytest.mark.parametrize("excluded", [None, []])
async def test_null_or_an_empty_list_clears_the_exclusions(client: ApiClient, excluded: list[str] | None) -> None:
    group_id = (await create(client))["id"]
    new_rule = {"rule": "FREQ=WEEKLY;BYDAY=TU,TH", **EVENING, "excludedDates": excluded}
    payload = await payload_of(client, UPDATE, id=group_id, recurrence=new_rule)
    assert payload["groupDefinition"]["recurrence"]["excludedDates"] == []


async def test_a_null_recurrence_clears_its_exclusions_too(client: ApiClient) -> None:
    group_id = (await create(client))["id"]
    assert (await payload_of(client, UPDATE, id=group_id, recurrence=None))["groupDefinition"]["recurrence"] is None
    again = await payload_of(client, UPDATE, id=group_id, recurrence={"rule": "FREQ=DAILY", **EVENING})
    assert again["groupDefinition"]["recurrence"]["excludedDates"] == []


async def test_lines_add_exclusions_to_those_that_are_kept(client: ApiClient) -> None:
    group_id = (await create(client))["id"]
    lines = {"rule": "RRULE:FREQ=WEEKLY;BYDAY=TU,TH\nEXDATE;VALUE=DATE:20270119,20270112", **EVENING}
    payload = await payload_of(client, UPDATE, id=group_id, recurrence=lines)
    assert payload["groupDefinition"]["recurrence"]["excludedDates"] == ["2027-01-12", "2027-01-14", "2027-01-19"]


async def test_the_same_rule_in_other_words_changes_nothing(client: ApiClient) -> None:
    group_id = (await create(client))["id"]
    same = {"rule": "rrule:wkst=MO;byday=TH,TU,TH;interval=1;freq=weekly;", **EVENING}
    payload = await payload_of(client, UPDATE, id=group_id, recurrence=same)
    assert payload["groupDefinition"]["version"] == 1


async def test_two_hours_from_ten_in_the_evening_are_refused_when_written(client: ApiClient, engine: Database) -> None:
    late = {"rule": "FREQ=DAILY", "startDate": "2027-01-05", "startTime": "22:00"}
    message = (
        "Sessions must end before midnight, on the day they start. Start at 21:59 or earlier, or shorten the duration."
    )
    assert await refused(client, CREATE, **{**GROUP, "durationMinutes": 120, "recurrence": late}) == [
        ("INVALID", "recurrence.startTime", message)
    ]
    assert (await everything(engine)).groups == []
    group_id = (await create(client, durationMinutes=119, recurrence=late))["id"]
    [(code, field, message)] = await refused(client, UPDATE, id=group_id, durationMinutes=120)
    assert (code, field) == ("INVALID", "durationMinutes")
    assert "Shorten the duration to 119 minutes or less, or start earlier." in message
    for edits in ({}, {"durationMinutes": 180}):
        later = {**late, "startTime": "22:30"}
        [(code, field, _)] = await refused(client, UPDATE, id=group_id, recurrence=later, **edits)
        assert (code, field) == ("INVALID", "recurrence.startTime")
    [(_, field, _)] = await refused(client, UPDATE, id=group_id, recurrence=late, durationMinutes=120)
    assert field == "durationMinutes"
    both = await payload_of(client, UPDATE, id=group_id, recurrence={**late, "startTime": "20:00"}, durationMinutes=180)
    assert both["userErrors"] == []


async def test_a_group_that_an_earlier_release_let_run_past_midnight_can_be_edited(
    client: ApiClient, engine: Database
) -> None:
    late = {
        "recurrence_rule": "FREQ=DAILY",
        "recurrence_start_date": date(2027, 1, 5),
        "recurrence_start_time": time(22),
        "recurrence_excluded_dates": [],
    }
    group_id = str(await add_group(engine, "Night", ORGANIZATION, duration_minutes=120, **late))
    renamed = await payload_of(client, UPDATE, id=group_id, name="Late group", durationMinutes=120)
    assert renamed["userErrors"] == []
    shorter = await payload_of(client, UPDATE, id=group_id, durationMinutes=90)
    assert shorter["userErrors"] == []


async def test_a_preview_refuses_a_start_too_late_for_any_session(client: ApiClient) -> None:
    for start, faults in [("23:54", []), ("23:55", [("INVALID", ["recurrence", "startTime"])])]:
        recurrence = {"rule": "FREQ=DAILY", "startDate": "2027-01-05", "startTime": start}
        preview = (await client.execute(PREVIEW, {"recurrence": recurrence}))["recurrencePreview"]
        assert [(error["code"], error["field"]) for error in preview["userErrors"]] == faults


@pytest.mark.parametrize(
    ("rule", "excluded", "field"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", [], "rule"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", [], "rule"),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20270110", [], "rule"),
        ("FREQ=WEEKLY;COUNT=2", ["2027-01-05", "2027-01-12"], "excludedDates"),
        ("RRULE:FREQ=WEEKLY;COUNT=1\nEXDATE;VALUE=DATE:20270105", [], "rule"),
    ],
)
async def test_a_rule_that_never_meets_is_refused_when_written(
    client: ApiClient, rule: str, excluded: list[str], field: str
) -> None:
    never = {"rule": rule, **EVENING, "excludedDates": excluded}
    group_id = (await create(client))["id"]
    for mutation, values in ((CREATE, GROUP), (UPDATE, {"id": group_id})):
        [(_, at, _)] = await refused(client, mutation, **{**values, "recurrence": never})
        assert at == f"recurrence.{field}"
    preview = (await client.execute(PREVIEW, {"recurrence": never}))["recurrencePreview"]
    assert [error["field"] for error in preview["userErrors"]] == [["recurrence", field]]
    assert (preview["dates"], preview["summary"]) == ([], None)


async def test_all_faults_of_a_recurrence_are_reported_at_once(client: ApiClient) -> None:
    recurrence = {
        "rule": "DTSTART:20270106T090000\nRRULE:FREQ=HOURLY;COUNT=0\nRDATE:20270107",
        "startDate": "2027-01-05",
        "startTime": "23:30:30",
        "excludedDates": ["2101-01-01"],
    }
    faults = await refused(client, CREATE, **{**GROUP, "timeZone": "Mars/Olympus", "recurrence": recurrence})
    assert sorted((code, field) for code, field, _ in faults) == [
        ("INVALID", "recurrence.startDate"),
        ("INVALID", "recurrence.startTime"),
        ("INVALID", "recurrence.startTime"),
        ("INVALID", "recurrence.startTime"),
        ("INVALID", "timeZone"),
        ("INVALID_RECURRENCE_RULE", "recurrence.rule"),
        ("INVALID_RECURRENCE_RULE", "recurrence.rule"),
        ("INVALID_RECURRENCE_RULE", "recurrence.rule"),
        ("OUT_OF_RANGE", "recurrence.excludedDates"),
    ]
