"""What follows from the calendar, over HTTP: a program's week, the days of a recurrence, dates and times as written."""

from datetime import date, time, timedelta

import pytest

from db.connections.engine import Database
from domain.wall_time import instant
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, refused
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group, add_sessions

pytestmark = pytest.mark.anyio
DAY = date(2026, 11, 22)


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client()


async def test_compliance_is_of_the_week_asked_for_and_of_programs_only(engine: Database, client: ApiClient) -> None:
    iop = await add_group(engine, "a", ORGANIZATION, group_type="IOP")
    await add_group(engine, "b", ORGANIZATION)
    days = [DAY, DAY + timedelta(days=2), DAY + timedelta(days=6)]
    await add_sessions(engine, iop, days, ORGANIZATION, end_time=time(12))
    query = """{ groupDefinitions { nodes { compliance(weekOf: "%s") {
      program weekStart weekEnd status hours days requirements { code met } gaps { code message } } } } }"""
    data = await client.execute(query % "2026-11-25")
    program, other = (node["compliance"] for node in data["groupDefinitions"]["nodes"])
    assert other is None
    assert (program["program"], program["weekStart"], program["weekEnd"]) == ("IOP", "2026-11-22", "2026-11-28")
    assert (program["status"], program["hours"], program["days"], program["gaps"]) == ("COMPLIANT", 9.0, 3, [])
    program = (await client.execute(query % "2026-11-29"))["groupDefinitions"]["nodes"][0]["compliance"]
    assert program["status"] == "NON_COMPLIANT"
    assert [gap["message"] for gap in program["gaps"]] == ["Need 9 more hours/week", "Need 3 more days/week"]
    assert "2000 to 2100" in (await client.try_execute(query % "9999-12-31"))["errors"][0]["message"]


async def test_compliance_takes_days_in_the_time_zone_of_the_group(engine: Database, client: ApiClient) -> None:
    group = await add_group(engine, "a", ORGANIZATION, group_type="PHP", time_zone="Pacific/Pago_Pago")
    # Monday, the 30th, on Kiritimati is still Saturday, the 28th, in Pago Pago: it is of the week before.
    start, zone = time(0, 5), "Pacific/Kiritimati"
    far = {"start_time": start, "end_time": time(0, 35), "time_zone": zone}
    far |= {
        "starts_at": instant(date(2026, 11, 30), start, zone),
        "ends_at": instant(date(2026, 11, 30), time(0, 35), zone),
    }
    await add_sessions(engine, group, [date(2026, 11, 30)], ORGANIZATION, **far)
    query = """{ groupDefinitions { nodes { compliance(weekOf: "%s") { weekStart hours days } } } }"""
    for day, start_of_week, hours, days in (("2026-11-28", "2026-11-22", 0.5, 1), ("2026-11-30", "2026-11-29", 0.0, 0)):
        [group_node] = (await client.execute(query % day))["groupDefinitions"]["nodes"]
        assert group_node["compliance"] == {"weekStart": start_of_week, "hours": hours, "days": days}


async def test_a_recurrence_is_previewed_or_refused_in_words(client: ApiClient) -> None:
    query = """{ recurrencePreview(recurrence: {rule: "%s", startDate: "2026-11-23", startTime: "09:00"%s}%s)
      { dates summary userErrors { code field } } }"""
    data = await client.execute(query % ("FREQ=WEEKLY;COUNT=3", ', excludedDates: ["2026-11-30"]', ""))
    assert data["recurrencePreview"]["dates"] == ["2026-11-23", "2026-12-07"]
    assert data["recurrencePreview"]["summary"].startswith("Weekly on Monday at 9:00 AM")
    data = await client.execute(query % ("FREQ=DAILY", "", ', first: 2, from: "2027-01-01"'))
    assert data["recurrencePreview"]["dates"] == ["2027-01-01", "2027-01-02"]
    refusal = (await client.execute(query % ("FREQ=HOURLY", "", "")))["recurrencePreview"]
    assert refusal["dates"] == []
    assert refusal["userErrors"] == [{"code": "INVALID_RECURRENCE_RULE", "field": ["recurrence", "rule"]}]
    assert "1,000" in await refused(client, query % ("FREQ=DAILY", "", ", first: 1001"))


async def test_dates_and_times_are_read_strictly(client: ApiClient) -> None:
    query = '{ recurrencePreview(recurrence: {rule: "FREQ=DAILY", startDate: "%s", startTime: "%s"}) { dates } }'
    for day, moment, words in [
        ("2026-W01-1", "09:00", "Expected a date such as 2026-11-23."),
        ("2026-02-30", "09:00", "This date does not exist."),
        ("2026-01-01", "09:00Z", "without an offset"),
        ("2026-01-01", "25:00", "This time does not exist."),
    ]:
        [error] = (await client.try_execute(query % (day, moment)))["errors"]
        assert words in error["message"]
