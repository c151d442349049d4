"""Changes of many sessions over HTTP: by ids or by days, all of them or none."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert

from db.connections.engine import Database
from db.tables import locations, occurrences, staff_members
from domain.records import OccurrenceStatus
from resolvers.commands.sessions import complete_occurrence
from resolvers.context import Context
from tests.schema.test_statement_counts import statements_of
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import caller, clinic, everything, seed
from tests.support.clinic_rows import add_group, add_sessions
from tests.support.invariants import assert_invariants, changed

pytestmark = pytest.mark.anyio

_PAYLOAD: Final = """changes { action keepReason sessionDate startTime endTime
    occurrence { id sessionDate startTime endTime timeZone startsAt status edited version cancellationReason
      recurrenceDate facilitator { registryId } coFacilitator { registryId } location { registryId } } }
  createdCount updatedCount cancelledCount keptCount userErrors { code field message }"""
UPDATE: Final = f"mutation ($input: UpdateOccurrencesInput!) {{ updateOccurrences(input: $input) {{ {_PAYLOAD} }} }}"
CANCEL: Final = f"mutation ($input: CancelOccurrencesInput!) {{ cancelOccurrences(input: $input) {{ {_PAYLOAD} }} }}"
CREATE_GROUP: Final = """mutation ($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) {
  groupDefinition { id } userErrors { code } } }"""
DELETE_GROUP: Final = """mutation ($input: DeleteGroupDefinitionInput!) { deleteGroupDefinition(input: $input) {
  userErrors { code } } }"""
GENERATE: Final = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  occurrences { id } userErrors { code } } }"""
CREATE_SESSION: Final = """mutation ($input: CreateOccurrenceInput!) { createOccurrence(input: $input) {
  occurrence { id } userErrors { code } } }"""
UPDATE_SESSION: Final = """mutation ($input: UpdateOccurrenceInput!) { updateOccurrence(input: $input) {
  occurrence { id version } userErrors { code } } }"""
CANCEL_SESSION: Final = """mutation ($input: CancelOccurrenceInput!) { cancelOccurrence(input: $input) {
  occurrence { id } userErrors { code } } }"""
MONDAY: Final = date(2033, 6, 6)
_NO_SESSION: Final = "0199ffff-ffff-7fff-bfff-ffffffffffff"

AFTERWARDS: Final = datetime(2033, 7, 1, tzinfo=UTC)
"""When sessions are documented."""


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    person = {"id": "staff-3", "display_name": "Staff 3", "active": True, "search_text": "staff 3"}
    async with engine.begin() as connection:
        await connection.execute(insert(staff_members).values(organization_id=ORGANIZATION, **person))
    return await app_client()


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def accepted(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    payload = await payload_of(client, mutation, **values)
    assert payload["userErrors"] == []
    return payload


async def refused(client: ApiClient, mutation: str, **values: Any) -> list[tuple[str, str]]:
    """Return the codes and fields of the errors of a mutation, which must have no other result."""
    payload = await payload_of(client, mutation, **values)
    assert (payload["changes"], payload["keptCount"]) == ([], 0)
    return sorted((error["code"], ".".join(error["field"][1:])) for error in payload["userErrors"])


async def new_group(client: ApiClient, rule: str = "FREQ=DAILY", **values: Any) -> str:
    fields = {
        "name": "Group",
        "groupType": "SUPPORT",
        "facilitatorId": "staff-1",
        "maxCapacity": 2,
        "durationMinutes": 60,
        "recurrence": {"rule": rule, "startDate": str(MONDAY), "startTime": values.pop("startTime", "09:00:00")},
        **values,
    }
    return str((await accepted(client, CREATE_GROUP, **fields))["groupDefinition"]["id"])


async def generated(client: ApiClient, group: str, days: int = 14) -> list[str]:
    payload = await accepted(client, GENERATE, groupDefinitionId=group, **window(days))
    return [session["id"] for session in payload["occurrences"]]


def window(days: int, start: date = MONDAY) -> dict[str, str]:
    return {"from": str(start), "through": str(start + timedelta(days=days - 1))}


def by_id(payload: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {change["occurrence"]["id"]: change for change in payload["changes"]}


async def test_a_substitute_for_two_weeks_is_one_call(engine: Database, client: ApiClient) -> None:
    leads = await generated(client, await new_group(client, "FREQ=WEEKLY;BYDAY=MO,TH"), 21)
    co_leads = await generated(
        client, await new_group(client, "FREQ=WEEKLY;BYDAY=WE", facilitatorId="staff-2", coFacilitatorId="staff-1"), 21
    )
    others = await generated(client, await new_group(client, facilitatorId="staff-2", startTime="15:00:00"), 21)
    before = await everything(engine)
    selection = {**window(14), "facilitatorId": "staff:staff-1"}
    payload = await accepted(client, UPDATE, selection=selection, facilitatorId="staff-3")
    assert (payload["updatedCount"], payload["keptCount"], payload["createdCount"]) == (6, 0, 0)
    changes = by_id(payload)
    assert set(changes) == {*leads[:4], *co_leads[:2]}
    assert {change["action"] for change in changes.values()} == {"UPDATE"}
    staff = {
        id_: (change["occurrence"]["facilitator"], change["occurrence"]["coFacilitator"])
        for id_, change in changes.items()
    }
    substitute, other = {"registryId": "staff-3"}, {"registryId": "staff-2"}
    assert all(staff[id_] == (substitute, None) for id_ in leads[:4])
    assert all(staff[id_] == (other, substitute) for id_ in co_leads[:2])
    assert all(change["occurrence"]["edited"] for change in changes.values())
    dates = [change["sessionDate"] for change in payload["changes"]]
    assert dates == sorted(dates)
    assert not changes.keys() & set(others)
    state = await everything(engine)
    assert state.actions()[len(before.history) :] == ["updated"] * 6
    assert state.event_names()[len(before.events) :] == ["pm_group_session_updated"] * 6
    assert {str(event["envelope"]["payload"]["schedule_id"]) for event in state.events[len(before.events) :]} == set(
        changes
    )
    await assert_invariants(engine)


async def test_a_site_closed_for_a_day_is_one_call(engine: Database, client: ApiClient) -> None:
    closed = [await generated(client, await new_group(client, locationId="phoenix"), 3) for _ in range(3)]
    elsewhere = await generated(client, await new_group(client, locationId="denver"), 3)
    before = await everything(engine)
    day = {"from": "2033-06-07", "through": "2033-06-07", "locationId": "location:phoenix"}
    payload = await accepted(client, CANCEL, selection=day, reason=" Burst pipe ")
    assert (payload["cancelledCount"], payload["updatedCount"], payload["keptCount"]) == (3, 0, 0)
    assert set(by_id(payload)) == {sessions[1] for sessions in closed}
    for change in payload["changes"]:
        assert (change["action"], change["occurrence"]["status"]) == ("CANCEL", "CANCELLED")
        assert change["occurrence"]["cancellationReason"] == "Burst pipe"
    state = await everything(engine)
    assert state.event_names()[len(before.events) :] == ["pm_group_session_cancelled"] * 3
    assert state.actions()[len(before.history) :] == ["cancelled"] * 3
    again = await accepted(client, CANCEL, selection=day, reason="again")
    assert [change["keepReason"] for change in again["changes"]] == ["CANCELLED"] * 3
    assert not {str(row["id"]) for row in state.sessions if row["status"] == "CANCELLED"} & set(elsewhere)
    await assert_invariants(engine)


async def test_a_site_stands_for_its_rooms(engine: Database, client: ApiClient) -> None:
    rooms = {"site": "Mesa", "time_zone": "America/Phoenix", "search_text": "mesa", "organization_id": ORGANIZATION}
    async with engine.begin() as connection:
        for id_, room in (("mesa", None), ("mesa-1", "Room 1"), ("mesa-2", "Room 2")):
            await connection.execute(insert(locations).values(id=id_, room=room, **rooms))
        # Another organization has a room of a site with the same name.
        other = {**rooms, "organization_id": "org-2"}
        await connection.execute(insert(locations).values(id="mesa-3", room="Room 3", **other))
    places = {}
    for place in ("mesa", "mesa-1", "mesa-2", "phoenix", None):
        [places[place]] = await generated(client, await new_group(client, locationId=place), 1)
    for location, expected in (("mesa-1", {"mesa-1"}), ("location:mesa", {"mesa", "mesa-1", "mesa-2"})):
        selection = {**window(1), "locationId": location}
        payload = await accepted(client, CANCEL, selection=selection, reason="flood", dryRun=True)
        assert set(by_id(payload)) == {places[place] for place in expected}


async def test_a_new_start_keeps_each_length_and_moves_in_one_zone(engine: Database, client: ApiClient) -> None:
    group = await new_group(client, timeZone="America/Denver")
    short, long = await generated(client, group, 2)
    await accepted(client, UPDATE_SESSION, id=long, endTime="11:30:00")
    payload = await accepted(
        client, UPDATE, selection={"ids": [long, short]}, startTime="13:00:00", timeZone="America/Phoenix"
    )
    assert [(change["action"], change["startTime"], change["endTime"]) for change in payload["changes"]] == [
        ("MOVE", "13:00:00", "14:00:00"),
        ("MOVE", "13:00:00", "15:30:00"),
    ]
    assert [change["occurrence"]["startsAt"] for change in payload["changes"]] == [
        "2033-06-06T20:00:00+00:00",
        "2033-06-07T20:00:00+00:00",
    ]
    ends = await accepted(client, UPDATE, selection={"ids": [short, long]}, endTime=None)
    assert [(change["keepReason"], change["endTime"]) for change in ends["changes"]] == [
        ("UNCHANGED", "14:00:00"),
        (None, "14:00:00"),
    ]
    names = (await everything(engine)).event_names()
    assert names.count("pm_group_session_rescheduled") == 4
    await assert_invariants(engine)


@pytest.mark.parametrize("days", [1, -1])
async def test_sessions_move_into_the_slots_that_others_leave(engine: Database, client: ApiClient, days: int) -> None:
    group = await new_group(client)
    sessions = await generated(client, group, 5)
    selection = {**window(5), "groupDefinitionId": group}
    payload = await accepted(client, UPDATE, selection=selection, shiftDays=days)
    assert [change["occurrence"]["id"] for change in payload["changes"]] == sessions
    assert [change["sessionDate"] for change in payload["changes"]] == [
        str(MONDAY + timedelta(days=number + days)) for number in range(5)
    ]
    assert [change["occurrence"]["recurrenceDate"] for change in payload["changes"]] == [
        str(MONDAY + timedelta(days=number)) for number in range(5)
    ]
    await assert_invariants(engine)


async def test_a_slot_that_is_taken_refuses_all(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group, 4)
    await accepted(
        client,
        CREATE_SESSION,
        groupDefinitionId=group,
        sessionDate="2033-06-07",
        startTime="13:00:00",
        endTime="14:00:00",
    )
    before = await everything(engine)
    by_group = {"groupDefinitionId": group}
    # A session outside of the selection has the slot.
    one_day = {**window(1), **by_group}
    assert await refused(client, UPDATE, selection=one_day, shiftDays=1) == [("DUPLICATE_OCCURRENCE", "shiftDays")]
    # Two selected sessions would have the same slot.
    everything_selected = {**window(4), **by_group}
    payload = await payload_of(client, UPDATE, selection=everything_selected, startTime="10:00:00")
    [error] = payload["userErrors"]
    assert (error["code"], error["field"]) == ("DUPLICATE_OCCURRENCE", ["input", "startTime"])
    assert "2033-06-07 at 10:00" in error["message"]
    assert await everything(engine) == before


async def test_cancelled_sessions_leave_their_slots_to_moved_ones(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    first, second = await generated(client, group, 2)
    await accepted(client, CANCEL, selection={"ids": [second]}, reason="snow")
    await accepted(client, UPDATE, selection={"ids": [first]}, shiftDays=1)
    await assert_invariants(engine)


async def test_a_selection_by_days_keeps_what_cannot_change(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    _scheduled, completed, cancelled = await generated(client, group, 3)
    # Documented without the API, whose clock would have to be after the session.
    async with engine.begin() as connection:
        await connection.execute(changed(occurrences, UUID(completed), status="COMPLETED"))
    await accepted(client, CANCEL_SESSION, id=cancelled, reason="snow")
    past = await add_sessions(engine, UUID(group), [date(2032, 1, 5)], ORGANIZATION, **_instants(date(2020, 1, 5)))
    selection = {"from": "2032-01-01", "through": "2033-06-30", "groupDefinitionId": group}
    reasons = [("KEEP", "PAST"), ("UPDATE", None), ("KEEP", "COMPLETED"), ("KEEP", "CANCELLED")]
    payload = await accepted(client, UPDATE, selection=selection, locationId="denver")
    assert [(change["action"], change["keepReason"]) for change in payload["changes"]] == reasons
    assert (payload["updatedCount"], payload["keptCount"]) == (1, 3)
    payload = await accepted(client, CANCEL, selection=selection, reason="flood")
    assert [change["keepReason"] for change in payload["changes"]] == ["PAST", None, "COMPLETED", "CANCELLED"]
    assert (payload["cancelledCount"], payload["keptCount"]) == (1, 3)
    named = await accepted(client, UPDATE, selection={"ids": [str(past[0])]}, locationId="denver")
    assert [change["action"] for change in named["changes"]] == ["UPDATE"]


def _instants(day: date) -> dict[str, Any]:
    """Return the columns of a session whose instants are on another day than its date."""
    start = datetime.combine(day, time(9), UTC)
    return {"starts_at": start, "ends_at": start + timedelta(hours=1)}


async def test_a_selection_by_ids_refuses_what_cannot_change(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    scheduled, completed, cancelled = await generated(client, group, 3)
    context = Context(clinic(engine, AFTERWARDS), caller(ORGANIZATION), "note-1")
    assert (await complete_occurrence(context, completed)).status == OccurrenceStatus.COMPLETED
    await accepted(client, CANCEL_SESSION, id=cancelled, reason="snow")
    before = await everything(engine)
    ids = [cancelled, _NO_SESSION, scheduled, completed.upper(), "nonsense"]
    errors = [
        ("NOT_FOUND", "selection.ids.1"),
        ("NOT_FOUND", "selection.ids.4"),
        ("OCCURRENCE_CANCELLED", "selection.ids.0"),
        ("OCCURRENCE_COMPLETED", "selection.ids.3"),
    ]
    assert await refused(client, UPDATE, selection={"ids": ids}, locationId="denver") == errors
    assert await refused(client, CANCEL, selection={"ids": ids}, reason=" ") == sorted(
        [*errors, ("REQUIRED", "reason")]
    )
    payload = await payload_of(client, CANCEL, selection={"ids": [cancelled]}, reason="snow")
    assert "2033-06-08 at 09:00" in payload["userErrors"][0]["message"]
    assert await everything(engine) == before


async def test_the_sessions_of_deleted_groups_are_only_cancelled(engine: Database, client: ApiClient) -> None:
    deleted, living = await new_group(client), await new_group(client, startTime="15:00:00")
    [first] = await generated(client, deleted, 1)
    await generated(client, living, 1)
    await accepted(client, DELETE_GROUP, id=deleted)
    before = await everything(engine)
    by_staff, by_group = ({**window(1), **by} for by in ({"facilitatorId": "staff-1"}, {"groupDefinitionId": deleted}))
    for selection, field in (
        (by_staff, "selection"),
        (by_group, "selection.groupDefinitionId"),
        ({"ids": [first]}, "selection.ids.0"),
    ):
        assert await refused(client, UPDATE, selection=selection, locationId="denver") == [("GROUP_DELETED", field)]
    assert await everything(engine) == before
    assert (await accepted(client, CANCEL, selection=by_staff, reason="closed"))["cancelledCount"] == 2
    await assert_invariants(engine)


SELECTIONS: Final[dict[str, tuple[dict[str, Any], list[tuple[str, str]]]]] = {
    "nothing": ({}, [("REQUIRED", "selection")]),
    "both": ({"ids": [_NO_SESSION], "from": "2033-06-06"}, [("INVALID", "selection")]),
    "no ids": ({"ids": []}, [("REQUIRED", "selection.ids")]),
    "too many ids": ({"ids": [_NO_SESSION] * 1001}, [("OUT_OF_RANGE", "selection.ids")]),
    "only days": (window(3), [("REQUIRED", "selection")]),
    "only a group": (
        {"groupDefinitionId": _NO_SESSION},
        [
            ("NOT_FOUND", "selection.groupDefinitionId"),
            ("REQUIRED", "selection.from"),
            ("REQUIRED", "selection.through"),
        ],
    ),
    "only weekdays": (
        {"weekdays": ["MONDAY"]},
        [("REQUIRED", "selection"), ("REQUIRED", "selection.from"), ("REQUIRED", "selection.through")],
    ),
    "no weekdays": (
        {**window(3), "facilitatorId": "staff-1", "weekdays": []},
        [("REQUIRED", "selection.weekdays")],
    ),
    "backwards": (
        {"from": "2033-06-07", "through": "2033-06-06", "facilitatorId": "staff-1"},
        [("OUT_OF_RANGE", "selection.through")],
    ),
    "too long": (
        {"from": "2033-06-07", "through": "2035-06-08", "facilitatorId": "staff-1"},
        [("OUT_OF_RANGE", "selection.through")],
    ),
    "too early and too late": (
        {"from": "1999-12-31", "through": "2101-01-01", "facilitatorId": "staff-1"},
        [("OUT_OF_RANGE", "selection.from"), ("OUT_OF_RANGE", "selection.through")],
    ),
    "unknown": (
        {**window(3), "facilitatorId": "x", "locationId": "staff:staff-1", "groupDefinitionId": "nonsense"},
        [
            ("NOT_FOUND", "selection.facilitatorId"),
            ("NOT_FOUND", "selection.groupDefinitionId"),
            ("NOT_FOUND", "selection.locationId"),
        ],
    ),
    "unstorable": (
        {**window(3), "facilitatorId": "\x00", "locationId": "\x00", "groupDefinitionId": _NO_SESSION},
        [
            ("NOT_FOUND", "selection.facilitatorId"),
            ("NOT_FOUND", "selection.groupDefinitionId"),
            ("NOT_FOUND", "selection.locationId"),
        ],
    ),
}


@pytest.mark.parametrize("name", SELECTIONS)
async def test_a_wrong_selection_is_refused_at_its_fields(engine: Database, client: ApiClient, name: str) -> None:
    selection, errors = SELECTIONS[name]
    before = await everything(engine)
    assert await refused(client, CANCEL, selection=selection, reason="snow") == errors
    assert await refused(client, UPDATE, selection=selection, shiftDays=1, dryRun=True) == errors
    # The faults of the change are reported together with those of the selection.
    assert await refused(client, CANCEL, selection=selection, reason="") == sorted([*errors, ("REQUIRED", "reason")])
    assert await everything(engine) == before


async def test_all_faults_of_a_change_of_many_are_reported_at_once(engine: Database, client: ApiClient) -> None:
    group = await new_group(client, coFacilitatorId="staff-2")
    await generated(client, group, 3)
    before = await everything(engine)
    selection = {**window(3), "groupDefinitionId": group}
    assert await refused(
        client,
        UPDATE,
        selection=selection,
        startTime="09:00:30",
        endTime="08:00:00",
        shiftDays=2_000_000_000,
        facilitatorId="nobody",
        coFacilitatorId="no\x00one",
        locationId="nowhere",
        timeZone="Mars/Olympus",
    ) == [
        ("INVALID", "endTime"),
        ("INVALID", "startTime"),
        ("INVALID", "timeZone"),
        ("NOT_FOUND", "coFacilitatorId"),
        ("NOT_FOUND", "facilitatorId"),
        ("NOT_FOUND", "locationId"),
        ("OUT_OF_RANGE", "shiftDays"),
    ]
    nothing = {"startTime": None, "facilitatorId": None, "timeZone": None}
    assert await refused(client, UPDATE, selection=selection, **nothing) == [
        ("REQUIRED", "facilitatorId"),
        ("REQUIRED", "startTime"),
        ("REQUIRED", "timeZone"),
    ]
    # What is wrong only with some sessions names them.
    payload = await payload_of(client, UPDATE, selection=selection, startTime="23:30:00", facilitatorId="staff-2")
    errors = {tuple(error["field"]): error for error in payload["userErrors"]}
    assert {field[-1]: error["code"] for field, error in errors.items()} == {
        "startTime": "INVALID",
        "facilitatorId": "INVALID",
    }
    assert errors["input", "startTime"]["message"].endswith(
        "It concerns 3 sessions: 2033-06-06 at 09:00, 2033-06-07 at 09:00, 2033-06-08 at 09:00."
    )
    assert await everything(engine) == before


async def test_a_substitute_who_leads_already_is_refused_at_its_field(engine: Database, client: ApiClient) -> None:
    await generated(client, await new_group(client, facilitatorId="staff-2", coFacilitatorId="staff-1"), 1)
    selection = {**window(1), "facilitatorId": "staff-1"}
    assert await refused(client, UPDATE, selection=selection, facilitatorId="staff-2") == [("INVALID", "facilitatorId")]
    cleared = await accepted(client, UPDATE, selection=selection, facilitatorId="staff-2", coFacilitatorId=None)
    [change] = cleared["changes"]
    assert change["occurrence"]["facilitator"] == {"registryId": "staff-2"}
    assert change["occurrence"]["coFacilitator"] is None


async def test_weekdays_narrow_a_selection(client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group, 14)
    selection = {**window(14), "groupDefinitionId": group, "weekdays": ["FRIDAY", "MONDAY", "MONDAY"]}
    payload = await accepted(client, CANCEL, selection=selection, reason="holidays")
    assert [change["sessionDate"] for change in payload["changes"]] == [
        "2033-06-06",
        "2033-06-10",
        "2033-06-13",
        "2033-06-17",
    ]


async def test_a_dry_run_of_many_returns_the_payload_and_stores_nothing(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group, 5)
    selection = {**window(5), "groupDefinitionId": group}
    calls: list[tuple[str, dict[str, Any]]] = [
        (UPDATE, {"shiftDays": 1, "startTime": "10:00:00"}),
        (CANCEL, {"reason": "flood"}),
    ]
    for mutation, values in calls:
        before = await everything(engine)
        planned = await accepted(client, mutation, selection=selection, **values, dryRun=True)
        assert await everything(engine) == before
        assert await accepted(client, mutation, selection=selection, **values) == planned


async def test_an_empty_selection_changes_nothing(engine: Database, client: ApiClient) -> None:
    await generated(client, await new_group(client), 2)
    before = await everything(engine)
    payload = await accepted(client, CANCEL, selection={**window(2), "facilitatorId": "staff-2"}, reason="snow")
    assert (payload["changes"], payload["cancelledCount"]) == ([], 0)
    [session] = {str(row["id"]) for row in before.sessions if row["session_date"] == MONDAY}
    payload = await accepted(client, UPDATE, selection={"ids": [session, session]})
    assert [(change["action"], change["keepReason"]) for change in payload["changes"]] == [("KEEP", "UNCHANGED")]
    assert await everything(engine) == before


async def test_no_session_of_another_organization_is_selected(
    engine: Database, app_client: ApiClients, client: ApiClient
) -> None:
    group = await new_group(client)
    sessions = await generated(client, group, 2)
    await seed(engine, "org-2")
    stranger = await app_client(organization="org-2")
    before = await everything(engine)
    for mutation, values in ((UPDATE, {"shiftDays": 1}), (CANCEL, {"reason": "snow"})):
        assert await refused(stranger, mutation, selection={"ids": sessions}, **values) == [
            ("NOT_FOUND", "selection.ids.0"),
            ("NOT_FOUND", "selection.ids.1"),
        ]
        assert await refused(stranger, mutation, selection={**window(2), "groupDefinitionId": group}, **values) == [
            ("NOT_FOUND", "selection.groupDefinitionId")
        ]
        payload = await accepted(stranger, mutation, selection={**window(2), "facilitatorId": "staff-1"}, **values)
        assert payload["changes"] == []
    assert await everything(engine) == before


async def test_a_change_of_many_and_an_edit_of_one_happen_in_some_order(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    sessions = await generated(client, group, 6)
    selection = {**window(6), "groupDefinitionId": group}
    await asyncio.gather(
        accepted(client, UPDATE, selection=selection, startTime="13:00:00"),
        *(accepted(client, UPDATE_SESSION, id=session, locationId="denver") for session in sessions),
        accepted(client, UPDATE, selection=selection, coFacilitatorId="staff-2"),
    )
    rows = (await everything(engine)).sessions
    assert {(row["start_time"], row["location_id"], row["co_facilitator_id"], row["version"]) for row in rows} == {
        (time(13), "denver", "staff-2", 4)
    }
    await assert_invariants(engine)


async def test_changes_of_overlapping_groups_do_not_wait_for_each_other(engine: Database, client: ApiClient) -> None:
    groups = [await new_group(client, startTime=f"{hour:02}:00:00") for hour in range(8, 14)]
    sessions = [await generated(client, group, 4) for group in groups]
    rows = [session for of_group in sessions for session in of_group]
    ids = {"ids": rows}
    reverse = {"ids": rows[::-1]}
    await asyncio.gather(
        accepted(client, UPDATE, selection=ids, locationId="denver"),
        accepted(client, UPDATE, selection=reverse, coFacilitatorId="staff-2"),
        accepted(client, UPDATE, selection={**window(4), "facilitatorId": "staff-1"}, timeZone="America/Denver"),
        *(accepted(client, UPDATE_SESSION, id=of_group[0], endTime="23:00:00") for of_group in sessions[::-1]),
        accepted(client, UPDATE, selection={"ids": sessions[5] + sessions[0]}, shiftDays=30),
    )
    state = await everything(engine)
    assert {(row["location_id"], row["co_facilitator_id"], row["time_zone"]) for row in state.sessions} == {
        ("denver", "staff-2", "America/Denver")
    }
    await assert_invariants(engine)


async def test_a_thousand_sessions_take_the_statements_of_two(engine: Database, client: ApiClient) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(100)]
    for number in range(10):
        group = await add_group(engine, f"Group {number}", ORGANIZATION)
        await add_sessions(engine, group, days, ORGANIZATION, facilitator_id="staff-2")
    one_day, everyone = ({**window(number), "facilitatorId": "staff-2"} for number in (1, 100))
    counts = []
    calls: list[tuple[str, dict[str, Any]]] = [
        (UPDATE, {"shiftDays": 7, "startTime": "13:00:00", "locationId": "denver"}),
        (CANCEL, {"reason": "flood"}),
    ]
    for selection in (one_day, everyone):
        for mutation, values in calls:
            document = mutation.replace(_PAYLOAD, "updatedCount cancelledCount userErrors { message }")
            variables = {"input": {"selection": selection, **values, "dryRun": True}}
            response = await client.send(document, variables)
            [payload] = response.json()["data"].values()
            assert payload["userErrors"] == []
            assert payload["updatedCount"] + payload["cancelledCount"] == (10 if selection is one_day else 1000)
            counts.append(statements_of(response))
    assert counts[:2] == counts[2:]
    more = await add_group(engine, "One more", ORGANIZATION)
    await add_sessions(engine, more, days[:1], ORGANIZATION, facilitator_id="staff-2")
    for mutation, values in calls:
        payload = await payload_of(client, mutation, selection=everyone, **values)
        [error] = payload["userErrors"]
        assert (error["code"], error["field"]) == ("OUT_OF_RANGE", ["input", "selection"])
        assert "1,000" in error["message"]
