"""The waitlist over HTTP: its bound, and its times where the clocks of two servers are apart."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from db.connections.engine import Database
from resolvers.context import Clinic
from server.app import create_app
from server.auth.authenticator import Authenticator
from tests.support.api_client import ORGANIZATION, SECRET, ApiClient, ApiClients
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
    """A client of a server whose clock is ten minutes ahead, and one of a server whose clock is right."""
    await seed(engine, ORGANIZATION)
    ahead = replace(clinic, clock=lambda: clinic.clock() + timedelta(minutes=10))
    apps = [create_app(each, Authenticator(SECRET), graphiql=False) for each in (ahead, clinic)]
    async with AsyncExitStack() as clients:
        first, second = [await ApiClients(app, clients)() for app in apps]
        yield first, second


async def test_a_promotion_is_never_told_before_the_wait_began(servers: tuple[ApiClient, ApiClient]) -> None:
    ahead, right = servers
    group = (await right.ask(CREATE))["createGroupDefinition"]["groupDefinition"]["id"]
    seated, waiting = [
        (await ahead.ask(ENROLL, {"group": group, "patient": patient}))["enrollPatient"]["enrollment"]
        for patient in ("patient-1", "patient-2")
    ]
    assert waiting["status"] == "WAITLISTED"
    [promoted] = (await right.ask(DISENROLL, {"id": seated["id"]}))["disenrollPatient"]["promoted"]
    assert promoted["promotedAt"] >= promoted["waitlistedAt"] == waiting["waitlistedAt"]


async def test_a_full_waitlist_refuses_one_more_and_names_its_bound(engine: Database, clinic: Clinic) -> None:
    await seed(engine, ORGANIZATION)
    app = create_app(replace(clinic, waitlist_limit=2), Authenticator(SECRET), graphiql=False)
    async with AsyncExitStack() as clients:
        client = await ApiClients(app, clients)()
        group = (await client.ask(CREATE))["createGroupDefinition"]["groupDefinition"]["id"]
        answers = [
            (await client.ask(ENROLL, {"group": group, "patient": f"patient-{number}"}))["enrollPatient"]
            for number in range(1, 5)
        ]
    statuses = [answer["enrollment"] and answer["enrollment"]["status"] for answer in answers]
    assert statuses == ["ENROLLED", "WAITLISTED", "WAITLISTED", None]
    [error] = answers[-1]["userErrors"]
    assert error["code"] == "WAITLIST_FULL"
    assert "At most 2 patients may wait" in error["message"]
