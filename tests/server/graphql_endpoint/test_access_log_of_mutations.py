"""Whose enrollments a mutation answers with is recorded as read, in the change's own transaction."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLObjectType, get_named_type
from sqlalchemy import select, text

from db.connections.engine import Database
from db.tables import access_log, enrollments
from resolvers.caller import PermissionKey
from schema.answered import LISTS_OF_PATIENTS
from schema.schema import schema
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
        """Gives a query with the ids of those that it names by $."""
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
        return [dict(row) for row in (await connection.execute(select(access_log))).mappings()]


async def whose(engine: Database) -> list[list[str]]:
    return [entry["patient_ids"] for entry in await log(engine)]


def enrolling(patient: str) -> str:
    return f'enrollPatient(input: {{groupDefinitionId: $group, patientId: "{patient}"}})'


ENROLL = enrolling("patient-4")
DISENROLL = "disenrollPatient(input: {enrollmentId: $seated})"
REMOVE = "removeEnrollment(input: {enrollmentId: $seated})"
PROMOTE = "promoteEnrollment(input: {enrollmentId: $third, allowOverCapacity: true})"
RAISE = "updateGroupDefinition(input: {id: $group, maxCapacity: 3})"

ANSWERS = [
    (f"{ENROLL} {{ enrollment {{ id status }} }}", ["patient-4"]),
    (f"{ENROLL} {{ enrollment {{ patient {{ displayName }} }} }}", ["patient-4"]),
    (f"{DISENROLL} {{ enrollment {{ id }} promoted {{ status }} }}", ["patient-1", "patient-2"]),
    (f"{DISENROLL} {{ ...P }}", ["patient-2"]),
    (f"{DISENROLL} {{ ... @include(if: false) {{ promoted {{ id }} }} mine: enrollment {{ id }} }}", ["patient-1"]),
    (f"{REMOVE} {{ enrollment {{ id }} ... {{ promoted {{ id }} }} }}", ["patient-1", "patient-2"]),
    (f"{RAISE} {{ groupDefinition {{ name }} promoted {{ id }} }}", ["patient-2", "patient-3"]),
    (f"{PROMOTE} {{ enrollment {{ id }} }}", ["patient-3"]),
    ("moveWaitlistedEnrollment(input: {enrollmentId: $third, position: 1}) { enrollment { id } }", ["patient-3"]),
    ("moveWaitlistedEnrollment(input: {enrollmentId: $third, position: 2}) { enrollment { id } }", ["patient-3"]),
]


@pytest.mark.parametrize(("change", "patients"), ANSWERS)
async def test_whose_enrollments_a_change_answers_with_is_recorded_once(
    engine: Database, client: ApiClient, full: Full, change: str, patients: list[str]
) -> None:
    fragment = "fragment P on DisenrollPatientPayload { promoted { id } }" if "...P" in change else ""
    response = await client.send(full.fill(f"mutation Change {{ {change} }} {fragment}"))
    assert "errors" not in response.json()
    [entry] = await log(engine)
    assert entry["patient_ids"] == patients
    assert (entry["actor_id"], entry["operation"], entry["organization_id"]) == ("nurse-1", "Change", ORGANIZATION)
    assert entry["correlation_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "change",
    [
        f"{ENROLL} {{ userErrors {{ code }} }}",
        f"{ENROLL} {{ enrollment @skip(if: true) {{ id }} }}",
        f"{ENROLL} {{ ...E @include(if: $no) }}",
        f"{DISENROLL} {{ __typename }}",
        f"{RAISE} {{ groupDefinition {{ capacity {{ enrolled }} }} }}",
        f"{enrolling('unknown')} {{ enrollment {{ id }} userErrors {{ code }} }}",
    ],
)
async def test_an_answer_that_tells_no_enrollment_is_not_recorded(
    engine: Database, client: ApiClient, full: Full, change: str
) -> None:
    fragment = "fragment E on EnrollPatientPayload { enrollment { id } }" if "...E" in change else ""
    variables = "($no: Boolean!)" if "$no" in change else ""
    await client.ask(full.fill(f"mutation{variables} {{ {change} }} {fragment}"), {"no": False} if variables else None)
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
    (answer,) = (await client.ask(full.fill(f"mutation Probe {{ {change} {{ userErrors {{ code }} }} }}"))).values()
    assert answer["userErrors"] == [{"code": code}]
    [entry] = await log(engine)
    assert (entry["patient_ids"], entry["operation"]) == (patients, "Probe")


@pytest.mark.parametrize("end", [DISENROLL, REMOVE])
async def test_a_refusal_to_end_an_enrollment_twice_is_recorded(
    engine: Database, client: ApiClient, full: Full, end: str
) -> None:
    await client.ask(full.fill(f"mutation {{ {REMOVE} {{ userErrors {{ code }} }} }}"))
    (answer,) = (await client.ask(full.fill(f"mutation {{ {end} {{ userErrors {{ code }} }} }}"))).values()
    assert answer["userErrors"] == [{"code": "NOT_ACTIVE"}]
    assert await whose(engine) == [["patient-1"]]


OTHERS = "groupDefinition { enrollments { nodes { status } } }"
SESSION = (
    'createOccurrence(input: {groupDefinitionId: $group, sessionDate: "2027-01-05", startTime: "09:00"})'
    " { userErrors { code } }"
)


@pytest.mark.parametrize(
    ("changes", "patients"),
    [
        # What is read of others, of the same patients again, and of other fields' answers is told in the same row.
        (f"{ENROLL} {{ enrollment {{ {OTHERS} }} }}", ["patient-1", "patient-2", "patient-3", "patient-4"]),
        (f"{RAISE} {{ {OTHERS} }}", ["patient-1", "patient-2", "patient-3"]),
        (f"{ENROLL} {{ enrollment {{ patient {{ displayName }} history {{ totalCount }} }} }}", ["patient-4"]),
        (
            f"{ENROLL} {{ enrollment {{ id }} }} b: {enrolling('patient-5')} {{ enrollment {{ id }} }}",
            ["patient-4", "patient-5"],
        ),
        (f"{ENROLL} {{ enrollment {{ id }} }} b: {ENROLL} {{ enrollment {{ id }} }}", ["patient-4"]),
        (f"{ENROLL} {{ enrollment {{ id }} }} {SESSION}", ["patient-4"]),
        (
            f"{ENROLL} {{ enrollment {{ {OTHERS} }} }} {DISENROLL} {{ promoted {{ id }} }}",
            ["patient-1", "patient-2", "patient-3", "patient-4"],
        ),
        (f"{DISENROLL} {{ promoted {{ id }} }} {ENROLL} {{ userErrors {{ code }} }}", ["patient-2"]),
        (f"{PROMOTE} {{ enrollment {{ id }} }} {REMOVE} {{ userErrors {{ code }} }}", ["patient-3"]),
        (f"{DISENROLL} {{ userErrors {{ code }} }} b: {STALE} {{ userErrors {{ code }} }}", ["patient-1"]),
    ],
)
async def test_a_request_adds_one_row_however_much_it_changes_and_reads(
    engine: Database, client: ApiClient, full: Full, changes: str, patients: list[str]
) -> None:
    await client.ask(full.fill(f"mutation {{ {changes} }}"))
    assert await whose(engine) == [patients]


async def test_what_was_answered_before_a_field_that_is_denied_is_recorded(
    engine: Database, full: Full, app_client: ApiClients
) -> None:
    client = await app_client(permissions=[PermissionKey.GROUP_ENROLLMENTS_CREATE])
    query = full.fill(f"mutation {{ {ENROLL} {{ enrollment {{ id }} }} {DISENROLL} {{ promoted {{ id }} }} }}")
    assert [error["extensions"]["code"] for error in (await client.answer(query))["errors"]] == ["FORBIDDEN"]
    assert await whose(engine) == [["patient-4"]]


async def test_an_access_row_costs_a_change_no_round_trip(engine: Database, client: ApiClient, full: Full) -> None:
    async def statements(change: str) -> int:
        response = await client.send(full.fill(f"mutation {{ {change} }}"))
        assert "errors" not in response.json()
        return int(response.headers["Server-Timing"].split('desc="')[1].strip('"').split()[0])

    silent = await statements(f"{ENROLL} {{ userErrors {{ code }} }}")
    with_patient = await statements(f"{enrolling('patient-5')} {{ enrollment {{ patient {{ id }} }} }}")
    with_status = await statements(f"{enrolling('patient-6')} {{ enrollment {{ status }} }}")
    if engine.dialect.name == "postgresql":
        # Lock the group, find the patient, load the roster, insert the enrollment, write the journal.
        assert (silent, with_status, with_patient) == (5, 5, 6)
    else:
        assert (with_status, with_patient) == (silent + 1, silent + 2)
    if engine.dialect.name == "postgresql":
        async with engine.connect() as connection:
            logged = await connection.scalars(text("SELECT xmin::text FROM pm_group_access_log ORDER BY at, id"))
            stored = await connection.scalars(
                select(text("xmin::text"))
                .where(enrollments.c.patient_id.in_(["patient-5", "patient-6"]))
                .order_by(enrollments.c.patient_id)
            )
            assert logged.all() == stored.all()


async def test_a_change_whose_reading_cannot_be_recorded_is_not_made(
    engine: Database, client: ApiClient, full: Full
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE pm_group_access_log"))
    before = await everything(engine)
    response = await client.send(full.fill(f"mutation {{ {DISENROLL} {{ enrollment {{ id }} promoted {{ id }} }} }}"))
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["INTERNAL_SERVER_ERROR"]
    assert await everything(engine) == before


def test_every_list_of_patients_below_an_answer_is_known() -> None:
    types = schema._schema.type_map.values()
    lists = {
        name
        for found in types
        if isinstance(found, GraphQLObjectType) and found.name != "Query"
        for name, field in found.fields.items()
        if get_named_type(field.type).name in {"EnrollmentConnection", "PatientConnection"}
    }
    assert lists == LISTS_OF_PATIENTS
