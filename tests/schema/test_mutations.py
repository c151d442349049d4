"""Every mutation over HTTP, as the admin UI sends it: with the permission, without it, and with invalid input."""

from typing import Any

import pytest

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import everything, seed
from tests.support.clinic_rows import add_group

pytestmark = pytest.mark.anyio

CREATE_GROUP = """mutation ($input: CreateGroupDefinitionInput!) { createGroupDefinition(input: $input) {
  groupDefinition { id name version timeZone facilitator { displayName } recurrence { rule summary startTime }
    capacity { enrolled max available status } history { nodes { action actorId } } }
  userErrors { code field message } } }"""
UPDATE_GROUP = """mutation ($input: UpdateGroupDefinitionInput!) { updateGroupDefinition(input: $input) {
  groupDefinition { id name version minCapacity capacity { status enrolled waitlisted } }
  promoted { id patient { id } } userErrors { code field } } }"""
DELETE_GROUP = """mutation ($input: DeleteGroupDefinitionInput!) { deleteGroupDefinition(input: $input) {
  groupDefinition { id deletedAt } userErrors { code field } } }"""
RESTORE_GROUP = """mutation ($input: RestoreGroupDefinitionInput!) { restoreGroupDefinition(input: $input) {
  groupDefinition { id deletedAt } promoted { id } userErrors { code field } } }"""
CREATE_SESSION = """mutation ($input: CreateOccurrenceInput!) { createOccurrence(input: $input) {
  occurrence { id sessionDate startTime endTime startsAt endsAt durationMinutes status groupDefinition { name } }
  userErrors { code field } } }"""
GENERATE = """mutation ($input: GenerateOccurrencesInput!) { generateOccurrences(input: $input) {
  occurrences { id sessionDate } createdCount skippedCount userErrors { code field } } }"""
UPDATE_SESSION = """mutation ($input: UpdateOccurrenceInput!) { updateOccurrence(input: $input) {
  occurrence { id startTime endTime version } userErrors { code field } } }"""
CANCEL_SESSION = """mutation ($input: CancelOccurrenceInput!) { cancelOccurrence(input: $input) {
  occurrence { id status cancellationReason cancelledAt } userErrors { code field } } }"""
UPDATE_SESSIONS = """mutation ($input: UpdateOccurrencesInput!) { updateOccurrences(input: $input) {
  updatedCount userErrors { code field } } }"""
CANCEL_SESSIONS = """mutation ($input: CancelOccurrencesInput!) { cancelOccurrences(input: $input) {
  cancelledCount userErrors { code field } } }"""
REOPEN_SESSION = """mutation ($input: ReopenOccurrenceInput!) { reopenOccurrence(input: $input) {
  occurrence { id status } userErrors { code field } } }"""
CREATE_CLOSURE = """mutation ($input: CreateClosureInput!) { createClosure(input: $input) {
  closure { id } userErrors { code field } } }"""
UPDATE_CLOSURE = """mutation ($input: UpdateClosureInput!) { updateClosure(input: $input) {
  closure { id } userErrors { code field } } }"""
DELETE_CLOSURE = """mutation ($input: DeleteClosureInput!) { deleteClosure(input: $input) {
  deletedId userErrors { code field } } }"""
ENROLL = """mutation ($input: EnrollPatientInput!) { enrollPatient(input: $input) {
  enrollment { id status waitlistPosition patient { displayName } groupDefinition { capacity { enrolled waitlisted } } }
  userErrors { code field } } }"""
DISENROLL = """mutation ($input: DisenrollPatientInput!) { disenrollPatient(input: $input) {
  enrollment { id status disenrollmentReason } promoted { id status promotedAt } userErrors { code field } } }"""
PROMOTE = """mutation ($input: PromoteEnrollmentInput!) { promoteEnrollment(input: $input) {
  enrollment { id status } userErrors { code field } } }"""
MOVE = """mutation ($input: MoveWaitlistedEnrollmentInput!) { moveWaitlistedEnrollment(input: $input) {
  enrollment { id waitlistPosition } userErrors { code field } } }"""
REMOVE = """mutation ($input: RemoveEnrollmentInput!) { removeEnrollment(input: $input) {
  enrollment { id deletedAt } promoted { id } userErrors { code field } } }"""

NEW_GROUP = {
    "name": " Morning group ",
    "groupType": "IOP",
    "facilitatorId": "staff-1",
    "maxCapacity": 1,
    "durationMinutes": 180,
    "recurrence": {"rule": "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR", "startDate": "2026-11-02", "startTime": "09:00:00"},
}
KEYS = {
    CREATE_GROUP: PermissionKey.GROUP_DEFINITIONS_CREATE,
    UPDATE_GROUP: PermissionKey.GROUP_DEFINITIONS_EDIT,
    DELETE_GROUP: PermissionKey.GROUP_DEFINITIONS_DELETE,
    RESTORE_GROUP: PermissionKey.GROUP_DEFINITIONS_DELETE,
    CREATE_SESSION: PermissionKey.GROUP_SCHEDULE_CREATE,
    GENERATE: PermissionKey.GROUP_SCHEDULE_CREATE,
    UPDATE_SESSION: PermissionKey.GROUP_SCHEDULE_EDIT,
    CANCEL_SESSION: PermissionKey.GROUP_SCHEDULE_DELETE,
    UPDATE_SESSIONS: PermissionKey.GROUP_SCHEDULE_EDIT,
    CANCEL_SESSIONS: PermissionKey.GROUP_SCHEDULE_DELETE,
    REOPEN_SESSION: PermissionKey.GROUP_SCHEDULE_EDIT,
    CREATE_CLOSURE: PermissionKey.GROUP_SCHEDULE_CREATE,
    UPDATE_CLOSURE: PermissionKey.GROUP_SCHEDULE_EDIT,
    DELETE_CLOSURE: PermissionKey.GROUP_SCHEDULE_DELETE,
    ENROLL: PermissionKey.GROUP_ENROLLMENTS_CREATE,
    DISENROLL: PermissionKey.GROUP_ENROLLMENTS_EDIT,
    PROMOTE: PermissionKey.GROUP_ENROLLMENTS_EDIT,
    MOVE: PermissionKey.GROUP_ENROLLMENTS_EDIT,
    REMOVE: PermissionKey.GROUP_ENROLLMENTS_DELETE,
}
ANY_INPUT: dict[str, dict[str, Any]] = {
    CREATE_GROUP: NEW_GROUP,
    UPDATE_GROUP: {"id": "x"},
    DELETE_GROUP: {"id": "x"},
    RESTORE_GROUP: {"id": "x"},
    CREATE_SESSION: {"groupDefinitionId": "x", "sessionDate": "2026-12-01", "startTime": "09:00"},
    GENERATE: {"groupDefinitionId": "x", "from": "2026-12-01", "through": "2026-12-02"},
    UPDATE_SESSION: {"id": "x"},
    CANCEL_SESSION: {"id": "x", "reason": "snow"},
    UPDATE_SESSIONS: {"selection": {"ids": ["x"]}, "shiftDays": 1},
    CANCEL_SESSIONS: {"selection": {"ids": ["x"]}, "reason": "snow"},
    REOPEN_SESSION: {"id": "x"},
    CREATE_CLOSURE: {"name": "Holiday", "from": "2026-12-24", "through": "2026-12-25", "locationId": "x"},
    UPDATE_CLOSURE: {"id": "x"},
    DELETE_CLOSURE: {"id": "x"},
    ENROLL: {"groupDefinitionId": "x", "patientId": "x"},
    DISENROLL: {"enrollmentId": "x"},
    PROMOTE: {"enrollmentId": "x"},
    MOVE: {"enrollmentId": "x", "position": 1},
    REMOVE: {"enrollmentId": "x"},
}


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def new_group(client: ApiClient, **values: Any) -> dict[str, Any]:
    payload = await payload_of(client, CREATE_GROUP, **{**NEW_GROUP, **values})
    assert payload["userErrors"] == []
    group = payload["groupDefinition"]
    assert isinstance(group, dict)
    return group


async def test_the_payload_of_a_new_group_has_its_new_state(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    group = await new_group(await app_client())
    assert group | {"id": ""} == {
        "id": "",
        "name": "Morning group",
        "version": 1,
        "timeZone": "America/Phoenix",
        "facilitator": {"displayName": "Staff 1"},
        "recurrence": {
            "rule": "FREQ=WEEKLY;BYDAY=MO,WE,FR",
            "summary": "Weekly on Monday, Wednesday and Friday at 9:00 AM",
            "startTime": "09:00:00",
        },
        "capacity": {"enrolled": 0, "max": 1, "available": 1, "status": "OPEN"},
        "history": {"nodes": [{"action": "created", "actorId": "caller-1"}]},
    }


async def test_history_names_fields_as_the_api_does(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client(subject="scheduler")
    group = await new_group(client)
    rule = {"rule": "FREQ=DAILY", "startDate": "2026-11-02", "startTime": "09:00", "excludedDates": ["2026-12-25"]}
    await payload_of(client, UPDATE_GROUP, id=group["id"], maxCapacity=3, coFacilitatorId="staff-2", recurrence=rule)
    data = await client.execute(
        """query ($id: ID!) { groupDefinition(id: $id) { history { totalCount nodes {
          action actorId changes { field before after } } } } }""",
        {"id": group["id"]},
    )
    history = data["groupDefinition"]["history"]
    assert history["totalCount"] == 2
    assert history["nodes"][0] == {
        "action": "updated",
        "actorId": "scheduler",
        "changes": [
            {"field": "coFacilitatorId", "before": None, "after": "staff-2"},
            {"field": "maxCapacity", "before": "1", "after": "3"},
            {"field": "recurrenceRule", "before": "FREQ=WEEKLY;BYDAY=MO,WE,FR", "after": "FREQ=DAILY"},
            {"field": "recurrenceExcludedDates", "before": None, "after": "2026-12-25"},
        ],
    }


async def test_a_group_through_its_whole_life(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    group_id = (await new_group(client))["id"]

    enrollments = [
        (await payload_of(client, ENROLL, groupDefinitionId=group_id, patientId=f"patient-{n}"))["enrollment"]
        for n in (1, 2, 3, 4)
    ]
    assert [(enrollment["status"], enrollment["waitlistPosition"]) for enrollment in enrollments] == [
        ("ENROLLED", None),
        ("WAITLISTED", 1),
        ("WAITLISTED", 2),
        ("WAITLISTED", 3),
    ]
    assert enrollments[3]["groupDefinition"]["capacity"] == {"enrolled": 1, "waitlisted": 3}
    first, second, third, fourth = (enrollment["id"] for enrollment in enrollments)

    moved = await payload_of(client, MOVE, enrollmentId=fourth, position=1)
    assert moved["enrollment"]["waitlistPosition"] == 1
    full = await payload_of(client, PROMOTE, enrollmentId=third)
    assert full == {"enrollment": None, "userErrors": [{"code": "AT_CAPACITY", "field": ["input", "enrollmentId"]}]}
    over = await payload_of(client, PROMOTE, enrollmentId=third, allowOverCapacity=True)
    assert over["enrollment"]["status"] == "ENROLLED"
    raised = await payload_of(client, UPDATE_GROUP, id=group_id, maxCapacity=3, expectedVersion=1)
    assert [enrollment["id"] for enrollment in raised["promoted"]] == [fourth]
    assert raised["groupDefinition"]["capacity"] == {"status": "FULL", "enrolled": 3, "waitlisted": 1}
    left = await payload_of(client, DISENROLL, enrollmentId=first, reason=" moved away ")
    assert left["enrollment"]["disenrollmentReason"] == "moved away"
    assert [enrollment["id"] for enrollment in left["promoted"]] == [second]
    removed = await payload_of(client, REMOVE, enrollmentId=second)
    assert removed["enrollment"]["deletedAt"] is not None

    generated = await payload_of(
        client, GENERATE, groupDefinitionId=group_id, **{"from": "2026-12-01", "through": "2026-12-07"}
    )
    assert (generated["createdCount"], generated["skippedCount"]) == (3, 0)
    assert [session["sessionDate"] for session in generated["occurrences"]] == [
        "2026-12-02",
        "2026-12-04",
        "2026-12-07",
    ]
    single = await payload_of(
        client, CREATE_SESSION, groupDefinitionId=group_id, sessionDate="2026-12-03", startTime="13:00"
    )
    session = single["occurrence"]
    assert session | {"id": ""} == {
        "id": "",
        "sessionDate": "2026-12-03",
        "startTime": "13:00:00",
        "endTime": "16:00:00",
        "startsAt": "2026-12-03T20:00:00+00:00",
        "endsAt": "2026-12-03T23:00:00+00:00",
        "durationMinutes": 180,
        "status": "SCHEDULED",
        "groupDefinition": {"name": "Morning group"},
    }
    edited = await payload_of(client, UPDATE_SESSION, id=session["id"], startTime="14:00")
    assert (edited["occurrence"]["startTime"], edited["occurrence"]["endTime"]) == ("14:00:00", "17:00:00")
    cancelled = await payload_of(client, CANCEL_SESSION, id=session["id"], reason="snow")
    assert cancelled["occurrence"]["status"] == "CANCELLED"

    deleted = await payload_of(client, DELETE_GROUP, id=group_id, expectedVersion=2)
    assert deleted["groupDefinition"]["deletedAt"] is not None
    refused = await payload_of(client, ENROLL, groupDefinitionId=group_id, patientId="patient-5")
    assert refused["userErrors"] == [{"code": "GROUP_DELETED", "field": ["input", "groupDefinitionId"]}]


@pytest.mark.parametrize("mutation", KEYS)
async def test_no_mutation_runs_without_its_key(engine: Database, app_client: ApiClients, mutation: str) -> None:
    await seed(engine, ORGANIZATION)
    key = KEYS[mutation]
    client = await app_client(permissions=[other for other in PermissionKey if other is not key])
    response = await client.try_execute(mutation, {"input": ANY_INPUT[mutation]})
    (error,) = response["errors"]
    [name] = error["path"]
    assert response["data"] == {name: None}
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["extensions"]["requiredPermission"] == key.value
    state = await everything(engine)
    assert (state.groups, state.history, state.events) == ([], [], [])


@pytest.mark.parametrize("mutation", [mutation for mutation in KEYS if "x" in ANY_INPUT[mutation].values()])
async def test_an_unknown_id_is_not_found_at_its_field(engine: Database, app_client: ApiClients, mutation: str) -> None:
    await seed(engine, ORGANIZATION)
    client = await app_client()
    for unknown in ("nonsense", "", "0199ffff-ffff-7fff-bfff-ffffffffffff", "x" * 5000):
        values = {name: unknown if value == "x" else value for name, value in ANY_INPUT[mutation].items()}
        payload = await payload_of(client, mutation, **values)
        ids = [["input", name] for name, value in ANY_INPUT[mutation].items() if value == "x"]
        assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
            ("NOT_FOUND", field) for field in ids
        ]


async def test_a_field_of_a_payload_may_be_denied_alone(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    group_id = (await new_group(await app_client()))["id"]
    client = await app_client(permissions=[PermissionKey.GROUP_SCHEDULE_CREATE])
    response = await client.try_execute(
        CREATE_SESSION, {"input": {"groupDefinitionId": group_id, "sessionDate": "2026-12-03", "startTime": "09:00"}}
    )
    assert response["data"]["createOccurrence"]["occurrence"]["groupDefinition"] is None
    assert response["data"]["createOccurrence"]["occurrence"]["startTime"] == "09:00:00"
    (error,) = response["errors"]
    assert error["path"] == ["createOccurrence", "occurrence", "groupDefinition"]
    assert error["extensions"]["requiredPermission"] == "pm.group_definitions.view"


async def test_a_null_condition_in_a_payload_undoes_no_change(engine: Database, app_client: ApiClients) -> None:
    await seed(engine, ORGANIZATION)
    group = await add_group(engine, "Group", ORGANIZATION)
    client = await app_client()
    head = "mutation ($on: Boolean = true, $input: EnrollPatientInput!)"
    for number, selection in enumerate(
        ("enrollment { id @include(if: $on) }", "enrollment @skip(if: $on) { id }"), start=1
    ):
        variables = {"on": None, "input": {"groupDefinitionId": str(group), "patientId": f"patient-{number}"}}
        response = await client.try_execute(
            f"{head} {{ enrollPatient(input: $input) {{ {selection} userErrors {{ code }} }} }}", variables
        )
        assert [error["extensions"]["code"] for error in response["errors"]] == ["BAD_USER_INPUT"]
    response = await client.try_execute("query ($on: Boolean = true) { viewer @include(if: $on) { id } }", {"on": None})
    assert [error["extensions"]["code"] for error in response["errors"]] == ["BAD_USER_INPUT"]
    data = await client.execute(f'{{ groupDefinition(id: "{group}") {{ capacity {{ enrolled }} }} }}')
    assert data["groupDefinition"]["capacity"] == {"enrolled": 2}
