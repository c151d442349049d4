"""The impact of changes of the schedule: conflicts that they make, and weeks of programs that they change."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from db.connections.engine import Database
from db.tables import access_log, idempotency_steps, occurrences
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.schema.test_statement_counts import statements_of
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions

pytestmark = pytest.mark.anyio

# A Monday, far enough ahead for every change. The weeks of the clinic start on Sunday.
DAY = date(2031, 6, 2)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
IMPACT = """impact {
  conflicts { kind startsAt message occurrences { id } staffMember { displayName } closure { name } }
  compliance { groupDefinition { name }
    before { weekStart hours days status } after { weekStart hours days status gaps { message } } } }"""
CREATE = f"""mutation ($input: CreateOccurrenceInput!) {{ createOccurrence(input: $input) {{
  occurrence {{ id }} {IMPACT} userErrors {{ code }} }} }}"""
UPDATE = f"""mutation ($input: UpdateOccurrenceInput!) {{ updateOccurrence(input: $input) {{
  occurrence {{ id }} {IMPACT} userErrors {{ code }} }} }}"""
CANCEL = f"""mutation ($input: CancelOccurrenceInput!) {{ cancelOccurrence(input: $input) {{
  occurrence {{ status }} {IMPACT} userErrors {{ code }} }} }}"""
REOPEN = f"""mutation ($input: ReopenOccurrenceInput!) {{ reopenOccurrence(input: $input) {{
  occurrence {{ status }} {IMPACT} userErrors {{ code }} }} }}"""
GENERATE = f"""mutation ($input: GenerateOccurrencesInput!) {{ generateOccurrences(input: $input) {{
  createdCount {IMPACT} userErrors {{ code }} }} }}"""
CANCEL_MANY = f"""mutation ($input: CancelOccurrencesInput!) {{ cancelOccurrences(input: $input) {{
  cancelledCount {IMPACT} userErrors {{ code }} }} }}"""
UPDATE_MANY = f"""mutation ($input: UpdateOccurrencesInput!) {{ updateOccurrences(input: $input) {{
  updatedCount {IMPACT} userErrors {{ code }} }} }}"""

RECONCILE = f"""mutation ($input: ReconcileOccurrencesInput!) {{ reconcileOccurrences(input: $input) {{
  updatedCount {IMPACT} userErrors {{ code }} }} }}"""
EVERY_OTHER_DAY: dict[str, Any] = {
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "recurrence_start_date": DAY,
    "recurrence_start_time": time(9),
    "recurrence_excluded_dates": [],
}


@pytest.fixture(params=["compiled", "graphql-core"])
async def clients(request: pytest.FixtureRequest, engine: Database, clinic: Clinic) -> AsyncIterator[ApiClients]:
    """Clients of a server with each executor."""
    await seed(engine, ORGANIZATION)
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield clients


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert payload["userErrors"] == []
    return dict(payload)


async def program(engine: Database, **columns: Any) -> tuple[UUID, list[UUID]]:
    """Add an IOP group with nine hours a week, on three days. Return it and its sessions of one week."""
    group = await add_group(engine, "Morning IOP", ORGANIZATION, group_type="IOP", duration_minutes=180)
    days = [DAY + timedelta(days=number) for number in (0, 2, 4)]
    sessions = await add_sessions(engine, group, days, ORGANIZATION, end_time=time(12), **columns)
    return group, sessions


async def test_cancelling_a_session_says_what_is_left_of_the_week(engine: Database, clients: ApiClients) -> None:
    _, sessions = await program(engine)
    client = await clients()
    for dry_run in (True, False):
        payload = await payload_of(client, CANCEL, id=str(sessions[1]), reason="snow", dryRun=dry_run)
        assert payload["impact"] == {
            "conflicts": [],
            "compliance": [
                {
                    "groupDefinition": {"name": "Morning IOP"},
                    "before": {"weekStart": "2031-06-01", "hours": 9.0, "days": 3, "status": "COMPLIANT"},
                    "after": {
                        "weekStart": "2031-06-01",
                        "hours": 6.0,
                        "days": 2,
                        "status": "NON_COMPLIANT",
                        "gaps": [{"message": "Need 3 more hours/week"}, {"message": "Need 1 more day/week"}],
                    },
                }
            ],
        }
    reopened = await payload_of(client, REOPEN, id=str(sessions[1]))
    [change] = reopened["impact"]["compliance"]
    assert (change["before"]["hours"], change["after"]["hours"], change["after"]["status"]) == (6.0, 9.0, "COMPLIANT")


async def test_a_new_session_makes_the_conflicts_that_it_has(engine: Database, clients: ApiClients) -> None:
    other, sessions = await program(engine, location_id="phoenix")
    await add_enrollments(engine, other, ["patient-1"], ORGANIZATION, enrolled_at=LONG_AGO)
    group = await add_group(engine, "Group", ORGANIZATION)
    await add_enrollments(engine, group, ["patient-1", "patient-2"], ORGANIZATION, enrolled_at=LONG_AGO)
    client = await clients()
    values = {"groupDefinitionId": str(group), "sessionDate": DAY.isoformat(), "startTime": "11:30"}
    dry = await payload_of(client, CREATE, **values, dryRun=True)
    conflicts = dry["impact"]["conflicts"]
    assert [conflict["kind"] for conflict in conflicts] == ["FACILITATOR", "PATIENT"]
    assert [conflict["occurrences"] for conflict in conflicts] == [[{"id": str(sessions[0])}]] * 2
    assert conflicts[0]["message"] == "A facilitator is in two sessions at once on Jun 2, from 11:30 AM to 12:00 PM."
    assert await count_rows(engine, occurrences) == 3
    stored = await payload_of(client, CREATE, **values)
    both = [{"id": str(sessions[0])}, {"id": stored["occurrence"]["id"]}]
    assert [conflict["occurrences"] for conflict in stored["impact"]["conflicts"]] == [both] * 2
    assert stored["impact"]["compliance"] == []  # the group is no program
    async with engine.connect() as connection:
        logged = list(await connection.scalars(select(access_log.c.patient_ids)))
    assert logged == [["patient-1"], ["patient-1"]]


async def test_only_new_conflicts_are_made_by_a_move(engine: Database, clients: ApiClients) -> None:
    groups = [await add_group(engine, name, ORGANIZATION) for name in ("A", "B", "C")]
    starts = (time(9), time(9, 30), time(10, 30))
    [a], [b], [c] = [
        await add_sessions(engine, group, [DAY], ORGANIZATION, start_time=start)
        for group, start in zip(groups, starts, strict=True)
    ]
    client = await clients()
    # It still overlaps the second, and now the third too.
    moved = await payload_of(client, UPDATE, id=str(a), startTime="10:15", endTime="11:15", dryRun=True)
    assert [conflict["occurrences"] for conflict in moved["impact"]["conflicts"]] == [[{"id": str(a)}, {"id": str(c)}]]
    away = await payload_of(client, UPDATE, id=str(a), startTime="13:00")
    assert away["impact"] == {"conflicts": [], "compliance": []}
    same = await payload_of(client, UPDATE, id=str(b), startTime="09:30")
    assert same["impact"] == {"conflicts": [], "compliance": []}


async def test_a_refused_change_has_no_impact(engine: Database, clients: ApiClients) -> None:
    _, sessions = await program(engine)
    body = await (await clients()).execute(CANCEL, {"input": {"id": str(sessions[0]), "reason": " "}})
    payload = body["cancelOccurrence"]
    assert (payload["impact"], payload["userErrors"]) == (None, [{"code": "REQUIRED"}])


async def test_a_session_on_a_closed_day_makes_a_conflict(engine: Database, clients: ApiClients) -> None:
    _, sessions = await program(engine)
    client = await clients()
    closure = {"name": "Flood", "from": "2031-06-03", "through": "2031-06-03"}
    close = "mutation ($input: CreateClosureInput!) { createClosure(input: $input) { userErrors { code } } }"
    await payload_of(client, close, **closure)
    moved = await payload_of(client, UPDATE, id=str(sessions[0]), sessionDate="2031-06-03")
    [conflict] = moved["impact"]["conflicts"]
    assert (conflict["kind"], conflict["closure"]) == ("CLOSURE", {"name": "Flood"})
    later = await payload_of(client, UPDATE, id=str(sessions[0]), startTime="09:30")
    assert later["impact"]["conflicts"] == []


async def test_generating_a_series_says_what_its_weeks_become(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "IOP", ORGANIZATION, group_type="IOP", duration_minutes=180, **EVERY_OTHER_DAY)
    client = await clients()
    window = {"groupDefinitionId": str(group), "from": "2031-06-02", "through": "2031-06-13"}
    payload = await payload_of(client, GENERATE, **window)
    assert payload["createdCount"] == 6
    weeks = [(change["before"]["hours"], change["after"]["hours"]) for change in payload["impact"]["compliance"]]
    assert weeks == [(0.0, 9.0), (0.0, 9.0)]
    selection = {"groupDefinitionId": str(group), "from": "2031-06-02", "through": "2031-06-06"}
    cancelled = await payload_of(client, CANCEL_MANY, selection=selection, reason="snow", dryRun=True)
    assert [change["after"]["hours"] for change in cancelled["impact"]["compliance"]] == [0.0]
    shifted = await payload_of(client, UPDATE_MANY, selection=selection, shiftDays=7, startTime="12:00", dryRun=True)
    weeks = [(change["before"]["hours"], change["after"]["hours"]) for change in shifted["impact"]["compliance"]]
    assert weeks == [(9.0, 0.0), (9.0, 18.0)]


async def test_reconciling_says_what_a_shorter_duration_does(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "IOP", ORGANIZATION, group_type="IOP", duration_minutes=180, **EVERY_OTHER_DAY)
    client = await clients()
    window = {"groupDefinitionId": str(group), "from": "2031-06-02", "through": "2031-06-06"}
    await payload_of(client, GENERATE, **window)
    edit = """mutation ($input: UpdateGroupDefinitionInput!) {
      updateGroupDefinition(input: $input) { userErrors { code } } }"""
    await payload_of(client, edit, id=str(group), durationMinutes=120)
    for dry_run in (True, False):
        payload = await payload_of(client, RECONCILE, **window, dryRun=dry_run)
        assert payload["updatedCount"] == 3
        [change] = payload["impact"]["compliance"]
        assert (change["before"]["hours"], change["after"]["hours"]) == (9.0, 6.0)


async def test_conflicts_of_patients_are_left_out_of_an_impact(engine: Database, clients: ApiClients) -> None:
    keys = set(PermissionKey) - {PermissionKey.GROUP_ENROLLMENTS_VIEW}
    groups = [await add_group(engine, name, ORGANIZATION) for name in ("A", "B")]
    for group in groups:
        await add_enrollments(engine, group, ["patient-1"], ORGANIZATION, enrolled_at=LONG_AGO)
    await add_sessions(engine, groups[0], [DAY], ORGANIZATION)
    values = {"groupDefinitionId": str(groups[1]), "sessionDate": DAY.isoformat(), "startTime": "09:30"}
    payload = await payload_of(await clients(permissions=keys), CREATE, **values, dryRun=True)
    assert [conflict["kind"] for conflict in payload["impact"]["conflicts"]] == ["FACILITATOR"]
    assert await count_rows(engine, access_log) == 0


async def test_a_repeat_has_the_impact_of_the_first_attempt(engine: Database, clients: ApiClients) -> None:
    _, sessions = await program(engine)
    client = await clients()
    body = {"query": CANCEL, "variables": {"input": {"id": str(sessions[1]), "reason": "snow"}}}
    first, repeat = [
        await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "key-1"}) for _ in range(2)
    ]
    assert first.json()["data"]["cancelOccurrence"]["impact"]["compliance"]
    assert (repeat.headers["Idempotency-Replayed"], repeat.content) == ("true", first.content)
    assert await count_rows(engine, idempotency_steps) == 0


async def test_an_impact_costs_nothing_unless_it_is_selected(engine: Database, clients: ApiClients) -> None:
    _, sessions = await program(engine)
    client = await clients()
    plain = "mutation ($input: UpdateOccurrenceInput!%s) { updateOccurrence(input: $input) { occurrence { id } %s } }"

    async def statements(document: str, start: str, **variables: Any) -> int:
        values = {"id": str(sessions[0]), "startTime": start, "dryRun": True}
        response = await client.send(document, {"input": values, **variables})
        assert "errors" not in response.json(), response.json()
        return statements_of(response)

    fewest = await statements(plain % ("", ""), "08:00")
    skipped = plain % (", $with: Boolean!", "...F @include(if: $with)")
    fragment = " fragment F on UpdateOccurrencePayload { what: impact { compliance { after { hours } } } }"
    assert await statements(skipped + fragment, "08:15", **{"with": False}) == fewest
    assert await statements(skipped + fragment, "08:30", **{"with": True}) > fewest


async def test_the_impact_of_many_sessions_takes_the_statements_of_few(engine: Database, clients: ApiClients) -> None:
    client = await clients()
    groups = [await add_group(engine, f"IOP {number}", ORGANIZATION, group_type="IOP") for number in range(12)]
    for number, group in enumerate(groups):
        await add_sessions(engine, group, [DAY + timedelta(days=day) for day in range(number + 1)], ORGANIZATION)
        await add_enrollments(engine, group, ["patient-1"], ORGANIZATION, enrolled_at=LONG_AGO)
    counts = []
    for through in ("2031-06-02", "2031-06-20"):
        selection = {"from": "2031-06-02", "through": through, "facilitatorId": "staff-1"}
        values = {"selection": selection, "startTime": "15:00", "facilitatorId": "staff-2", "dryRun": True}
        response = await client.send(UPDATE_MANY, {"input": values})
        payload = response.json()["data"]["updateOccurrences"]
        assert payload["userErrors"] == []
        counts.append((payload["updatedCount"], statements_of(response)))
    assert (counts[0][0], counts[1][0]) == (12, 78)
    assert counts[0][1] == counts[1][1]


async def count_rows(engine: Database, table: Any) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)
