"""The most expensive recurrences, over HTTP: their CPU time is bounded, and they never block the event loop for long.

The tests measure the CPU time of the event loop's thread, so that other load on the machine does not matter.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from datetime import time as wall_time
from typing import Any

import pytest

from db.connections.engine import Database
from domain.recurrence_days import rule_days
from schema.admission.limits import DEFAULT_LIMITS
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group
from tests.support.event_loop import MAX_BLOCKED_SECONDS, Work, without_garbage_collection

pytestmark = [pytest.mark.anyio, pytest.mark.timing]

MAX_CPU_SECONDS = 1.5
NINE = wall_time(9)
DAYS = "MO,TU,WE,TH,FR,SA,SU"
BEYOND_THE_DAY = ",".join(map(str, range(262, 367)))
MONTH = ",".join(map(str, range(1, 32)))
YEAR = ",".join(map(str, range(-80, 0)))
ORDINALS = ",".join(f"{number}{day}" for number in range(1, 17) for day in ("MO", "TU", "WE", "TH", "FR", "SA"))
RULES = {
    "of every day": "FREQ=DAILY;COUNT={count}",
    "positions of a day": f"FREQ=DAILY;COUNT={{count}};BYDAY={DAYS};BYSETPOS=1,-1",
    "positions of a week": f"FREQ=WEEKLY;COUNT={{count}};BYDAY={DAYS};BYSETPOS=1,2,3,4,5,6,7,-1,-2,-3,-4,-5,-6,-7",
    "positions of a month": f"FREQ=MONTHLY;COUNT={{count}};BYMONTHDAY={MONTH};BYSETPOS={MONTH}",
    "positions of a year": f"FREQ=YEARLY;COUNT={{count}};BYMONTHDAY={MONTH};BYSETPOS={YEAR}",
    "ordinals": f"FREQ=YEARLY;COUNT={{count}};BYSETPOS=-1;BYDAY={ORDINALS}",
    "weeks": f"FREQ=YEARLY;COUNT={{count}};BYSETPOS=-1;BYWEEKNO={','.join(map(str, range(-53, 0)))}",
    "hardly ever": "FREQ=YEARLY;COUNT={count};BYMONTH=2;BYMONTHDAY=29;BYDAY=SU",
    "long interval": f"FREQ=WEEKLY;INTERVAL=997;COUNT={{count}};BYDAY={DAYS}",
}


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Start without cached rules."""
    rule_days.cache_clear()
    with without_garbage_collection():
        yield


@pytest.fixture
async def client(app_client: ApiClients, engine: Database) -> ApiClient:
    await seed(engine, organization=ORGANIZATION)
    client = await app_client()
    await client.execute("{ viewer { id } }")  # the first request fills caches
    return client


def previews(rules: Sequence[str]) -> str:
    """Return a query of recurrence previews that start in 2000, for dates in 2098."""
    fields = (
        f'p{number}: recurrencePreview(first: 1000, from: "2098-01-01", recurrence: {{rule: "{rule}",'
        ' startDate: "2000-01-01", startTime: "09:00"}) { dates summary userErrors { code message } }'
        for number, rule in enumerate(rules)
    )
    return f"{{ {' '.join(fields)} }}"


@pytest.mark.parametrize("more", ["", f"BYDAY={DAYS};"], ids=["as it was sent", "with days to pick from"])
async def test_thirty_positions_beyond_a_day_are_refused_at_no_cost(client: ApiClient, more: str) -> None:
    work = Work()
    attack = previews([f"FREQ=DAILY;COUNT={9999 - number};{more}BYSETPOS={BEYOND_THE_DAY}" for number in range(30)])
    data = (await work.of(client, attack)).json()["data"]
    for number in range(30):
        preview = data[f"p{number}"]
        assert (preview["dates"], preview["summary"]) == ([], None)
        [error] = preview["userErrors"]
        assert error["code"] == "INVALID_RECURRENCE_RULE"
        assert "BYSETPOS" in error["message"]
    assert work.total < MAX_CPU_SECONDS
    assert work.longest < MAX_BLOCKED_SECONDS


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
async def test_thirty_previews_a_century_ahead_do_not_block_other_requests(client: ApiClient, rule: str) -> None:
    work = Work()
    response = await work.of(client, previews([rule.format(count=9999 - number) for number in range(30)]))
    assert all(preview["userErrors"] == [] for preview in response.json()["data"].values())
    assert work.total < MAX_CPU_SECONDS
    assert work.longest < MAX_BLOCKED_SECONDS


async def test_previews_at_the_same_time_compute_one_after_another(client: ApiClient) -> None:
    work = Work()
    rules = [RULES["positions of a week"].format(count=9999 - number) for number in range(30)]
    others = asyncio.gather(*(client.send(previews(rules[number : number + 5])) for number in range(0, 25, 5)))
    response = await work.of(client, previews(rules[25:]))
    for other in (response, *await others):
        assert [preview["userErrors"] for preview in other.json()["data"].values()] == [[]] * 5
    assert work.longest < MAX_BLOCKED_SECONDS


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
async def test_stored_rules_read_from_every_field_do_not_block_other_requests(
    client: ApiClient, engine: Database, rule: str
) -> None:
    for number in range(20):
        await add_group(engine, f"Group {number}", ORGANIZATION, **stored(rule.format(count=9999 - number)))
    fields = " ".join(f'd{year}: dates(from: "{year}-01-01", first: 40) s{year}: summary' for year in range(2050, 2090))
    work = Work()
    response = await work.of(client, f"{{ groupDefinitions(first: 20) {{ nodes {{ recurrence {{ {fields} }} }} }} }}")
    assert len(response.json()["data"]["groupDefinitions"]["nodes"]) == 20
    assert work.total < MAX_CPU_SECONDS
    assert work.longest < MAX_BLOCKED_SECONDS


async def test_long_lists_of_a_stored_rule_do_not_block_other_requests(client: ApiClient, engine: Database) -> None:
    excluded = [(date(2050, 1, 1) + timedelta(days=number)).isoformat() for number in range(1000)]
    for number in range(4):
        rule = stored("FREQ=DAILY") | {"recurrence_excluded_dates": excluded}
        await add_group(engine, f"Group {number}", ORGANIZATION, **rule)
    for field, times in (('dates(from: "2090-01-01", first: 1000)', 45), ("excludedDates", 99)):
        fields = " ".join(f"a{number}: {field}" for number in range(times))
        work = Work()
        response = await work.of(
            client, f"{{ groupDefinitions(first: 4) {{ nodes {{ recurrence {{ {fields} }} }} }} }}"
        )
        [*groups] = response.json()["data"]["groupDefinitions"]["nodes"]
        assert {len(dates) for group in groups for dates in group["recurrence"].values()} == {1000}
        assert work.longest < MAX_BLOCKED_SECONDS


async def test_generating_two_years_of_days_does_not_block_other_requests(client: ApiClient, engine: Database) -> None:
    group = await add_group(engine, "Daily", ORGANIZATION, **stored("FREQ=DAILY"))
    generate = """mutation ($id: ID!) { generateOccurrences(input: {groupDefinitionId: $id, from: "2048-01-01",
      through: "2050-01-01"}) { createdCount occurrences { id sessionDate } userErrors { code } } }"""
    work = Work()
    response = await work.of(client, generate, {"id": str(group)})
    assert response.json()["data"]["generateOccurrences"]["createdCount"] == 731 + 1
    assert work.longest < MAX_BLOCKED_SECONDS


async def test_the_work_of_recurrences_is_part_of_the_cost(client: ApiClient) -> None:
    cheap = "{ groupDefinitions(first: 200) { nodes { name } } }"
    expensive = "{ groupDefinitions(first: 200) { nodes { recurrence { %s } } } }"
    aliases = " ".join(f"a{number}: dates(first: 1)" for number in range(60))
    costs = []
    for query in (cheap, expensive % "dates(first: 1)", expensive % aliases):
        body = (await client.send(query)).json()
        extensions = body.get("extensions") or body["errors"][0]["extensions"]
        costs.append(extensions["cost"]["requested"] if "cost" in extensions else extensions["requested"])
    assert costs[1] > 10 * costs[0]
    assert costs[2] > DEFAULT_LIMITS.cost


def stored(rule: str) -> dict[str, Any]:
    """Return the columns of a group whose recurrence starts in 2000."""
    return {
        "recurrence_rule": rule,
        "recurrence_start_date": date(2000, 1, 1),
        "recurrence_start_time": NINE,
        "recurrence_excluded_dates": [],
    }
