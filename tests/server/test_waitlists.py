"""The waitlist over HTTP: its limit, and its times if the clocks of two servers differ."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from db.connections.engine import Database
from resolvers.context import Clinic
from tests.support.api_client import ORGANIZATION, ApiClient, ApiClients, clients_of, make_app
from tests.support.clinic import seed

pytestmark = pytest.mark.anyio

CREATE = """mutation { createGroupDefinition(input: {name: "Mornings", groupType: THERAPY, facilitatorId: "staff-1",
  maxCapacity: 1, durationMinutes: 60}) { groupDefinition { id } userErrors { code message } } }"""
ENROLL = """mutation ($group: ID!, $patient: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: $patient}) {
    enrollment { id status waitlistedAt } userErrors { code message field } } }"""
DISENROLL = """mutation ($id: ID!) { disenrollPatient(input: {enrollmentId: $id}) {
  promoted { waitlistedAt promotedAt } userErrors { code } } }"""


@pytest.fixture
async def servers(engine: Database, clinic: Clinic) -> AsyncIterator[tuple[ApiClient, ApiClient]]:
    """A client of a server whose clock is ten minutes ahead, and a client of a server whose clock is right."""
    await seed(engine, ORGANIZATION)
    ahead = replace(clinic, clock=lambda: clinic.clock() + timedelta(minutes=10))
    apps = [make_app(clinic_of_server) for clinic_of_server in (ahead, clinic)]
    async with AsyncExitStack() as clients:
        first, second = [await ApiClients(app, clients)() for app in apps]
        yield first, second


async def test_a_promotion_is_never_earlier_than_the_start_of_the_wait(servers: tuple[ApiClient, ApiClient]) -> None:
    ahead, right = servers
    group = (await right.execute(CREATE))["createGroupDefinition"]["groupDefinition"]["id"]
    seated, waiting = [
        (await ahead.execute(ENROLL, {"group": group, "patient": patient}))["enrollPatient"]["enrollment"]
        for patient in ("patient-1", "patient-2")
    ]
    assert waiting["status"] == "WAITLISTED"
    [promoted] = (await right.execute(DISENROLL, {"id": seated["id"]}))["disenrollPatient"]["promoted"]
    assert promoted["promotedAt"] >= promoted["waitlistedAt"] == waiting["waitlistedAt"]


async def test_a_full_waitlist_refuses_a_patient_and_names_its_limit(engine: Database, clinic: Clinic) -> None:
    await seed(engine, ORGANIZATION)
    app = make_app(replace(clinic, waitlist_limit=2))
    async with clients_of(app) as clients:
        client = await clients()
        group = (await client.execute(CREATE))["createGroupDefinition"]["groupDefinition"]["id"]
        payloads = [
            (await client.execute(ENROLL, {"group": group, "patient": f"patient-{number}"}))["enrollPatient"]
            for number in range(1, 5)
        ]
    statuses = [payload["enrollment"] and payload["enrollment"]["status"] for payload in payloads]
    assert statuses == ["ENROLLED", "WAITLISTED", "WAITLISTED", None]
    [error] = payloads[-1]["userErrors"]
    assert error["code"] == "WAITLIST_FULL"
    assert "At most 2 patients may wait" in error["message"]
