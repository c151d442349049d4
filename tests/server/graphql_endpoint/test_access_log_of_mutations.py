"""The patients whose enrollments a mutation's payload holds are recorded in the change's own transaction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.connections.engine import Database
from db.tables import access_log, enrollments
from resolvers.caller import PermissionKey
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients
from tests.support.clinic import NOW, everything, seed
from tests.support.clinic_rows import add_enrollments, add_group

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Full:
    """A group with one seat, which patient-1 has; patient-2 and patient-3 wait."""

    group: UUID
    seated: UUID
    second: UUID
    third: UUID

    def fill(self, query: str) -> str:
        """Return the query with the ids in place of the names that begin with $."""
        for name, value in vars(self).items():
            query = query.replace(f"${name}", f'"{value}"')
        return query


@pytest.fixture
async def full(engine: Database) -> Full:
    await seed(engine, ORGANIZATION)
    group = await add_group(engine, "a", ORGANIZATION, max_capacity=1)
    [seated] = await add_enrollments(engine, group, ["patient-1"], ORGANIZATION)
    waiting = []
    for position in (1, 2):
        waits: dict[str, Any] = {
            "status": "WAITLISTED",
            "enrolled_at": None,
            "waitlist_position": position,
            "waitlisted_at": NOW + timedelta(minutes=position),
        }
        waiting += await add_enrollments(engine, group, [f"patient-{position + 1}"], ORGANIZATION, **waits)
    return Full(group, seated, *waiting)


@pytest.fixture
async def client(full: Full, app_client: ApiClients) -> ApiClient:
    return await app_client(subject="nurse-1")


async def log(engine: Database) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        query = select(access_log).order_by(access_log.c.at, access_log.c.id)
        return [dict(row) for row in (await connection.execute(query)).mappings()]


async def recorded(engine: Database) -> list[list[str]]:
    return [entry["patient_ids"] for entry in await log(engine)]


def enrolling(patient: str) -> str:
    return f'enrollPatient(input: {{groupDefinitionId: $group, patientId: "{patient}"}})'


ENROLL = enrolling("patient-4")
DISENROLL = "disenrollPatient(input: {enrollmentId: $seated})"
REMOVE = "removeEnrollment(input: {enrollmentId: $seated})"
PROMOTE = "promoteEnrollment(input: {enrollmentId: $third, allowOverCapacity: true})"
RAISE = "updateGroupDefinition(input: {id: $group, maxCapacity: 3})"
MOVE = "moveWaitlistedEnrollment(input: {enrollmentId: $third, position: 1})"

ALL_THREE = ["patient-1", "patient-2", "patient-3"]
"""Whom a free seat affects: who left it, who got it, and who moved up."""

CHANGES = [
    (f"{ENROLL} {{ enrollment {{ id status }} }}", ["patient-4"]),
    (f"{ENROLL} {{ enrollment {{ patient {{ displayName }} }} }}", ["patient-4"]),
    (f"{DISENROLL} {{ enrollment {{ id }} promoted {{ status }} }}", ALL_THREE),
    (f"{REMOVE} {{ enrollment {{ id }} ... {{ promoted {{ id }} }} }}", ALL_THREE),
    (f"{RAISE} {{ groupDefinition {{ name }} promoted {{ id }} }}", ["patient-2", "patient-3"]),
    (f"{PROMOTE} {{ enrollment {{ id }} }}", ["patient-3"]),
    (f"{MOVE} {{ enrollment {{ id }} }}", ["patient-2", "patient-3"]),
    (f"{MOVE} {{ changedEnrollments {{ id }} }}", ["patient-2", "patient-3"]),
    ("moveWaitlistedEnrollment(input: {enrollmentId: $third, position: 2}) { enrollment { id } }", ["patient-3"]),
    # Fields that are not selected count as well.
    (f"{ENROLL} {{ userErrors {{ code }} }}", ["patient-4"]),
    (f"{ENROLL} {{ enrollment @skip(if: true) {{ id }} }}", ["patient-4"]),
    (f"{DISENROLL} {{ __typename }}", ALL_THREE),
    (f"{RAISE} {{ groupDefinition {{ capacity {{ enrolled }} }} }}", ["patient-2", "patient-3"]),
]


@pytest.mark.parametrize(("change", "patients"), CHANGES)
async def test_a_change_records_the_patients_of_its_payload_once(
    engine: Database, client: ApiClient, full: Full, change: str, patients: list[str]
) -> None:
    response = await client.send(full.fill(f"mutation Change {{ {change} }}"))
    assert "errors" not in response.json()
    [entry] = await log(engine)
    assert entry["patient_ids"] == patients
    assert (entry["actor_id"], entry["operation"], entry["organization_id"]) == ("nurse-1", "Change", ORGANIZATION)
    assert entry["correlation_id"] == response.headers["X-Request-ID"]


SESSION = (
    'createOccurrence(input: {groupDefinitionId: $group, sessionDate: "2027-01-05", startTime: "09:00"})'
    " { userErrors { code } }"
)


@pytest.mark.parametrize(
    "change",
    [
        SESSION,
        'updateGroupDefinition(input: {id: $group, name: "Other"}) { groupDefinition { capacity { enrolled } } }',
        f"{enrolling('unknown')} {{ enrollment {{ id }} userErrors {{ code }} }}",
    ],
)
async def test_a_payload_without_enrollments_is_not_recorded(
    engine: Database, client: ApiClient, full: Full, change: str
) -> None:
    await client.execute(full.fill(f"mutation {{ {change} }}"))
    assert await log(engine) == []


STALE = "disenrollPatient(input: {enrollmentId: $seated, expectedVersion: 9})"
SEATED = "promoteEnrollment(input: {enrollmentId: $seated})"
TOO_FAR = "moveWaitlistedEnrollment(input: {enrollmentId: $third, position: 9})"
NO_SEAT = "promoteEnrollment(input: {enrollmentId: $third})"


@pytest.mark.parametrize(
    ("change", "code", "patients"),
    [
        (enrolling("patient-1"), "ALREADY_ENROLLED", ["patient-1"]),
        (enrolling("inactive"), "NOT_ACTIVE", ["inactive"]),
        (STALE, "VERSION_CONFLICT", ["patient-1"]),
        (SEATED, "ALREADY_ENROLLED", ["patient-1"]),
        (NO_SEAT, "AT_CAPACITY", ["patient-3"]),
        (TOO_FAR, "OUT_OF_RANGE", ["patient-3"]),
    ],
)
async def test_a_refusal_that_discloses_a_patients_record_is_recorded(
    engine: Database, client: ApiClient, full: Full, change: str, code: str, patients: list[str]
) -> None:
    (payload,) = (
        await client.execute(full.fill(f"mutation Probe {{ {change} {{ userErrors {{ code }} }} }}"))
    ).values()
    assert payload["userErrors"] == [{"code": code}]
    [entry] = await log(engine)
    assert (entry["patient_ids"], entry["operation"]) == (patients, "Probe")


@pytest.mark.parametrize("end", [DISENROLL, REMOVE])
async def test_a_refusal_to_end_an_enrollment_twice_is_recorded(
    engine: Database, client: ApiClient, full: Full, end: str
) -> None:
    await client.execute(full.fill(f"mutation {{ {REMOVE} {{ userErrors {{ code }} }} }}"))
    (payload,) = (await client.execute(full.fill(f"mutation {{ {end} {{ userErrors {{ code }} }} }}"))).values()
    assert payload["userErrors"] == [{"code": "NOT_ACTIVE"}]
    assert await recorded(engine) == [ALL_THREE, ["patient-1"]]


OTHERS = "groupDefinition { enrollments { nodes { status } } }"


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        (f"{ENROLL} {{ enrollment {{ {OTHERS} }} }}", [["patient-4"], ["patient-1", "patient-2", "patient-3"]]),
        (f"{RAISE} {{ {OTHERS} }}", [["patient-2", "patient-3"], ["patient-1"]]),
        (f"{ENROLL} {{ enrollment {{ patient {{ displayName }} history {{ totalCount }} }} }}", [["patient-4"]]),
        (
            f"{ENROLL} {{ enrollment {{ id }} }} b: {enrolling('patient-5')} {{ enrollment {{ id }} }}",
            [["patient-4"], ["patient-5"]],
        ),
        (f"{ENROLL} {{ enrollment {{ id }} }} b: {ENROLL} {{ enrollment {{ id }} }}", [["patient-4"]]),
        (f"{ENROLL} {{ enrollment {{ id }} }} {SESSION}", [["patient-4"]]),
        # A later change also records what was read before it.
        (
            f"{ENROLL} {{ enrollment {{ {OTHERS} }} }} {DISENROLL} {{ promoted {{ id }} }}",
            [["patient-4"], ["patient-1", "patient-2", "patient-3"]],
        ),
        (
            f"a: {STALE} {{ userErrors {{ code }} }} {ENROLL} {{ userErrors {{ code }} }}",
            [["patient-1", "patient-4"]],
        ),
        (
            f"{DISENROLL} {{ userErrors {{ code }} }} b: {STALE} {{ userErrors {{ code }} }}",
            [ALL_THREE],
        ),
    ],
)
async def test_a_request_records_each_patient_once(
    engine: Database, client: ApiClient, full: Full, changes: str, rows: list[list[str]]
) -> None:
    await client.execute(full.fill(f"mutation {{ {changes} }}"))
    assert await recorded(engine) == rows


async def test_a_change_before_a_denied_field_is_recorded(engine: Database, full: Full, app_client: ApiClients) -> None:
    client = await app_client(permissions=[PermissionKey.GROUP_ENROLLMENTS_CREATE])
    query = full.fill(f"mutation {{ {ENROLL} {{ enrollment {{ id }} }} {DISENROLL} {{ promoted {{ id }} }} }}")
    assert [error["extensions"]["code"] for error in (await client.try_execute(query))["errors"]] == ["FORBIDDEN"]
    assert await recorded(engine) == [["patient-4"]]


async def test_an_enrollment_takes_five_statements_with_its_access_row(
    engine: Database, client: ApiClient, full: Full
) -> None:
    response = await client.send(full.fill(f"mutation {{ {ENROLL} {{ enrollment {{ status }} }} }}"))
    assert "errors" not in response.json()
    statements = int(response.headers["Server-Timing"].split('desc="')[1].strip('"').split()[0])
    # Lock the group, find the patient, load the roster, insert the enrollment; on PostgreSQL one statement writes the
    # history, the event, the access row and the time of the group's last change, on SQLite four.
    assert statements == (5 if engine.dialect.name == "postgresql" else 8)


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_the_access_row_is_written_in_the_change_s_transaction(
    engine: Database, client: ApiClient, full: Full, database_kind: str
) -> None:
    await client.execute(full.fill(f"mutation {{ {ENROLL} {{ enrollment {{ status }} }} }}"))
    async with engine.connect() as connection:
        logged = await connection.scalar(text("SELECT xmin::text FROM pm_group_access_log"))
        query = select(text("xmin::text")).select_from(enrollments).where(enrollments.c.patient_id == "patient-4")
        assert logged == await connection.scalar(query)


async def test_a_change_whose_access_row_fails_is_not_made(engine: Database, client: ApiClient, full: Full) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE pm_group_access_log"))
    before = await everything(engine)
    response = await client.send(full.fill(f"mutation {{ {DISENROLL} {{ enrollment {{ id }} promoted {{ id }} }} }}"))
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["INTERNAL_SERVER_ERROR"]
    assert await everything(engine) == before
