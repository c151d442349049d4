"""A group's definition changes, and its calendar is reconciled with it, over HTTP."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import closures
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.support import clinic as clinics
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import everything, seed
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 16, tzinfo=UTC)  # Tuesday, 9:00 in Phoenix
MWF = "FREQ=WEEKLY;BYDAY=MO,WE,FR"
DECEMBER = {"from": "2026-12-01", "through": "2026-12-31"}

CREATE_GROUP = """mutation ($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) {
  groupDefinition { id } userErrors { code field } } }"""
UPDATE_GROUP = """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
  groupDefinition { id } userErrors { code field } } }"""
DELETE_GROUP = """mutation ($input: DeleteGroupDefinitionInput!) { deleteGroupDefinition(input: $input) {
  groupDefinition { id } userErrors { code } } }"""
CREATE_SESSION = """mutation ($input: CreateOccurrenceInput!) { createOccurrence(input: $input) {
  occurrence { id } userErrors { code field } } }"""
UPDATE_SESSION = """mutation ($input: UpdateOccurrenceInput!) { updateOccurrence(input: $input) {
  occurrence { id edited recurrenceDate } userErrors { code field } } }"""
CANCEL_SESSION = """mutation ($input: CancelOccurrenceInput!) { cancelOccurrence(input: $input) {
  occurrence { id } userErrors { code field } } }"""
GENERATE = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  occurrences { id sessionDate startTime } createdCount skippedCount closedDates userErrors { code field } } }"""
RECONCILE = """mutation ($input: ReconcileOccurrencesInput!) { reconcileOccurrences(input: $input) {
  changes { action keepReason sessionDate startTime endTime
    occurrence { id sessionDate startTime endTime timeZone startsAt status edited recurrenceDate cancellationReason
      facilitator { registryId } location { registryId } } }
  createdCount updatedCount cancelledCount keptCount userErrors { code field message } } }"""
DRIFT = """query ($id: ID!, $from: Date, $through: Date) { groupDefinition(id: $id) {
  scheduleDrift(from: $from, through: $through) { count items { date reasons occurrence { id } } } } }"""
WEEK = """query ($id: ID!) { groupDefinition(id: $id) {
  compliance(weekOf: "2026-12-08") { hours days status }
  occurrences(filter: {from: "2026-12-06", through: "2026-12-12", status: [SCHEDULED]}) { nodes { startTime } } } }"""


@pytest.fixture
def clinic(engine: Database) -> Clinic:
    """The clinic of the app, whose clock stands still."""
    return clinics.clinic(engine, NOW)


@pytest.fixture
async def client(engine: Database, app_client: ApiClients) -> ApiClient:
    await seed(engine, ORGANIZATION)
    return await app_client()


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def changed(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    payload = await payload_of(client, mutation, **values)
    assert payload["userErrors"] == []
    return payload


def recurrence(rule: str = MWF, start: str = "09:00", **values: Any) -> dict[str, Any]:
    return {"rule": rule, "startDate": "2026-12-01", "startTime": start, **values}


async def new_group(client: ApiClient, **values: Any) -> str:
    input_ = {
        "name": "Morning group",
        "groupType": "IOP",
        "facilitatorId": "staff-1",
        "maxCapacity": 8,
        "durationMinutes": 180,
        "recurrence": recurrence(),
        **values,
    }
    return str((await changed(client, CREATE_GROUP, **input_))["groupDefinition"]["id"])


async def generated(client: ApiClient, group: str, **values: Any) -> list[dict[str, Any]]:
    """Generate the sessions of December 2026, and return them."""
    payload = await changed(client, GENERATE, groupDefinitionId=group, **{**DECEMBER, **values})
    sessions = payload["occurrences"]
    assert isinstance(sessions, list)
    return sessions


async def reconciled(client: ApiClient, group: str, **values: Any) -> dict[str, Any]:
    return await changed(client, RECONCILE, groupDefinitionId=group, **{**DECEMBER, **values})


async def drift_of(client: ApiClient, group: str, **window: str) -> list[dict[str, Any]]:
    drift = (await client.execute(DRIFT, {"id": group, **window}))["groupDefinition"]["scheduleDrift"]
    assert drift["count"] == len(drift["items"])
    items = drift["items"]
    assert isinstance(items, list)
    return items


def actions_of(payload: dict[str, Any]) -> set[tuple[str, str | None]]:
    return {(change["action"], change["keepReason"]) for change in payload["changes"]}


async def test_a_new_start_time_moves_the_sessions_and_the_week_counts_once(
    engine: Database, client: ApiClient
) -> None:
    group = await new_group(client)
    ids = [session["id"] for session in await generated(client, group)]
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence(start="13:00"))
    drift = await drift_of(client, group)
    assert [item["occurrence"]["id"] for item in drift] == ids
    assert {tuple(item["reasons"]) for item in drift} == {("START_TIME",)}

    again = await changed(client, GENERATE, groupDefinitionId=group, **DECEMBER)
    assert (again["createdCount"], again["skippedCount"]) == (0, len(ids))
    payload = await reconciled(client, group)
    assert [change["occurrence"]["id"] for change in payload["changes"]] == ids
    assert actions_of(payload) == {("MOVE", None)}
    assert (payload["updatedCount"], payload["createdCount"], payload["cancelledCount"]) == (len(ids), 0, 0)
    week = (await client.execute(WEEK, {"id": group}))["groupDefinition"]
    assert week["compliance"] == {"hours": 9.0, "days": 3, "status": "COMPLIANT"}
    assert [node["startTime"] for node in week["occurrences"]["nodes"]] == ["13:00:00"] * 3
    assert await drift_of(client, group) == []
    state = await everything(engine)
    assert state.event_names() == ["pm_group_session_scheduled"] * len(ids) + ["pm_group_session_rescheduled"] * len(
        ids
    )
    payload = state.events[-1]["envelope"]["payload"]
    assert (payload["previous_start_time"], payload["start_time"]) == ("09:00:00", "13:00:00")
    await assert_invariants(engine, ORGANIZATION)


async def test_a_second_reconciliation_changes_nothing(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group)
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence("FREQ=WEEKLY;BYDAY=MO,TH", "13:00"))
    first = await reconciled(client, group, cancellationReason="no longer on these days")
    assert actions_of(first) == {("MOVE", None), ("CREATE", None), ("CANCEL", None)}
    before = await everything(engine)
    second = await reconciled(client, group)
    assert actions_of(second) == {("KEEP", "UNCHANGED"), ("KEEP", "CANCELLED")}
    assert second["keptCount"] == len(second["changes"])
    assert await everything(engine) == before
    await assert_invariants(engine, ORGANIZATION)


async def test_a_corrected_time_zone_moves_the_instants_and_keeps_the_clock_times(
    engine: Database, client: ApiClient
) -> None:
    group = await new_group(client, timeZone="America/Denver")
    ids = [
        session["id"] for session in await generated(client, group, **{"from": "2026-12-01", "through": "2027-03-31"})
    ]
    await changed(client, UPDATE_GROUP, id=group, timeZone="America/New_York")
    window = {"from": "2026-12-01", "through": "2027-03-31"}
    assert {tuple(item["reasons"]) for item in await drift_of(client, group)} == {("TIME_ZONE",)}
    payload = await reconciled(client, group, **window)
    assert [change["occurrence"]["id"] for change in payload["changes"]] == ids
    assert payload["updatedCount"] == len(ids)
    starts = {change["sessionDate"]: change["occurrence"]["startsAt"] for change in payload["changes"]}
    assert {change["occurrence"]["startTime"] for change in payload["changes"]} == {"09:00:00"}
    # The clocks of New York go forward on 14 March 2027.
    assert starts["2027-03-12"] == "2027-03-12T14:00:00+00:00"
    assert starts["2027-03-15"] == "2027-03-15T13:00:00+00:00"
    assert await drift_of(client, group) == []
    event = (await everything(engine)).events[-1]["envelope"]
    assert event["event"] == "pm_group_session_rescheduled"
    assert (event["payload"]["previous_time_zone"], event["payload"]["time_zone"]) == (
        "America/Denver",
        "America/New_York",
    )
    assert event["payload"]["previous_starts_at"] != event["payload"]["starts_at"]
    await assert_invariants(engine, ORGANIZATION)


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        (recurrence(MWF + ";UNTIL=20261221"), ["2026-12-23", "2026-12-25", "2026-12-28", "2026-12-30"]),
        (recurrence(excludedDates=["2026-12-25"]), ["2026-12-25"]),
        (None, None),
    ],
    ids=["an earlier end", "an excluded holiday", "no recurrence"],
)
async def test_sessions_that_are_no_longer_planned_are_cancelled_for_a_reason(
    engine: Database, client: ApiClient, rule: dict[str, Any] | None, gone: list[str] | None
) -> None:
    group = await new_group(client)
    days = [session["sessionDate"] for session in await generated(client, group)]
    await changed(client, UPDATE_GROUP, id=group, recurrence=rule)
    gone = days if gone is None else gone
    assert [(item["date"], item["reasons"]) for item in await drift_of(client, group)] == [
        (day, ["NOT_IN_RULE"]) for day in gone
    ]
    before = await everything(engine)
    for reason in (None, " \n "):
        refused = await payload_of(client, RECONCILE, groupDefinitionId=group, cancellationReason=reason, **DECEMBER)
        [error] = refused["userErrors"]
        assert (error["code"], error["field"]) == ("REQUIRED", ["input", "cancellationReason"])
        assert (refused["changes"], refused["cancelledCount"]) == ([], 0)
    assert await everything(engine) == before

    payload = await reconciled(client, group, cancellationReason=" holidays ")
    cancelled = [change for change in payload["changes"] if change["action"] == "CANCEL"]
    assert [change["sessionDate"] for change in cancelled] == gone
    assert {change["occurrence"]["cancellationReason"] for change in cancelled} == {"holidays"}
    assert (payload["cancelledCount"], payload["keptCount"]) == (len(gone), len(days) - len(gone))
    assert await drift_of(client, group) == []
    assert (await everything(engine)).event_names().count("pm_group_session_cancelled") == len(gone)
    await assert_invariants(engine, ORGANIZATION)


async def test_the_slot_of_a_moved_or_cancelled_session_is_not_filled_again(
    engine: Database, client: ApiClient
) -> None:
    group = await new_group(client)
    wednesday, friday, *_ = await generated(client, group)
    moved = await changed(client, UPDATE_SESSION, id=wednesday["id"], sessionDate="2026-12-03")
    assert moved["occurrence"] == {"id": wednesday["id"], "edited": True, "recurrenceDate": "2026-12-02"}
    await changed(client, CANCEL_SESSION, id=friday["id"], reason="snow")
    again = await changed(client, GENERATE, groupDefinitionId=group, **DECEMBER)
    assert again["createdCount"] == 0
    assert await drift_of(client, group) == []
    payload = await reconciled(client, group)
    assert [(change["sessionDate"], change["keepReason"]) for change in payload["changes"][:2]] == [
        ("2026-12-03", "EDITED"),
        ("2026-12-04", "CANCELLED"),
    ]

    payload = await reconciled(client, group, includeEdited=True)
    returned, cancelled = payload["changes"][:2]
    assert (returned["action"], returned["sessionDate"]) == ("MOVE", "2026-12-02")
    assert returned["occurrence"]["id"] == wednesday["id"]
    assert returned["occurrence"]["edited"] is False
    assert cancelled["keepReason"] == "CANCELLED"
    await assert_invariants(engine, ORGANIZATION)


async def test_a_new_duration_changes_the_sessions_in_place(engine: Database, client: ApiClient) -> None:
    group = await new_group(client, durationMinutes=60)
    ids = [session["id"] for session in await generated(client, group)]
    await changed(client, UPDATE_GROUP, id=group, durationMinutes=90)
    assert {tuple(item["reasons"]) for item in await drift_of(client, group)} == {("DURATION",)}
    payload = await reconciled(client, group)
    assert [change["occurrence"]["id"] for change in payload["changes"]] == ids
    assert actions_of(payload) == {("UPDATE", None)}
    assert {(change["startTime"], change["endTime"]) for change in payload["changes"]} == {("09:00:00", "10:30:00")}
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence(start="10:30"))
    payload = await reconciled(client, group)
    assert [change["occurrence"]["id"] for change in payload["changes"]] == ids
    assert {(change["startTime"], change["endTime"]) for change in payload["changes"]} == {("10:30:00", "12:00:00")}
    assert len((await everything(engine)).sessions) == len(ids)
    await assert_invariants(engine, ORGANIZATION)


async def test_other_staff_and_another_location_update_each_session(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    count = len(await generated(client, group))
    await changed(client, UPDATE_GROUP, id=group, facilitatorId="staff-2", locationId="phoenix")
    assert {tuple(item["reasons"]) for item in await drift_of(client, group)} == {("FACILITATOR", "LOCATION")}
    payload = await reconciled(client, group)
    assert actions_of(payload) == {("UPDATE", None)}
    assert {change["occurrence"]["facilitator"]["registryId"] for change in payload["changes"]} == {"staff-2"}
    state = await everything(engine)
    names = ["pm_group_session_scheduled", "pm_group_session_updated"]
    assert state.event_names() == [name for name in names for _ in range(count)]
    assert state.actions()[-count:] == ["updated"] * count
    payload = state.events[-1]["envelope"]["payload"]
    assert (payload["previous_facilitator_id"], payload["facilitator_id"]) == ("staff-1", "staff-2")
    assert (payload["previous_location_id"], payload["location_id"]) == (None, "phoenix")
    await assert_invariants(engine, ORGANIZATION)


async def test_sessions_added_by_hand_stay_and_are_not_doubled(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    for day, start in (("2026-12-02", "09:00"), ("2026-12-03", "13:00")):
        await changed(client, CREATE_SESSION, groupDefinitionId=group, sessionDate=day, startTime=start)
    payload = await reconciled(client, group, includeEdited=True, through="2026-12-05")
    assert [(change["sessionDate"], change["action"], change["keepReason"]) for change in payload["changes"]] == [
        ("2026-12-02", "KEEP", "DUPLICATE"),
        ("2026-12-03", "KEEP", "EDITED"),
        ("2026-12-04", "CREATE", None),
    ]
    assert [change["occurrence"]["recurrenceDate"] for change in payload["changes"]] == [None, None, "2026-12-04"]
    await assert_invariants(engine, ORGANIZATION)


async def add_closure(engine: Database, day: date, location_id: str | None = None) -> None:
    values = {"id": uuid7(), "organization_id": ORGANIZATION, "name": "Holiday", "location_id": location_id}
    times = {"version": 1, "created_at": NOW, "updated_at": NOW}
    async with engine.begin() as connection:
        await connection.execute(insert(closures).values(**values, **times, from_date=day, through_date=day))


async def test_a_closed_day_has_no_session(engine: Database, client: ApiClient) -> None:
    await add_closure(engine, date(2026, 12, 4), "phoenix")
    await add_closure(engine, date(2026, 12, 7), "denver")
    group = await new_group(client, locationId="phoenix")
    dry = await changed(client, GENERATE, groupDefinitionId=group, dryRun=True, **DECEMBER)
    real = await changed(client, GENERATE, groupDefinitionId=group, **DECEMBER)
    assert dry["closedDates"] == real["closedDates"] == ["2026-12-04"]
    days = [session["sessionDate"] for session in real["occurrences"]]
    assert days[:3] == ["2026-12-02", "2026-12-07", "2026-12-09"]
    assert await drift_of(client, group) == []

    await changed(client, CREATE_SESSION, groupDefinitionId=group, sessionDate="2026-12-09", startTime="14:00")
    await add_closure(engine, date(2026, 12, 9))
    [item] = await drift_of(client, group)
    assert (item["date"], item["reasons"]) == ("2026-12-09", ["CLOSURE"])
    refused = await payload_of(client, RECONCILE, groupDefinitionId=group, **DECEMBER)
    assert [(error["code"], error["field"][-1]) for error in refused["userErrors"]] == [
        ("REQUIRED", "cancellationReason")
    ]
    payload = await reconciled(client, group, cancellationReason="holiday")
    on_closed_day = [change for change in payload["changes"] if change["sessionDate"] == "2026-12-09"]
    assert [(c["startTime"], c["action"], c["keepReason"]) for c in on_closed_day] == [
        ("09:00:00", "CANCEL", None),
        ("14:00:00", "KEEP", "CLOSURE"),
    ]
    assert await drift_of(client, group) == []


async def test_a_move_to_a_taken_place_is_kept(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group, through="2026-12-05")
    await changed(client, CREATE_SESSION, groupDefinitionId=group, sessionDate="2026-12-02", startTime="13:00")
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence(start="13:00"))
    payload = await reconciled(client, group, through="2026-12-05")
    assert [(c["sessionDate"], c["startTime"], c["action"], c["keepReason"]) for c in payload["changes"]] == [
        ("2026-12-02", "09:00:00", "KEEP", "DUPLICATE"),
        ("2026-12-02", "13:00:00", "KEEP", "DUPLICATE"),
        ("2026-12-04", "13:00:00", "MOVE", None),
    ]
    assert await drift_of(client, group) == []


async def test_sessions_that_exchanged_places_return(engine: Database, client: ApiClient) -> None:
    group = await new_group(client, recurrence=recurrence("FREQ=DAILY"))
    sessions = await generated(client, group, through="2026-12-05")
    # The first goes to the last place, and each other one a place to the front.
    await changed(client, UPDATE_SESSION, id=sessions[0]["id"], startTime="15:00")
    for before, after in pairwise(sessions):
        await changed(client, UPDATE_SESSION, id=after["id"], sessionDate=before["sessionDate"])
    last = sessions[-1]["sessionDate"]
    await changed(client, UPDATE_SESSION, id=sessions[0]["id"], sessionDate=last, startTime="09:00")
    payload = await reconciled(client, group, through="2026-12-05", includeEdited=True)
    assert actions_of(payload) == {("MOVE", None)}
    assert [change["occurrence"]["id"] for change in payload["changes"]] == [session["id"] for session in sessions]
    times = {row["start_time"].isoformat() for row in (await everything(engine)).sessions}
    assert times == {"09:00:00"}
    await assert_invariants(engine, ORGANIZATION)


async def test_a_dry_run_answers_as_the_change_and_writes_nothing(engine: Database, client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group)
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence("FREQ=WEEKLY;BYDAY=MO,TH", "13:00"))
    before = await everything(engine)
    dry = await reconciled(client, group, cancellationReason="new days", dryRun=True)
    assert await everything(engine) == before
    real = await reconciled(client, group, cancellationReason="new days")
    for change in real["changes"]:
        if change["action"] == "CREATE":
            assert change["occurrence"] is not None
            change["occurrence"] = None
    assert dry == real
    window = {"from": "2027-01-01", "through": "2027-01-31"}
    before = await everything(engine)
    dry = await changed(client, GENERATE, groupDefinitionId=group, dryRun=True, **window)
    assert await everything(engine) == before
    real = await changed(client, GENERATE, groupDefinitionId=group, **window)
    assert dry["createdCount"] == real["createdCount"] == len(real["occurrences"]) > 0


async def test_what_has_begun_today_stays(engine: Database, client: ApiClient) -> None:
    # It is 9:00 in Phoenix.
    group = await new_group(client, recurrence=recurrence("FREQ=DAILY", startDate="2026-11-01"))
    today = {"from": "2026-11-24", "through": "2026-11-25"}
    await generated(client, group, **today)
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence("FREQ=DAILY", "13:00", startDate="2026-11-01"))
    payload = await reconciled(client, group, **today)
    assert [(c["startTime"], c["action"], c["keepReason"]) for c in payload["changes"]] == [
        ("09:00:00", "KEEP", "PAST"),
        ("13:00:00", "MOVE", None),
    ]
    late = await new_group(client, recurrence=recurrence("FREQ=DAILY", "08:00", startDate="2026-11-01"))
    payload = await reconciled(client, late, **today)
    assert [(change["sessionDate"], change["action"]) for change in payload["changes"]] == [("2026-11-25", "CREATE")]
    assert await drift_of(client, late, **today) == []


@pytest.mark.parametrize(
    ("window", "faults"),
    [
        ({"from": "2026-11-23", "through": "2026-12-01"}, {("OUT_OF_RANGE", "from")}),
        ({"from": "2026-12-01", "through": "2026-11-30"}, {("OUT_OF_RANGE", "through")}),
        ({"from": "2026-12-01", "through": "2028-12-02"}, {("OUT_OF_RANGE", "through")}),
        ({"from": "2026-11-01", "through": "2028-12-02"}, {("OUT_OF_RANGE", "from"), ("OUT_OF_RANGE", "through")}),
    ],
)
async def test_all_faults_of_a_window_and_a_reason_are_reported_at_once(
    client: ApiClient, window: dict[str, str], faults: set[tuple[str, str]]
) -> None:
    group = await new_group(client)
    payload = await payload_of(client, RECONCILE, groupDefinitionId=group, cancellationReason="x" * 1001, **window)
    expected = faults | {("OUT_OF_RANGE", "cancellationReason")}
    assert {(error["code"], error["field"][-1]) for error in payload["userErrors"]} == expected


async def test_a_window_of_24_months_from_today_is_accepted(client: ApiClient) -> None:
    group = await new_group(client)
    payload = await reconciled(client, group, **{"from": "2026-11-24", "through": "2028-11-24"})
    assert payload["createdCount"] == len(payload["changes"]) > 300


async def test_an_unknown_or_deleted_group_is_refused(client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group)
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence(start="13:00"))
    await changed(client, DELETE_GROUP, id=group)
    for id_, code in ((group, "GROUP_DELETED"), ("nonsense", "NOT_FOUND")):
        payload = await payload_of(client, RECONCILE, groupDefinitionId=id_, **DECEMBER)
        assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
            (code, ["input", "groupDefinitionId"])
        ]
    assert await drift_of(client, group) == []


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("rule", "needed"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR,SA", PermissionKey.GROUP_SCHEDULE_CREATE),
        ("FREQ=WEEKLY;BYDAY=MO,WE", PermissionKey.GROUP_SCHEDULE_DELETE),
    ],
)
async def test_creating_and_cancelling_need_their_own_keys(
    engine: Database, client: ApiClient, app_client: ApiClients, rule: str, needed: PermissionKey, dry_run: bool
) -> None:
    group = await new_group(client)
    await generated(client, group)
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence(rule, "13:00"))
    before = await everything(engine)
    input_ = {"groupDefinitionId": group, "cancellationReason": "new days", "dryRun": dry_run, **DECEMBER}
    others = [key for key in PermissionKey if key is not needed]
    response = await (await app_client(permissions=others)).try_execute(RECONCILE, {"input": input_})
    [error] = response["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["reconcileOccurrences"], "FORBIDDEN")
    assert error["extensions"]["requiredPermission"] == needed
    assert response["data"] == {"reconcileOccurrences": None}
    assert await everything(engine) == before
    enough = await app_client(permissions=[PermissionKey.GROUP_SCHEDULE_EDIT, needed])
    assert (await changed(enough, RECONCILE, **input_))["updatedCount"] > 0


async def test_moving_needs_only_the_key_of_the_mutation(client: ApiClient, app_client: ApiClients) -> None:
    group = await new_group(client)
    count = len(await generated(client, group))
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence(start="13:00"))
    editor = await app_client(permissions=[PermissionKey.GROUP_SCHEDULE_EDIT])
    assert (await reconciled(editor, group))["updatedCount"] == count
    others = [key for key in PermissionKey if key is not PermissionKey.GROUP_SCHEDULE_EDIT]
    denied = await app_client(permissions=others)
    input_ = {"groupDefinitionId": group, **DECEMBER}
    [error] = (await denied.try_execute(RECONCILE, {"input": input_}))["errors"]
    assert error["extensions"]["requiredPermission"] == PermissionKey.GROUP_SCHEDULE_EDIT


async def test_drift_finds_missing_sessions_up_to_the_last_scheduled_one(client: ApiClient) -> None:
    group = await new_group(client)
    await generated(client, group, through="2026-12-11")
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence("FREQ=WEEKLY;BYDAY=MO,TU,WE,FR"))
    missing = [("2026-12-01", ["MISSING"]), ("2026-12-08", ["MISSING"])]
    assert [(item["date"], item["reasons"]) for item in await drift_of(client, group)] == missing
    later = await drift_of(client, group, **{"from": "2026-12-12", "through": "2026-12-15"})
    assert [item["date"] for item in later] == ["2026-12-14", "2026-12-15"]
    assert await drift_of(client, group, through="2026-11-01") == []
    empty = await new_group(client)
    assert await drift_of(client, empty) == []


async def test_the_window_of_drift_is_bounded(client: ApiClient) -> None:
    group = await new_group(client)
    for window, words in (
        ({"from": "2026-12-01", "through": "2028-12-02"}, "24 months"),
        ({"from": "2026-12-02", "through": "2026-12-01"}, "must not be before"),
        ({"from": "1999-12-31"}, "in the years"),
    ):
        [error] = (await client.try_execute(DRIFT, {"id": group, **window}))["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert words in error["message"]


async def test_the_sessions_of_drift_need_the_key_of_sessions(client: ApiClient, app_client: ApiClients) -> None:
    group = await new_group(client)
    await generated(client, group)
    await changed(client, UPDATE_GROUP, id=group, recurrence=recurrence(start="13:00"))
    viewer = await app_client(permissions=[PermissionKey.GROUP_DEFINITIONS_VIEW])
    response = await viewer.try_execute(DRIFT, {"id": group})
    assert {error["extensions"]["requiredPermission"] for error in response["errors"]} == {"pm.group_schedule.view"}
    drift = response["data"]["groupDefinition"]["scheduleDrift"]
    assert drift["count"] > 0
    assert {item["occurrence"] for item in drift["items"]} == {None}
