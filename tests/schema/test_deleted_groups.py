"""Deleting a group with its sessions, what waits while it is deleted, and restoring it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.connections.engine import Database
from db.tables import locations, staff_members
from resolvers.caller import PermissionKey
from tests.schema.test_statement_counts import statements_of
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import clinic as clinic_at
from tests.support.clinic import everything, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio

TODAY = date(2026, 11, 24)
SEVEN_PM = datetime(2026, 11, 25, 2, tzinfo=UTC)
"""Seven in the evening of TODAY in Phoenix, and the next day in UTC."""
DELETE = """mutation ($input: DeleteGroupDefinitionInput!) { deleteGroupDefinition(input: $input) {
  groupDefinition { id version deletedAt } cancelledCount userErrors { code field message } } }"""
RESTORE = """mutation ($input: RestoreGroupDefinitionInput!) { restoreGroupDefinition(input: $input) {
  groupDefinition { id version deletedAt capacity { enrolled waitlisted } history { nodes { action } } }
  promoted { id status promotedAt } changedEnrollments { id waitlistPosition } userErrors { code field message } } }"""
DISENROLL = """mutation ($input: DisenrollPatientInput!) { disenrollPatient(input: $input) {
  promoted { id } changedEnrollments { id waitlistPosition } userErrors { code } } }"""
REMOVE = """mutation ($input: RemoveEnrollmentInput!) { removeEnrollment(input: $input) {
  promoted { id } changedEnrollments { id waitlistPosition } userErrors { code } } }"""
ENROLL = """mutation ($input: EnrollPatientInput!) { enrollPatient(input: $input) {
  enrollment { id } userErrors { code } } }"""


@pytest.fixture
async def clients(engine: Database) -> AsyncIterator[ApiClients]:
    await seed(engine, ORGANIZATION)
    async with clients_of(make_app(clinic_at(engine, SEVEN_PM))) as clients:
        yield clients


async def payload_of(client: ApiClient, mutation: str, **values: Any) -> dict[str, Any]:
    (payload,) = (await client.execute(mutation, {"input": values})).values()
    assert isinstance(payload, dict)
    return payload


async def faults_of(client: ApiClient, mutation: str, **values: Any) -> list[tuple[str, str]]:
    payload = await payload_of(client, mutation, **values)
    assert payload["groupDefinition"] is None
    return [(error["code"], error["field"][1]) for error in payload["userErrors"]]


async def add_full_group(engine: Database) -> tuple[str, list[str]]:
    """Add a group with two seats and six patients, by the commands, so that history explains everything."""
    async with clients_of(make_app(clinic_at(engine, SEVEN_PM))) as clients:
        client = await clients()
        group = await client.execute(
            """mutation { createGroupDefinition(input: {name: "Anger", groupType: THERAPY, facilitatorId: "staff-1",
              coFacilitatorId: "staff-2", locationId: "phoenix", maxCapacity: 2, durationMinutes: 60}) {
              groupDefinition { id } } }"""
        )
        group_id = group["createGroupDefinition"]["groupDefinition"]["id"]
        enrolled = [
            await payload_of(client, ENROLL, groupDefinitionId=group_id, patientId=f"patient-{n}") for n in range(1, 7)
        ]
        return group_id, [payload["enrollment"]["id"] for payload in enrolled]


async def add_calendar(engine: Database, group: UUID) -> dict[str, UUID]:
    """Add sessions before, at and after the present, by their names."""
    snow = {"status": "CANCELLED", "cancelled_at": SEVEN_PM, "cancellation_reason": "snow"}
    names: dict[str, tuple[date, time, dict[str, Any]]] = {
        "over": (TODAY, time(9), {}),
        "begun": (TODAY, time(18, 30), {}),
        "begins now": (TODAY, time(19), {}),
        "tonight": (TODAY, time(20), {}),
        "completed early": (TODAY, time(21), {"status": "COMPLETED"}),
        "cancelled": (TODAY, time(22), snow),
        "next year": (date(2027, 11, 24), time(9), {}),
    }
    ids = {}
    for name, (day, start, columns) in names.items():
        [ids[name]] = await add_sessions(engine, group, [day], ORGANIZATION, start_time=start, **columns)
    return ids


async def test_deleting_a_group_cancels_its_sessions_that_have_not_begun(engine: Database, clients: ApiClients) -> None:
    group, other = [await add_group(engine, name, ORGANIZATION) for name in ("Group", "Other")]
    ids = await add_calendar(engine, group)
    await add_calendar(engine, other)
    before = await everything(engine)
    payload = await payload_of(
        await clients(), DELETE, id=str(group), cancelSessions=True, cancellationReason=" The group has ended "
    )
    assert payload["cancelledCount"] == 2
    assert payload["groupDefinition"]["deletedAt"] == SEVEN_PM.isoformat()
    after = await everything(engine)
    changed = {row["id"]: row for row in after.sessions if row not in before.sessions}
    cancelled = {ids["tonight"], ids["next year"]}
    assert changed.keys() == cancelled
    assert {(row["status"], row["cancellation_reason"], row["cancelled_at"]) for row in changed.values()} == {
        ("CANCELLED", "The group has ended", SEVEN_PM)
    }
    assert sorted(entry["action"] for entry in after.history) == ["cancelled", "cancelled", "deleted"]
    assert {entry["entity_id"] for entry in after.history} == cancelled | {group}
    assert after.event_names() == ["pm_group_session_cancelled"] * 2
    assert {UUID(event["envelope"]["payload"]["schedule_id"]) for event in after.events} == cancelled


async def test_deleting_a_group_keeps_its_sessions_unless_asked(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    await add_calendar(engine, group)
    before = await everything(engine)
    client = await clients(permissions=[PermissionKey.GROUP_DEFINITIONS_DELETE])
    payload = await payload_of(client, DELETE, id=str(group), cancelSessions=None, cancellationReason="none")
    assert (payload["cancelledCount"], payload["userErrors"]) == (0, [])
    after = await everything(engine)
    assert (after.sessions, after.events) == (before.sessions, [])


async def test_cancelling_the_sessions_needs_the_key_for_it(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    await add_calendar(engine, group)
    before = await everything(engine)
    client = await clients(permissions=set(PermissionKey) - {PermissionKey.GROUP_SCHEDULE_DELETE})
    for values in ({"cancellationReason": "ended"}, {}):
        response = await client.try_execute(DELETE, {"input": {"id": str(group), "cancelSessions": True, **values}})
        assert response["data"] == {"deleteGroupDefinition": None}
        [error] = response["errors"]
        assert (error["path"], error["extensions"]) == (
            ["deleteGroupDefinition"],
            {"code": "FORBIDDEN", "requiredPermission": "pm.group_schedule.delete"},
        )
    assert await everything(engine) == before


@pytest.mark.parametrize(
    ("reason", "code"), [(None, "REQUIRED"), (" ", "REQUIRED"), ("x" * 1001, "OUT_OF_RANGE"), ("a\x00", "INVALID")]
)
async def test_all_faults_of_a_deletion_are_reported_at_once(
    engine: Database, clients: ApiClients, reason: str | None, code: str
) -> None:
    group = str(await add_group(engine, "Group", ORGANIZATION))
    deleted = str(await add_group(engine, "Deleted", ORGANIZATION, deleted_at=SEVEN_PM))
    before = await everything(engine)
    client = await clients()
    sessions = {"cancelSessions": True, "cancellationReason": reason}
    about_reason = (code, "cancellationReason")
    assert await faults_of(client, DELETE, id=group, **sessions) == [about_reason]
    assert await faults_of(client, DELETE, id=group, expectedVersion=7, **sessions) == [
        ("VERSION_CONFLICT", "expectedVersion"),
        about_reason,
    ]
    assert await faults_of(client, DELETE, id="nonsense", **sessions) == [("NOT_FOUND", "id"), about_reason]
    assert await faults_of(client, DELETE, id=deleted, **sessions) == [("GROUP_DELETED", "id"), about_reason]
    assert await everything(engine) == before


async def test_deleting_a_group_takes_as_many_statements_for_2_sessions_as_for_250(
    engine: Database, clients: ApiClients
) -> None:
    client = await clients()
    counts = []
    for size in (2, 250):
        group = await add_group(engine, "Group", ORGANIZATION)
        await add_sessions(engine, group, [date(2027, 1, 1) + timedelta(days=n) for n in range(size)], ORGANIZATION)
        values = {"id": str(group), "cancelSessions": True, "cancellationReason": "The group has ended"}
        response = await client.send(DELETE, {"input": values})
        assert response.json()["data"]["deleteGroupDefinition"]["cancelledCount"] == size
        counts.append(statements_of(response))
    assert counts[0] == counts[1]


async def test_a_deleted_group_promotes_nobody_until_it_is_restored(engine: Database, clients: ApiClients) -> None:
    group, enrollments = await add_full_group(engine)
    client = await clients()
    await payload_of(client, DELETE, id=group)
    left = await payload_of(client, DISENROLL, enrollmentId=enrollments[0])
    removed = await payload_of(client, REMOVE, enrollmentId=enrollments[2])
    assert (left["promoted"], removed["promoted"]) == ([], [])
    assert removed["changedEnrollments"][1:] == [
        {"id": enrollments[number], "waitlistPosition": number - 2} for number in (3, 4, 5)
    ]
    assert "pm_group_patient_promoted" not in (await everything(engine)).event_names()
    await assert_invariants(engine)

    restored = await payload_of(client, RESTORE, id=group, expectedVersion=2)
    assert restored == {
        "groupDefinition": {
            "id": group,
            "version": 3,
            "deletedAt": None,
            "capacity": {"enrolled": 2, "waitlisted": 2},
            "history": {"nodes": [{"action": "restored"}, {"action": "deleted"}, {"action": "created"}]},
        },
        "promoted": [{"id": enrollments[3], "status": "ENROLLED", "promotedAt": SEVEN_PM.isoformat()}],
        "changedEnrollments": [
            {"id": enrollments[3], "waitlistPosition": None},
            {"id": enrollments[4], "waitlistPosition": 1},
            {"id": enrollments[5], "waitlistPosition": 2},
        ],
        "userErrors": [],
    }
    promotions = [event for event in (await everything(engine)).events if event["event"].endswith("promoted")]
    assert [event["envelope"]["payload"]["enrollment_id"] for event in promotions] == [enrollments[3]]
    await assert_invariants(engine)


async def test_a_restored_group_enrolls_patients_and_schedules_sessions(engine: Database, clients: ApiClients) -> None:
    group = str(await add_group(engine, "Group", ORGANIZATION))
    client = await clients()
    await payload_of(client, DELETE, id=group)
    listed = "{ groupDefinitions { nodes { id } } }"
    assert (await client.execute(listed))["groupDefinitions"]["nodes"] == []
    await payload_of(client, RESTORE, id=group)
    assert (await client.execute(listed))["groupDefinitions"]["nodes"] == [{"id": group}]
    assert (await payload_of(client, ENROLL, groupDefinitionId=group, patientId="patient-1"))["userErrors"] == []
    assert (await payload_of(client, DELETE, id=group, expectedVersion=3))["userErrors"] == []


async def test_restoring_leaves_cancelled_sessions_cancelled(engine: Database, clients: ApiClients) -> None:
    group = await add_group(engine, "Group", ORGANIZATION)
    await add_sessions(engine, group, [date(2026, 12, 1)], ORGANIZATION)
    client = await clients()
    await payload_of(client, DELETE, id=str(group), cancelSessions=True, cancellationReason="The group has ended")
    before = await everything(engine)
    assert (await payload_of(client, RESTORE, id=str(group)))["userErrors"] == []
    after = await everything(engine)
    assert (after.sessions, after.events) == (before.sessions, before.events)


async def test_staff_and_places_that_have_become_inactive_block_no_restoring(
    engine: Database, clients: ApiClients
) -> None:
    group, _ = await add_full_group(engine)
    client = await clients()
    await payload_of(client, DELETE, id=group)
    async with engine.begin() as connection:
        for table in (staff_members, locations):
            await connection.execute(update(table).values(active=False))
    assert (await payload_of(client, RESTORE, id=group))["userErrors"] == []
    await assert_invariants(engine)


async def test_only_a_deleted_group_is_restored(engine: Database, clients: ApiClients) -> None:
    group = str(await add_group(engine, "Group", ORGANIZATION))
    deleted = await add_group(engine, "Deleted", ORGANIZATION, deleted_at=SEVEN_PM)
    await add_enrollments(engine, deleted, ["patient-1"], ORGANIZATION)
    before = await everything(engine)
    client = await clients()
    payload = await payload_of(client, RESTORE, id=group)
    assert payload["userErrors"] == [
        {"code": "INVALID", "field": ["input", "id"], "message": "This group is not deleted."}
    ]
    assert (payload["groupDefinition"], payload["promoted"]) == (None, [])
    assert await faults_of(client, RESTORE, id="nonsense") == [("NOT_FOUND", "id")]
    assert await faults_of(client, RESTORE, id=str(deleted), expectedVersion=7) == [
        ("VERSION_CONFLICT", "expectedVersion")
    ]
    stranger = await clients(organization="org-other")
    assert await faults_of(stranger, RESTORE, id=str(deleted)) == [("NOT_FOUND", "id")]
    assert await everything(engine) == before
