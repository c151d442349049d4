"""Subscriptions over server-sent events, over a real port."""

import asyncio
import itertools
import re
import signal
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import anyio
import anyio.lowlevel
import httpx
import orjson
import pytest
from sqlalchemy import func, select

from db.connections.engine import Database
from db.tables import access_log, outbox
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from server.auth.authenticator import Authenticator
from server.auth.signing import sign_token
from server.settings.stream_limits import StreamLimits
from tests.support.api_client import ORGANIZATION, SECRET, bearer, make_app
from tests.support.clinic import seed
from tests.support.clinic_rows import add_group
from tests.support.marked_clinic import MarkedClinic
from tests.support.relaying import record
from tests.support.served_app import serve_app
from tests.support.serving import serving
from tests.support.streams import CHANGES, LARGE_CHANGES, SECONDS, errors_of, subscribed

pytestmark = pytest.mark.anyio

ENROLL = """
mutation Enroll($group: ID!, $patient: ID!) {
  enrollPatient(input: {groupDefinitionId: $group, patientId: $patient}) { enrollment { id } userErrors { code } }
}
"""
SCHEDULE = """
mutation Schedule($group: ID!, $time: Time = "09:00") {
  createOccurrence(input: {groupDefinitionId: $group, sessionDate: "2033-01-03", startTime: $time}) {
    occurrence { id } userErrors { code }
  }
}
"""
PATIENTS = "subscription Patients { changes { id patientId } }"


@pytest.fixture
async def address(clinic: Clinic) -> AsyncIterator[str]:
    async with serve_app(make_app(clinic)) as address:
        yield address


@pytest.fixture
async def group(engine: Database) -> str:
    await seed(engine, ORGANIZATION)
    return str(await add_group(engine, "Anger management", ORGANIZATION))


async def send(address: str, query: str, **variables: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as http:
        headers = {"Authorization": bearer(subject="coordinator-2"), "X-Request-ID": "request-9"}
        return await http.post(f"{address}/graphql", json={"query": query, "variables": variables}, headers=headers)


async def test_a_change_shows_within_a_second(address: str, group: str) -> None:
    async with subscribed(address) as stream:
        assert stream.response.status_code == 200
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["cache-control"] == "no-store"
        await stream.opened()
        data = (await send(address, ENROLL, group=group, patient="patient-1")).json()["data"]
        started = time.monotonic()
        change = await stream.change()
        assert time.monotonic() - started < 1
    assert change.pop("id")
    assert change.pop("at")
    assert change == {
        "event": "pm_group_patient_enrolled",
        "groupDefinitionId": group,
        "occurrenceId": None,
        "enrollmentId": data["enrollPatient"]["enrollment"]["id"],
        "correlationId": "request-9",
        "actorId": "coordinator-2",
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_client_resumes_after_its_last_change(address: str, engine: Database, method: str) -> None:
    ids = await record(engine, [uuid4() for _ in range(7)])
    seen = [ids[0]]
    for size in (1, 2, 3):
        async with subscribed(address, method=method, after=seen[-1]) as stream:
            seen += [change["id"] for change in await stream.changes(size)]
    assert seen == ids


@pytest.mark.parametrize(
    ("key", "event"),
    [
        (PermissionKey.GROUP_SCHEDULE_VIEW, "pm_group_session_scheduled"),
        (PermissionKey.GROUP_ENROLLMENTS_VIEW, "pm_group_patient_enrolled"),
    ],
)
async def test_each_kind_is_received_by_those_who_may_view_it(
    address: str, group: str, key: PermissionKey, event: str
) -> None:
    async with subscribed(address, authorization=bearer(permissions=[key])) as stream:
        await stream.opened()
        for query, number in itertools.product((SCHEDULE, ENROLL), (1, 2)):
            await send(address, query, group=group, patient=f"patient-{number}", time=f"1{number}:00")
        assert [change["event"] for change in await stream.changes(2)] == [event, event]


async def test_a_caller_who_may_view_neither_kind_is_refused(address: str) -> None:
    keys = set(PermissionKey) - {PermissionKey.GROUP_SCHEDULE_VIEW, PermissionKey.GROUP_ENROLLMENTS_VIEW}
    async with subscribed(address, authorization=bearer(permissions=keys)) as stream:
        [error] = await errors_of(stream)
        assert error["extensions"]["code"] == "FORBIDDEN"


async def test_an_unknown_or_foreign_position_is_refused(address: str, engine: Database) -> None:
    [foreign] = await record(engine, [uuid4()], "org-2")
    for after in (foreign, str(uuid4()), "nonsense", ""):
        async with subscribed(address, after=after) as stream:
            [error] = await errors_of(stream)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["message"].startswith("`after` must be the id of a change that this organization's `changes`")


async def test_patients_are_in_the_access_log_before_they_are_sent(address: str, group: str, engine: Database) -> None:
    async with subscribed(address, PATIENTS, bearer(subject="reader-1")) as stream, subscribed(address) as other:
        await stream.opened()
        await other.opened()
        await send(address, ENROLL, group=group, patient="patient-1")
        assert (await stream.change())["patientId"] == "patient:patient-1"
        await other.change()
    async with engine.connect() as connection:
        rows = (await connection.execute(select(access_log))).all()
    readers = [(row.actor_id, row.operation, row.patient_ids) for row in rows if row.actor_id != "coordinator-2"]
    assert readers == [("reader-1", "Patients", ["patient-1"])]


async def test_nothing_but_ids_is_received(address: str, engine: Database) -> None:
    clinic = await MarkedClinic.seeded(engine, ORGANIZATION)
    [first] = await record(engine, [uuid4()])
    await clinic.add_group()
    async with engine.connect() as connection:
        count = (await connection.scalar(select(func.count()).select_from(outbox)) or 0) - 1
    async with subscribed(address, CHANGES.replace("actorId", "actorId patientId"), after=first) as stream:
        changes = await stream.changes(count)
    assert {change["patientId"] is None for change in changes} == {True, False}
    marks = r"-(name|number|reason|former|credentials)|\b1931-03|\b2033-0"
    assert re.search(marks, orjson.dumps(changes).decode()) is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { changes { id ", "GRAPHQL_PARSE_FAILED"),
        ("subscription { changes { id name } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes { id } again: changes { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes { patient { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { changes(after: 1.5) { id } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_errors_of_a_document_are_an_event(address: str, query: str, code: str) -> None:
    async with subscribed(address, query) as stream:
        assert stream.response.status_code == 200
        assert code in {error["extensions"]["code"] for error in await errors_of(stream)}


async def test_only_subscriptions_are_streams(address: str) -> None:
    async with subscribed(address, accept="application/json") as stream:
        assert stream.response.status_code == 406
    async with subscribed(address, "{ locations { totalCount } }") as stream:
        assert stream.response.status_code == 406
    both = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    async with subscribed(address, "{ locations { totalCount } }", accept=both) as stream:
        assert stream.response.status_code == 200
        assert stream.response.headers["content-type"].startswith("application/graphql-response+json")
    async with subscribed(address, accept=both) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
    async with subscribed(address, authorization="Bearer nonsense") as stream:
        assert stream.response.status_code == 401


async def test_a_caller_may_have_five_streams(address: str, clinic: Clinic) -> None:
    streams = [subscribed(address) for _ in range(5)]
    opened = [await stream.__aenter__() for stream in streams]
    async with subscribed(address) as sixth:
        assert sixth.response.status_code == 429
        body = await sixth.response.aread()
        assert b'"limit":"streams","allowed":5' in body
    async with subscribed(address, authorization=bearer(subject="other")) as stream:
        assert stream.response.status_code == 200
    await streams.pop().__aexit__(None, None, None)
    opened.pop()
    async with asyncio.timeout(20):
        while True:
            async with subscribed(address) as stream:
                if stream.response.status_code == 200:
                    break
    for context in streams:
        await context.__aexit__(None, None, None)


async def test_streams_leave_room_for_other_requests(clinic: Clinic) -> None:
    async with (
        serve_app(make_app(clinic, stream_limits=StreamLimits(total=1))) as address,
        subscribed(address),
        subscribed(address, authorization=bearer(subject="other")) as refused,
    ):
        assert refused.response.status_code == 503
        assert refused.response.headers["retry-after"] == "5"


async def test_an_idle_stream_has_a_heartbeat(clinic: Clinic) -> None:
    async with (
        serve_app(make_app(clinic, stream_limits=StreamLimits(heartbeat=0.01))) as address,
        subscribed(address) as stream,
    ):
        for _ in range(3):
            await stream.opened()


async def test_a_stream_ends_when_the_token_expires(clinic: Clinic) -> None:
    app = make_app(clinic, authenticator=Authenticator(SECRET, leeway=0))
    token = sign_token(
        SECRET, organization_id=ORGANIZATION, subject="caller-1", roles=["org_admin"], expires_in=timedelta(seconds=2)
    )
    async with serve_app(app) as address, subscribed(address, authorization=f"Bearer {token}") as stream:
        assert await stream.rest() == []  # without `complete`, so that clients subscribe again
        assert stream.comments[-1] == "TOKEN_EXPIRED"


async def test_a_stream_ends_at_sigterm(database_url: str, engine: Database) -> None:
    async with serving(database_url) as server, subscribed(server.address) as stream:
        [sent] = await record(engine, [uuid4()])
        assert (await stream.change())["id"] == sent
        server.process.send_signal(signal.SIGTERM)
        assert await stream.rest() == []
        assert stream.comments[-1] == "SERVER_RESTART"
        log = await server.ended()
        assert server.process.returncode == 0
        assert b'"outcome":"SERVER_RESTART"' in log
        assert b'"level":"ERROR"' not in log


async def test_changes_of_another_process_show_within_a_second(database_url: str, address: str, group: str) -> None:
    async with serving(database_url) as server, subscribed(server.address) as stream:
        await stream.opened()
        await send(address, SCHEDULE, group=group)
        started = time.monotonic()
        await stream.change()
        assert time.monotonic() - started < 1


async def test_a_slow_reader_is_dropped_with_a_code_and_can_resume(clinic: Clinic, engine: Database) -> None:
    limits = StreamLimits(slow_reader=0.2)
    [first] = await record(engine, [uuid4()])
    ids = await record(engine, [uuid4() for _ in range(1_000)])
    async with (
        serve_app(make_app(clinic, stream_limits=limits)) as address,
        subscribed(address, LARGE_CHANGES, after=first) as stream,
    ):
        async with asyncio.timeout(SECONDS):  # the server drops the client while it reads nothing
            while clinic.change_feed._tail is None:
                await anyio.lowlevel.checkpoint()
            await clinic.change_feed._tail
        events = await stream.rest()
        seen = [data["data"]["changes"]["id"] for _, data in events[:-1]]
        assert seen == ids[: len(seen)]
        assert len(seen) < len(ids)
        name, data = events[-1]
        assert (name, data["errors"][0]["extensions"]["code"]) == ("next", "SLOW_READER")
        async with subscribed(address, after=seen[-1]) as resumed:
            assert (await resumed.change())["id"] == ids[len(seen)]
