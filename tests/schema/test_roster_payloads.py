"""The payload of a change to a roster holds everything that changed, so that a cache shows what the server has."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from db.connections.engine import Database
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import NOW, everything, seed
from tests.support.clinic_rows import add_enrollments, add_group

pytestmark = pytest.mark.anyio

SEATS = 2
ENROLLMENT = "id status waitlistPosition version deletedAt"
ROSTER = f"""query ($id: ID!) {{ groupDefinition(id: $id) {{
  version capacity {{ enrolled waitlisted }} enrollments(first: 200) {{ nodes {{ {ENROLLMENT} }} }} }} }}"""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of two seats. The enrollments are in the order of their patients: two are seated, the others wait."""

    id: UUID
    enrollments: tuple[UUID, ...]

    def fill(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return an input with ids in place of "group" and of the numbers of patients."""
        ids: dict[str, Any] = {"groupDefinitionId": self.id, "id": self.id}
        if "enrollmentId" in values:
            ids["enrollmentId"] = self.enrollments[values["enrollmentId"] - 1]
        return values | {name: str(value) for name, value in ids.items() if name in values}


@dataclass(frozen=True, slots=True)
class Change:
    """A mutation with its input, and the numbers of the patients whose enrollments it changes, in order."""

    mutation: str
    input: dict[str, Any]
    changed: tuple[int, ...]
    key: PermissionKey = PermissionKey.GROUP_ENROLLMENTS_EDIT

    def document(self, selection: str) -> str:
        name = f"{self.mutation[0].upper()}{self.mutation[1:]}"
        return f"mutation ($input: {name}Input!) {{ {self.mutation}(input: $input) {{ {selection} }} }}"

    async def payload(self, client: ApiClient, group: Group, selection: str) -> dict[str, Any]:
        data = await client.execute(self.document(selection), {"input": group.fill(self.input)})
        payload: dict[str, Any] = data[self.mutation]
        return payload


ENROLL = Change(
    "enrollPatient",
    {"groupDefinitionId": "group", "patientId": "patient-7"},
    (7,),
    PermissionKey.GROUP_ENROLLMENTS_CREATE,
)
DISENROLL = Change("disenrollPatient", {"enrollmentId": 1}, (1, 3, 4, 5, 6))
LEAVE_WAITLIST = Change("disenrollPatient", {"enrollmentId": 4}, (4, 5, 6))
REMOVE = Change("removeEnrollment", {"enrollmentId": 2}, (2, 3, 4, 5, 6), PermissionKey.GROUP_ENROLLMENTS_DELETE)
PROMOTE = Change("promoteEnrollment", {"enrollmentId": 5, "allowOverCapacity": True}, (5, 6))
MOVE_UP = Change("moveWaitlistedEnrollment", {"enrollmentId": 6, "position": 1}, (6, 3, 4, 5))
MOVE_DOWN = Change("moveWaitlistedEnrollment", {"enrollmentId": 3, "position": 3}, (3, 4, 5))
STAY = Change("moveWaitlistedEnrollment", {"enrollmentId": 6, "position": 4}, ())
RAISE = Change("updateGroupDefinition", {"id": "group", "maxCapacity": 4}, (3, 4, 5, 6))
LOWER = Change("updateGroupDefinition", {"id": "group", "maxCapacity": 1}, ())
CHANGES = [ENROLL, DISENROLL, LEAVE_WAITLIST, REMOVE, PROMOTE, MOVE_UP, MOVE_DOWN, STAY, RAISE, LOWER]
REFUSED = [
    replace(ENROLL, input={"groupDefinitionId": "group", "patientId": "nobody"}),
    replace(DISENROLL, input={"enrollmentId": 1, "expectedVersion": 9}),
    replace(PROMOTE, input={"enrollmentId": 5}),
    replace(MOVE_UP, input={"enrollmentId": 6, "position": 9}),
    replace(RAISE, input={"id": "group", "maxCapacity": 4, "expectedVersion": 9}),
]


async def add_full_group(engine: Database, waiting: int = 4) -> Group:
    group = await add_group(engine, "Group", ORGANIZATION, max_capacity=SEATS)
    enrollments = await add_enrollments(engine, group, ["patient-1", "patient-2"], ORGANIZATION)
    for position in range(1, waiting + 1):
        waits: dict[str, Any] = {
            "status": "WAITLISTED",
            "enrolled_at": None,
            "waitlist_position": position,
            "waitlisted_at": NOW + timedelta(minutes=position),
        }
        enrollments += await add_enrollments(engine, group, [f"patient-{SEATS + position}"], ORGANIZATION, **waits)
    return Group(group, tuple(enrollments))


@pytest.fixture
async def group(engine: Database) -> Group:
    await seed(engine, ORGANIZATION, patient_count=22)
    return await add_full_group(engine)


@pytest.fixture(params=["compiled", "graphql-core"])
async def app_client(request: pytest.FixtureRequest, clinic: Clinic) -> AsyncIterator[ApiClients]:
    async with clients_of(make_app(clinic, compiled=request.param == "compiled")) as clients:
        yield clients


async def roster_of(client: ApiClient, group: Group) -> dict[str, Any]:
    roster: dict[str, Any] = (await client.execute(ROSTER, {"id": str(group.id)}))["groupDefinition"]
    return roster


def by_id(enrollments: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {enrollment["id"]: enrollment for enrollment in enrollments if enrollment["deletedAt"] is None}


def statements(response: httpx.Response) -> int:
    return int(response.headers["Server-Timing"].split('desc="')[1].strip('"').split()[0])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.mutation}-{len(change.changed)}")
async def test_a_cache_with_the_payload_shows_the_servers_roster(
    app_client: ApiClients, group: Group, change: Change
) -> None:
    client = await app_client()
    before = await roster_of(client, group)
    seats = "groupDefinition { version capacity { enrolled waitlisted } }"
    payload = await change.payload(
        client, group, f"changedEnrollments {{ {ENROLLMENT} }} {seats} userErrors {{ code }}"
    )
    after = await roster_of(client, group)
    changed, cached = payload["changedEnrollments"], by_id(before["enrollments"]["nodes"])
    assert all(cached.get(enrollment["id"]) != enrollment for enrollment in changed)
    removed = {enrollment["id"] for enrollment in changed} - by_id(changed).keys()
    left = {key: enrollment for key, enrollment in cached.items() if key not in removed}
    assert left | by_id(changed) == by_id(after["enrollments"]["nodes"])
    assert payload["groupDefinition"] == {name: after[name] for name in ("version", "capacity")}
    assert payload["userErrors"] == []


@pytest.mark.parametrize("change", CHANGES[1:], ids=lambda change: f"{change.mutation}-{len(change.changed)}")
async def test_changed_enrollments_are_in_the_documented_order(
    app_client: ApiClients, group: Group, change: Change
) -> None:
    payload = await change.payload(await app_client(), group, "changedEnrollments { id }")
    ids = [str(group.enrollments[number - 1]) for number in change.changed]
    assert [enrollment["id"] for enrollment in payload["changedEnrollments"]] == ids


async def test_a_move_to_the_same_position_has_its_enrollment(app_client: ApiClients, group: Group) -> None:
    payload = await STAY.payload(
        await app_client(), group, "enrollment { id waitlistPosition } changedEnrollments { id } groupDefinition { id }"
    )
    assert payload == {
        "enrollment": {"id": str(group.enrollments[5]), "waitlistPosition": 4},
        "changedEnrollments": [],
        "groupDefinition": {"id": str(group.id)},
    }


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.mutation)
async def test_a_refused_change_touches_nothing(app_client: ApiClients, group: Group, change: Change) -> None:
    selection = "groupDefinition { id } changedEnrollments { id } userErrors { code enrollment { id } }"
    payload = await change.payload(await app_client(), group, selection)
    assert (payload["groupDefinition"], payload["changedEnrollments"]) == (None, [])
    assert [error["enrollment"] for error in payload["userErrors"]] == [None]


@pytest.mark.parametrize("change", [ENROLL, DISENROLL, REMOVE, PROMOTE, MOVE_UP], ids=lambda change: change.mutation)
async def test_the_group_of_a_payload_is_denied_alone(
    engine: Database, app_client: ApiClients, group: Group, change: Change
) -> None:
    client = await app_client(permissions=[change.key])
    document = change.document("changedEnrollments { id } groupDefinition { name } userErrors { code }")
    response = await client.try_execute(document, {"input": group.fill(change.input)})
    payload = response["data"][change.mutation]
    assert len(payload["changedEnrollments"]) == len(change.changed)
    assert (payload["groupDefinition"], payload["userErrors"]) == (None, [])
    [error] = response["errors"]
    assert error["path"] == [change.mutation, "groupDefinition"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["extensions"]["requiredPermission"] == "pm.group_definitions.view"
    assert len((await everything(engine)).history) == len(change.changed)


@pytest.mark.parametrize("change", [DISENROLL, REMOVE, PROMOTE, MOVE_UP], ids=lambda change: change.mutation)
async def test_a_payload_takes_as_many_statements_for_any_waitlist(
    engine: Database, app_client: ApiClients, group: Group, change: Change
) -> None:
    client = await app_client()
    counts = []
    for selection in (
        "userErrors { code }",
        "changedEnrollments { id status waitlistPosition version } groupDefinition { name maxCapacity }",
        "changedEnrollments { id } groupDefinition { capacity { enrolled waitlisted } }",
        "changedEnrollments { id groupDefinition { name } }",
    ):
        for waiting in (4, 20):
            other = await add_full_group(engine, waiting)
            response = await client.send(change.document(selection), {"input": other.fill(change.input)})
            assert "errors" not in response.json()
            counts.append(statements(response))
    bare = counts[0]
    assert counts == [bare] * 4 + [bare + 1] * 4


async def test_a_payload_too_large_to_send_is_refused_before_the_change(
    engine: Database, app_client: ApiClients, group: Group
) -> None:
    rosters = "groupDefinition { enrollments(first: 200) { nodes { id status version patient { displayName } } } }"
    document = DISENROLL.document(f"changedEnrollments {{ {rosters} }}")
    response = await (await app_client()).try_execute(document, {"input": group.fill(DISENROLL.input)})
    [error] = response["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert (await everything(engine)).history == []


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (replace(ENROLL, input=ENROLL.input | {"patientId": "patient-1"}), 1),
        (replace(ENROLL, input=ENROLL.input | {"patientId": "patient-4"}), 4),
        (replace(PROMOTE, input={"enrollmentId": 2}), 2),
        (replace(MOVE_UP, input={"enrollmentId": 1, "position": 1}), 1),
    ],
)
async def test_already_enrolled_names_the_enrollment(
    app_client: ApiClients, group: Group, change: Change, number: int
) -> None:
    payload = await change.payload(
        await app_client(), group, "userErrors { code enrollment { id waitlistPosition patient { displayName } } }"
    )
    enrollment = {
        "id": str(group.enrollments[number - 1]),
        "waitlistPosition": number - SEATS if number > SEATS else None,
        "patient": {"displayName": f"Patient {number}"},
    }
    assert payload["userErrors"] == [{"code": "ALREADY_ENROLLED", "enrollment": enrollment}]


async def test_who_may_only_enroll_does_not_learn_which_enrollment_there_is(
    app_client: ApiClients, group: Group
) -> None:
    client = await app_client(permissions=[PermissionKey.GROUP_ENROLLMENTS_CREATE])
    again = replace(ENROLL, input=ENROLL.input | {"patientId": "patient-1"})
    document = again.document("userErrors { code message enrollment { id } }")
    response = await client.try_execute(document, {"input": group.fill(again.input)})
    [user_error] = response["data"]["enrollPatient"]["userErrors"]
    assert user_error["enrollment"] is None
    assert str(group.enrollments[0]) not in user_error["message"]
    [error] = response["errors"]
    assert error["path"] == ["enrollPatient", "userErrors", 0, "enrollment"]
    assert error["extensions"]["requiredPermission"] == "pm.group_enrollments.view"
