"""A response has all faults of an input at once, each at a field that the client has sent."""

from typing import Any, Final

import pytest

from db.connections.engine import Database
from tests.schema.test_selected_sessions import (
    CANCEL,
    CREATE_GROUP,
    MONDAY,
    UPDATE,
    client,
    generated,
    new_group,
    payload_of,
    window,
)
from tests.support.api_client import ApiClient
from tests.support.clinic import everything

__all__ = ["client"]

pytestmark = pytest.mark.anyio

CANCEL_SESSION: Final = """mutation ($input: CancelOccurrenceInput!) { cancelOccurrence(input: $input) {
  userErrors { code field } } }"""
UPDATE_GROUP: Final = """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
  groupDefinition { recurrence { excludedDates } } userErrors { code field } } }"""
CREATE_SESSION: Final = """mutation ($input: CreateOccurrenceInput!) { createOccurrence(input: $input) {
  userErrors { code field } } }"""
UPDATE_SESSION: Final = """mutation ($input: UpdateOccurrenceInput!) { updateOccurrence(input: $input) {
  userErrors { code field } } }"""
CREATE_CLOSURE: Final = """mutation ($input: CreateClosureInput!) { createClosure(input: $input) {
  closure { id } userErrors { code field } } }"""
UPDATE_CLOSURE: Final = """mutation ($input: UpdateClosureInput!) { updateClosure(input: $input) {
  userErrors { code field } } }"""
GENERATE: Final = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  userErrors { code field } } }"""
UNKNOWN: Final = "0199ffff-ffff-7fff-bfff-ffffffffffff"


async def faults(client: ApiClient, mutation: str, **values: Any) -> list[tuple[str, str]]:
    payload = await payload_of(client, mutation, **values)
    return sorted((error["code"], ".".join(error["field"][1:])) for error in payload["userErrors"])


@pytest.mark.parametrize("window_", [{"from": "2033-06-10", "through": "2033-06-01"}, {"from": "2033-06-10"}, {}])
async def test_an_unknown_group_of_a_selection_is_told_with_its_days(
    client: ApiClient, window_: dict[str, str]
) -> None:
    selection = {"groupDefinitionId": UNKNOWN, "facilitatorId": "nobody", "locationId": "nowhere", **window_}
    reported = await faults(client, CANCEL, selection=selection, reason=" ")
    assert [fault for fault in reported if fault[1] not in {"selection.from", "selection.through"}] == [
        ("NOT_FOUND", "selection.facilitatorId"),
        ("NOT_FOUND", "selection.groupDefinitionId"),
        ("NOT_FOUND", "selection.locationId"),
        ("REQUIRED", "reason"),
    ]
    assert len(reported) > 4
    # A group of the organization is no fault.
    known = {**selection, "groupDefinitionId": await new_group(client)}
    assert ("NOT_FOUND", "selection.groupDefinitionId") not in await faults(client, CANCEL, selection=known, reason=" ")


async def test_too_many_ids_are_told_although_days_are_given_too(client: ApiClient) -> None:
    selection = {"ids": [UNKNOWN] * 1001, "from": "2033-06-10"}
    assert await faults(client, UPDATE, selection=selection, shiftDays=367) == [
        ("INVALID", "selection"),
        ("OUT_OF_RANGE", "selection.ids"),
        ("OUT_OF_RANGE", "shiftDays"),
    ]


async def test_equal_facilitators_are_told_at_the_one_that_was_sent(engine: Database, client: ApiClient) -> None:
    group = await new_group(client, coFacilitatorId="staff-2")
    [session] = await generated(client, group, 1)
    before = await everything(engine)
    selection = {"groupDefinitionId": group, **window(1)}
    slot = {"groupDefinitionId": group, "sessionDate": "2033-06-06", "startTime": "15:00:00"}
    for sent, field in (
        ({"facilitatorId": "staff-2"}, "facilitatorId"),
        ({"coFacilitatorId": "staff-1"}, "coFacilitatorId"),
        ({"facilitatorId": "staff-2", "coFacilitatorId": "staff-2"}, "coFacilitatorId"),
    ):
        expected = [("INVALID", field)]
        assert await faults(client, UPDATE_GROUP, id=group, **sent) == expected
        assert await faults(client, CREATE_SESSION, **slot, **sent) == expected
        assert await faults(client, UPDATE_SESSION, id=session, **sent) == expected
        assert await faults(client, UPDATE, selection=selection, **sent) == expected
    assert await everything(engine) == before


async def test_an_end_after_midnight_is_told_at_the_end_that_was_sent(client: ApiClient) -> None:
    group = await new_group(client, startTime="22:00:00")
    [session] = await generated(client, group, 1)
    assert await faults(client, UPDATE_SESSION, id=session, startTime="23:00:00", endTime="23:59:00") == []
    # The group's duration after the start, which is now 23:00, is midnight.
    assert await faults(client, UPDATE_SESSION, id=session, endTime=None) == [("INVALID", "endTime")]
    assert await faults(client, UPDATE, selection={"ids": [session]}, endTime=None) == [("INVALID", "endTime")]
    assert await faults(client, UPDATE_SESSION, id=session, startTime="23:30:00") == [("INVALID", "startTime")]


async def test_kept_exclusions_of_every_day_are_told_at_the_rule(client: ApiClient) -> None:
    recurrence = {"rule": "FREQ=DAILY", "startDate": str(MONDAY), "startTime": "09:00:00"}
    fields = {"name": "G", "groupType": "SUPPORT", "facilitatorId": "staff-1", "maxCapacity": 2, "durationMinutes": 60}
    excluded = {**recurrence, "excludedDates": [str(MONDAY)]}
    group = (await payload_of(client, CREATE_GROUP, **fields, recurrence=excluded))["groupDefinition"]["id"]
    once = {**recurrence, "rule": "FREQ=DAILY;COUNT=1"}
    assert await faults(client, UPDATE_GROUP, id=group, recurrence=once) == [("INVALID", "recurrence.rule")]
    sent = {**once, "excludedDates": [str(MONDAY)]}
    assert await faults(client, UPDATE_GROUP, id=group, recurrence=sent) == [("INVALID", "recurrence.excludedDates")]
    assert await faults(client, UPDATE_GROUP, id=group, recurrence={**once, "excludedDates": []}) == []


async def test_faults_of_a_closure_are_told_with_its_id_and_version(client: ApiClient) -> None:
    days = {"from": "2033-06-08", "through": "2033-06-09"}
    closure = (await payload_of(client, CREATE_CLOSURE, name="Holiday", **days))["closure"]["id"]
    bad = {"name": " ", "locationId": "nowhere", "through": "1999-01-01"}
    expected = [("NOT_FOUND", "locationId"), ("OUT_OF_RANGE", "through"), ("REQUIRED", "name")]
    assert await faults(client, UPDATE_CLOSURE, id=UNKNOWN, **bad) == sorted([*expected, ("NOT_FOUND", "id")])
    assert await faults(client, UPDATE_CLOSURE, id=closure, expectedVersion=7, **bad) == sorted(
        [*expected, ("VERSION_CONFLICT", "expectedVersion")]
    )
    # What the input leaves out is no fault.
    assert await faults(client, UPDATE_CLOSURE, id=UNKNOWN, name="Snow") == [("NOT_FOUND", "id")]
    assert await faults(client, UPDATE_CLOSURE, id=closure, **bad) == expected


async def test_a_wrong_reason_is_told_with_the_faults_of_the_session(client: ApiClient) -> None:
    [session] = await generated(client, await new_group(client), 1)
    long, blank = ("OUT_OF_RANGE", "reason"), ("REQUIRED", "reason")
    assert await faults(client, CANCEL_SESSION, id=UNKNOWN, reason=" ") == [("NOT_FOUND", "id"), blank]
    stale = {"id": session, "expectedVersion": 7, "reason": "x" * 1001}
    assert await faults(client, CANCEL_SESSION, **stale) == [long, ("VERSION_CONFLICT", "expectedVersion")]
    assert await faults(client, CANCEL_SESSION, id=session, reason="Snow") == []
    assert await faults(client, CANCEL_SESSION, id=session, reason="") == [("OCCURRENCE_CANCELLED", "id"), blank]


async def test_faults_of_an_edit_are_told_with_those_of_its_session(client: ApiClient) -> None:
    [session] = await generated(client, await new_group(client), 1)
    bad = {"facilitatorId": "nobody", "timeZone": "Mars/Olympus", "startTime": "10:00:00", "endTime": "09:00:00"}
    expected = [("INVALID", "endTime"), ("INVALID", "timeZone"), ("NOT_FOUND", "facilitatorId")]
    unknown = sorted([*expected, ("NOT_FOUND", "id")])
    assert await faults(client, UPDATE_SESSION, id=UNKNOWN, **bad) == unknown
    stale = sorted([*expected, ("VERSION_CONFLICT", "expectedVersion")])
    assert await faults(client, UPDATE_SESSION, id=session, expectedVersion=7, **bad) == stale
    # What the input leaves out is no fault.
    assert await faults(client, UPDATE_SESSION, id=UNKNOWN, coFacilitatorId="staff-2") == [("NOT_FOUND", "id")]
    assert await faults(client, CANCEL_SESSION, id=session, reason="Snow") == []
    ended = sorted([*expected, ("OCCURRENCE_CANCELLED", "id")])
    assert await faults(client, UPDATE_SESSION, id=session, **bad) == ended


async def test_a_group_without_recurrence_is_told_with_the_window(client: ApiClient) -> None:
    fields = {"name": "G", "groupType": "SUPPORT", "facilitatorId": "staff-1", "maxCapacity": 2, "durationMinutes": 60}
    group = (await payload_of(client, CREATE_GROUP, **fields))["groupDefinition"]["id"]
    values = {"groupDefinitionId": group, "from": "2033-06-01", "through": "2036-06-01"}
    assert await faults(client, GENERATE, **values) == [
        ("INVALID_RECURRENCE_RULE", "groupDefinitionId"),
        ("OUT_OF_RANGE", "through"),
    ]
