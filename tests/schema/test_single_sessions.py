"""Changes of one session over HTTP: its time zone, dry runs, and reopening."""

from datetime import UTC, date, datetime, time
from typing import Any, Final

import pytest
from sqlalchemy import update

from db.connections.engine import Database
from db.tables import occurrences
from domain.records import OccurrenceStatus
from resolvers.commands.sessions import complete_occurrence
from resolvers.context import Context
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import caller, clinic, everything, seed
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

_SESSION: Final = """id sessionDate startTime endTime timeZone startsAt endsAt durationMinutes status version edited
  recurrenceDate cancellationReason cancelledAt facilitator { registryId }"""
_REFUSAL: Final = "userErrors { code field message }"


def _mutation(name: str) -> str:
    type_ = name[0].upper() + name[1:]
    return f"mutation ($input: {type_}Input!) {{ {name}(input: $input) {{ occurrence {{ {_SESSION} }} {_REFUSAL} }} }}"


CREATE, UPDATE, CANCEL, REOPEN = (
    _mutation(f"{action}Occurrence") for action in ("create", "update", "cancel", "reopen")
)
CREATE_GROUP: Final = """mutation ($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) {
  groupDefinition { id } userErrors { code } } }"""
UPDATE_GROUP: Final = """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
  userErrors { code } } }"""
DELETE_GROUP: Final = """mutation ($input: DeleteGroupDefinitionInput!) { deleteGroupDefinition(input: $input) {
  userErrors { code } } }"""
GENERATE: Final = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  occurrences { id } userErrors { code } } }"""
DAILY: Final = {"rule": "FREQ=DAILY", "startDate": "2033-06-01", "startTime": "09:00:00"}
DAY: Final = "2033-06-02"

AFTERWARDS: Final = datetime(2033, 7, 1, tzinfo=UTC)
"""When sessions are documented."""


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client()


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def session_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    payload = await payload_of(client, mutation, **values)
    assert payload["userErrors"] == []
    session = payload["occurrence"]
    assert isinstance(session, dict)
    return session


async def refusals_of(client: ApiClient, mutation: str, **values: Any) -> list[tuple[str, str]]:
    payload = await payload_of(client, mutation, **values)
    assert payload["occurrence"] is None
    return [(error["code"], ".".join(error["field"][1:])) for error in payload["userErrors"]]


async def new_group(client: ApiClient, **values: Any) -> str:
    fields = {
        "name": "Morning group",
        "groupType": "SUPPORT",
        "facilitatorId": "staff-1",
        "maxCapacity": 2,
        "durationMinutes": 60,
        "recurrence": DAILY,
        **values,
    }
    return str((await payload_of(client, CREATE_GROUP, **fields))["groupDefinition"]["id"])


async def generated(client: ApiClient, group: str, day: str = DAY) -> str:
    payload = await payload_of(client, GENERATE, groupDefinitionId=group, **{"from": day, "through": day})
    [session] = payload["occurrences"]
    return str(session["id"])


async def complete(engine: Database, session: str) -> None:
    context = Context(clinic(engine, AFTERWARDS), caller(ORGANIZATION), "note-1")
    assert (await complete_occurrence(context, session)).status == OccurrenceStatus.COMPLETED


async def test_a_session_s_wrong_time_zone_can_be_mended(engine: Database, client: ApiClient) -> None:
    group = await new_group(client, timeZone="America/Denver")
    session = await generated(client, group)
    await payload_of(client, UPDATE_GROUP, id=group, timeZone="America/Phoenix")
    mended = await session_of(client, UPDATE, id=session, timeZone="America/Phoenix", expectedVersion=1)
    assert mended["startTime"] == "09:00:00"
    assert (mended["timeZone"], mended["startsAt"]) == ("America/Phoenix", f"{DAY}T16:00:00+00:00")
    assert (mended["endsAt"], mended["version"], mended["edited"]) == (f"{DAY}T17:00:00+00:00", 2, True)
    state = await everything(engine)
    assert state.event_names()[-1] == "pm_group_session_rescheduled"
    payload = state.events[-1]["envelope"]["payload"]
    assert (payload["time_zone"], payload["previous_time_zone"]) == ("America/Phoenix", "America/Denver")
    assert payload["previous_starts_at"] == f"{DAY}T15:00:00+00:00"
    assert payload["starts_at"] == f"{DAY}T16:00:00+00:00"
    assert state.history[-1]["action"] == "rescheduled"
    assert {change["field"] for change in state.history[-1]["changes"]} == {
        "time_zone",
        "starts_at",
        "ends_at",
        "edited",
    }
    await assert_invariants(engine)


async def test_a_substitute_publishes_an_event_with_the_former_staff(engine: Database, client: ApiClient) -> None:
    session = await generated(client, await new_group(client, coFacilitatorId="staff-2"))
    await payload_of(client, UPDATE, id=session, facilitatorId="staff-2", coFacilitatorId=None, locationId="phoenix")
    state = await everything(engine)
    assert (state.actions()[-1], state.event_names()[-1]) == ("updated", "pm_group_session_updated")
    payload = state.events[-1]["envelope"]["payload"]
    assert {name: value for name, value in payload.items() if name.startswith("previous_")} == {
        "previous_facilitator_id": "staff-1",
        "previous_co_facilitator_id": "staff-2",
        "previous_location_id": None,
    }
    of_session = {"schedule_id": session, "facilitator_id": "staff-2", "co_facilitator_id": None}
    assert payload.items() >= {**of_session, "location_id": "phoenix", "session_date": DAY}.items()
    await payload_of(client, UPDATE, id=session, startTime="11:00:00", facilitatorId="staff-1")
    state = await everything(engine)
    assert state.event_names()[-1] == "pm_group_session_rescheduled"
    payload = state.events[-1]["envelope"]["payload"]
    assert (payload["previous_start_time"], payload["previous_facilitator_id"]) == ("09:00:00", "staff-2")
    await assert_invariants(engine)


async def test_a_wrong_time_zone_is_refused_with_the_other_faults(engine: Database, client: ApiClient) -> None:
    session = await generated(client, await new_group(client))
    before = await everything(engine)
    for zone in ("Mars/Olympus", "MST7MDT\x00", "", "localtime", "america/phoenix"):
        refusals = await refusals_of(client, UPDATE, id=session, timeZone=zone, facilitatorId="nobody")
        assert refusals == [("NOT_FOUND", "facilitatorId"), ("INVALID", "timeZone")]
    assert await refusals_of(client, UPDATE, id=session, timeZone=None) == [("REQUIRED", "timeZone")]
    assert await everything(engine) == before


async def test_the_same_time_zone_again_changes_nothing(engine: Database, client: ApiClient) -> None:
    session = await generated(client, await new_group(client))
    before = await everything(engine)
    assert (await session_of(client, UPDATE, id=session, timeZone="America/Phoenix"))["version"] == 1
    assert await everything(engine) == before


async def test_a_dry_run_returns_the_payload_and_stores_nothing(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    session = await generated(client, group)
    cancelled = await generated(client, group, "2033-06-03")
    await session_of(client, CANCEL, id=cancelled, reason="snow")
    changes: list[tuple[str, dict[str, Any]]] = [
        (CREATE, {"groupDefinitionId": group, "sessionDate": "2033-06-09", "startTime": "13:00:00"}),
        (UPDATE, {"id": session, "startTime": "11:00:00", "expectedVersion": 1}),
        (CANCEL, {"id": session, "reason": "flood"}),
        (REOPEN, {"id": cancelled}),
    ]
    for mutation, values in changes:
        before = await everything(engine)
        planned = await session_of(client, mutation, **values, dryRun=True)
        assert await everything(engine) == before
        actual = await session_of(client, mutation, **values, dryRun=None)
        for stored in (planned, actual):
            if mutation == CREATE:
                del stored["id"]
            stored["cancelledAt"] = stored["cancelledAt"] is not None
        assert planned == actual
    await assert_invariants(engine)


async def test_a_dry_run_refuses_what_the_change_would(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    session = await generated(client, group)
    other = await session_of(client, CREATE, groupDefinitionId=group, sessionDate=DAY, startTime="13:00:00")
    before = await everything(engine)
    refused: list[tuple[str, dict[str, Any]]] = [
        (CREATE, {"groupDefinitionId": group, "sessionDate": DAY, "startTime": "13:00:00"}),
        (UPDATE, {"id": session, "startTime": "13:00:00"}),
        (UPDATE, {"id": session, "timeZone": "nowhere"}),
        (UPDATE, {"id": session, "expectedVersion": 7}),
        (CANCEL, {"id": session, "reason": " "}),
        (REOPEN, {"id": other["id"]}),
    ]
    for mutation, values in refused:
        refusals = await refusals_of(client, mutation, **values)
        assert refusals != []
        assert await refusals_of(client, mutation, **values, dryRun=True) == refusals
    assert await everything(engine) == before


async def test_a_dry_run_with_an_idempotency_key_is_decided_again(engine: Database, client: ApiClient) -> None:
    session = await generated(client, await new_group(client))
    before = await everything(engine)
    for _ in range(2):
        body = {"query": CANCEL, "variables": {"input": {"id": session, "reason": "snow", "dryRun": True}}}
        response = await client.http.post("/graphql", json=body, headers={"Idempotency-Key": "dry"})
        assert response.json()["data"]["cancelOccurrence"]["occurrence"]["status"] == "CANCELLED"
    assert await everything(engine) == before


async def test_a_cancelled_session_is_reopened_at_its_slot(engine: Database, client: ApiClient) -> None:
    session = await generated(client, await new_group(client))
    await session_of(client, CANCEL, id=session, reason="snow")
    reopened = await session_of(client, REOPEN, id=session, expectedVersion=2)
    assert (reopened["status"], reopened["cancellationReason"], reopened["cancelledAt"]) == ("SCHEDULED", None, None)
    assert (reopened["id"], reopened["version"], reopened["edited"]) == (session, 3, True)
    assert reopened["recurrenceDate"] == DAY
    state = await everything(engine)
    assert state.event_names()[-1] == "pm_group_session_reopened"
    payload = state.events[-1]["envelope"]["payload"]
    assert (payload["schedule_id"], payload["status"]) == (session, "SCHEDULED")
    assert state.actions()[-1] == "reopened"
    await assert_invariants(engine)


async def test_a_reopened_session_can_be_completed_again(engine: Database, client: ApiClient) -> None:
    session = await generated(client, await new_group(client))
    await complete(engine, session)
    assert (await session_of(client, REOPEN, id=session))["status"] == "SCHEDULED"
    await complete(engine, session)
    state = await everything(engine)
    assert state.actions()[-4:] == ["scheduled", "completed", "reopened", "completed"]
    assert state.event_names() == ["pm_group_session_scheduled", "pm_group_session_reopened"]
    await assert_invariants(engine)


async def test_reopening_needs_a_free_slot(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    session = await generated(client, group)
    await session_of(client, CANCEL, id=session, reason="snow")
    other = await session_of(client, CREATE, groupDefinitionId=group, sessionDate=DAY, startTime="09:00:00")
    assert await refusals_of(client, REOPEN, id=session) == [("DUPLICATE_OCCURRENCE", "id")]
    await session_of(client, UPDATE, id=other["id"], startTime="10:00:00")
    await session_of(client, REOPEN, id=session)
    await assert_invariants(engine)


async def test_reopening_needs_the_day_of_its_recurrence(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    session = await generated(client, group)
    await session_of(client, CANCEL, id=session, reason="snow")
    # Another session has been scheduled for the same day of the recurrence, and moved to the afternoon.
    other = await session_of(client, CREATE, groupDefinitionId=group, sessionDate=DAY, startTime="15:00:00")
    async with engine.begin() as connection:
        await connection.execute(
            update(occurrences)
            .where(occurrences.c.start_time == time(15))
            .values(recurrence_date=date.fromisoformat(DAY))
        )
    payload = await payload_of(client, REOPEN, id=session)
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("DUPLICATE_OCCURRENCE", ["input", "id"])
    assert "already stands in" in error["message"]
    await session_of(client, CANCEL, id=other["id"], reason="snow")
    await session_of(client, REOPEN, id=session)


async def test_reopening_is_refused_with_its_reason(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    session = await generated(client, group)
    assert await refusals_of(client, REOPEN, id=session) == [("INVALID", "id")]
    await session_of(client, CANCEL, id=session, reason="snow")
    assert await refusals_of(client, REOPEN, id=session, expectedVersion=1) == [("VERSION_CONFLICT", "expectedVersion")]
    await payload_of(client, DELETE_GROUP, id=group)
    before = await everything(engine)
    assert await refusals_of(client, REOPEN, id=session) == [("GROUP_DELETED", "id")]
    assert await everything(engine) == before


async def test_no_session_of_another_organization_is_reopened(app_client: ApiClients, client: ApiClient) -> None:
    session = await generated(client, await new_group(client))
    await session_of(client, CANCEL, id=session, reason="snow")
    stranger = await app_client(organization="org-2")
    assert await refusals_of(stranger, REOPEN, id=session) == [("NOT_FOUND", "id")]
