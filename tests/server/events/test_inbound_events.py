"""POST /events: a documented session is completed once. Other requests are rejected and change nothing."""

import asyncio
import json
import logging
import uuid
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook
from starlette.applications import Starlette

from db.connections.engine import Database, create_engine
from domain.refusal import FaultCode, Refusal
from domain.wall_time import instant
from resolvers.commands.groups import delete_group
from resolvers.commands.sessions import cancel_occurrence, create_occurrence, update_occurrence
from resolvers.context import Clinic
from server.runtime.clock import now
from tests.support.api_client import http_client, make_app
from tests.support.clinic import OURS, THEIRS, context, everything, make_group, seed
from tests.support.clinic import clinic as clinic_at
from tests.support.clinic_rows import add_group, add_sessions
from tests.support.invariants import assert_invariants
from tests.support.receiver import SECRET

pytestmark = pytest.mark.anyio

OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
MARKER = "Marguerite-Zyx"

# These requests are rejected before the first query, so one kind of database is enough.
before_the_database = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def app(clinic: Clinic) -> Starlette:
    return make_app(clinic, inbound_secret=SECRET)


@pytest.fixture
async def session(engine: Database) -> str:
    await seed(engine)
    group = await add_group(engine, "Anger")
    (session_id,) = await add_sessions(engine, group, [date(2026, 11, 23)])
    return str(session_id)


def documented(schedule_id: str, organization: str = OURS, **metadata: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "event": "group_session_documented",
        "publisher": "CL",
        "subscriber": ["PM"],
        "payload": {"schedule_id": schedule_id, "note": "to be ignored"},
        "metadata": {"organization_id": organization, "user_id": "therapist-1", "timestamp": "2026-12-01"} | metadata,
    }


def signed(body: str, *, secret: str = SECRET, late: timedelta = timedelta()) -> dict[str, str]:
    moment = now() - late
    return {
        "content-type": "application/json",
        "webhook-id": "msg-1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg-1", moment, body),
    }


async def post(app: Starlette, body: str | bytes, headers: dict[str, str], method: str = "POST") -> httpx.Response:
    async with http_client(app) as client:
        return await client.request(method, "/events", content=body, headers=headers)


async def send(app: Starlette, envelope: Any) -> httpx.Response:
    body = json.dumps(envelope)
    return await post(app, body, signed(body))


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/json"
    (error,) = response.json()["errors"]
    assert error["message"].endswith(".")
    assert MARKER not in response.text
    return response.status_code, error["extensions"]["code"]


async def test_a_documented_session_is_completed_with_history_and_no_event(
    engine: Database, app: Starlette, session: str
) -> None:
    response = await send(app, documented(session, correlation_id="note-42"))
    assert (response.status_code, response.json()) == (200, {"schedule_id": session, "status": "COMPLETED"})
    stored = await everything(engine)
    assert [(row["status"], row["version"]) for row in stored.sessions] == [("COMPLETED", 2)]
    (entry,) = stored.history
    assert (entry["action"], entry["actor_id"], entry["correlation_id"]) == ("completed", "therapist-1", "note-42")
    assert entry["changes"] == [{"field": "status", "before": "SCHEDULED", "after": "COMPLETED"}]
    assert stored.events == []  # no event that could be billed


async def test_a_session_of_a_deleted_group_is_completed_with_history(engine: Database, app: Starlette) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await create_occurrence(context(engine), str(group.id), date(2026, 11, 23), time(9))
    await delete_group(context(engine), str(group.id))
    events = (await everything(engine)).events
    assert (await send(app, documented(str(session.id)))).status_code == 200
    assert (await everything(engine)).events == events
    await assert_invariants(engine)


async def test_a_completed_session_is_neither_edited_nor_cancelled(
    engine: Database, app: Starlette, session: str
) -> None:
    await send(app, documented(session))
    before = await everything(engine)
    for attempt in (
        cancel_occurrence(context(engine), session, "snow"),
        update_occurrence(context(engine), session, {"start_time": time(11)}),
    ):
        with pytest.raises(Refusal) as refusal:
            await attempt
        assert [fault.code for fault in refusal.value.faults] == [FaultCode.OCCURRENCE_COMPLETED]
    assert await everything(engine) == before


async def test_without_a_database_the_sender_is_asked_to_retry(clinic: Clinic) -> None:
    unreachable = create_engine("postgresql://nobody@127.0.0.1:1/nowhere")
    app = make_app(replace(clinic, engine=unreachable), inbound_secret=SECRET)
    response = await send(app, documented(str(uuid.uuid4())))
    assert code(response) == (503, "UNAVAILABLE")
    assert int(response.headers["retry-after"]) > 0
    await unreachable.dispose()


async def test_the_request_log_names_sender_event_and_outcome_only(
    app: Starlette, session: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "group_sessions.requests")
    envelope = documented(session)
    envelope["payload"]["note"] = MARKER
    await send(app, envelope)
    await send(app, envelope | {"event": MARKER})
    lines = [record.__dict__["fields"] for record in caplog.records]
    assert [(line["path"], line["operation_name"], line["outcome"]) for line in lines] == [
        ("/events", "group_session_documented", "ok"),
        ("/events", None, "UNKNOWN_EVENT"),
    ]
    assert (lines[0]["caller_id"], lines[0]["organization_id"]) == ("therapist-1", OURS)
    assert MARKER not in str(lines)


async def test_a_repeated_event_completes_the_session_once(engine: Database, app: Starlette, session: str) -> None:
    first = await send(app, documented(session))
    before = await everything(engine)
    again = await send(app, documented(session, user_id="someone-else"))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert await everything(engine) == before


async def test_concurrent_events_complete_the_session_once(engine: Database, app: Starlette, session: str) -> None:
    responses = await asyncio.gather(*(send(app, documented(session)) for _ in range(4)))
    assert [response.status_code for response in responses] == [200] * 4
    stored = await everything(engine)
    assert [row["version"] for row in stored.sessions] == [2]
    assert len(stored.history) == 1


async def test_without_a_user_the_actor_is_the_module(engine: Database, app: Starlette, session: str) -> None:
    envelope = documented(session)
    del envelope["metadata"]["user_id"]
    assert (await send(app, envelope)).status_code == 200
    assert [entry["actor_id"] for entry in (await everything(engine)).history] == ["CL-14"]


async def test_a_cancelled_session_is_not_completed(engine: Database, app: Starlette, session: str) -> None:
    await cancel_occurrence(context(engine), session, "snow")
    before = await everything(engine)
    assert code(await send(app, documented(session))) == (409, "OCCURRENCE_CANCELLED")
    assert await everything(engine) == before


@pytest.mark.parametrize("minutes", [15, 16])
async def test_a_session_is_documented_from_15_minutes_before_its_start(engine: Database, minutes: int) -> None:
    await seed(engine)
    group = await add_group(engine, "Anger")
    (session_id,) = await add_sessions(engine, group, [date(2026, 11, 24)], start_time=time(10))
    start = instant(date(2026, 11, 24), time(10), "America/Phoenix")
    app = make_app(clinic_at(engine, start - timedelta(minutes=minutes)), inbound_secret=SECRET)
    before = await everything(engine)
    response = await send(app, documented(str(session_id)))
    if minutes == 15:
        assert response.json() == {"schedule_id": str(session_id), "status": "COMPLETED"}
        assert [entry["action"] for entry in (await everything(engine)).history] == ["completed"]
        return
    assert code(response) == (409, "SESSION_NOT_STARTED")
    assert response.json()["errors"][0]["message"] == (
        "The session has not begun. It can be documented from 15 minutes before its start."
    )
    assert await everything(engine) == before


@pytest.mark.parametrize("schedule_id", ["01890000-0000-7000-8000-000000000000", "no-uuid", "é"])
async def test_an_unknown_session_is_rejected(app: Starlette, session: str, schedule_id: str) -> None:
    assert code(await send(app, documented(schedule_id))) == (404, "UNKNOWN_SESSION")


async def test_a_session_of_another_organization_is_unknown(engine: Database, app: Starlette, session: str) -> None:
    before = await everything(engine)
    assert code(await send(app, documented(session, THEIRS))) == (404, "UNKNOWN_SESSION")
    assert await everything(engine) == before


@before_the_database
@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": MARKER},
        {"webhook-signature": "v1,not base64, and, commas"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-signature": ""},
        {"webhook-id": "msg-2"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": ""},
    ],
)
async def test_a_bad_signature_is_rejected(
    engine: Database, app: Starlette, session: str, change: dict[str, str]
) -> None:
    body = json.dumps(documented(session))
    assert code(await post(app, body, signed(body) | change)) == (401, "BAD_SIGNATURE")
    assert (await everything(engine)).history == []


async def test_a_missing_signature_wrong_secret_or_other_body_is_rejected(
    engine: Database, app: Starlette, session: str
) -> None:
    body = json.dumps(documented(session))
    assert code(await post(app, body, {})) == (401, "BAD_SIGNATURE")
    assert code(await post(app, body, signed(body, secret=OTHER_SECRET))) == (401, "BAD_SIGNATURE")
    assert code(await post(app, body + " ", signed(body))) == (401, "BAD_SIGNATURE")
    assert code(await post(app, b"\xff\xfe", signed(body))) == (401, "BAD_SIGNATURE")
    assert (await everything(engine)).history == []


async def test_any_of_several_secrets_is_accepted_and_no_other(clinic: Clinic, session: str) -> None:
    both = f"{OTHER_SECRET}, {SECRET}"
    app = make_app(clinic, inbound_secret=both)
    body = json.dumps(documented(session))
    for secret in (SECRET, OTHER_SECRET):
        assert (await post(app, body, signed(body, secret=secret))).status_code == 200
    assert code(await post(app, body, signed(body, secret="whsec_" + "A" * 32))) == (401, "BAD_SIGNATURE")


@pytest.mark.parametrize("late", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_an_old_or_a_future_timestamp_is_rejected(
    engine: Database, app: Starlette, session: str, late: timedelta
) -> None:
    body = json.dumps(documented(session))
    assert code(await post(app, body, signed(body, late=late))) == (401, "TIMESTAMP_REFUSED")
    assert (await everything(engine)).history == []


async def test_one_of_several_signatures_is_enough(app: Starlette, session: str) -> None:
    body = json.dumps(documented(session))
    headers = signed(body)
    headers["webhook-signature"] = f"v1,AAAA v2,AAAA {headers['webhook-signature']}"
    assert (await post(app, body, headers)).status_code == 200


@before_the_database
@pytest.mark.parametrize("event", ["pm_group_session_scheduled", "", MARKER])
async def test_an_unknown_event_is_rejected(app: Starlette, session: str, event: str) -> None:
    assert code(await send(app, documented(session) | {"event": event})) == (422, "UNKNOWN_EVENT")


@before_the_database
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payload": {}}, "payload.schedule_id"),
        ({"payload": {"schedule_id": 5}}, "payload.schedule_id"),
        ({"payload": {"schedule_id": MARKER + "\x00"}}, "payload.schedule_id"),
        ({"payload": {"schedule_id": "x" * 65}}, "payload.schedule_id"),
        ({"payload": [MARKER]}, "payload"),
        ({"metadata": {}}, "metadata.organization_id"),
        ({"metadata": {"organization_id": ""}}, "metadata.organization_id"),
        ({"metadata": {"organization_id": "o", "user_id": "a\nb"}}, "metadata.user_id"),
        ({"metadata": None}, "metadata"),
    ],
)
async def test_an_invalid_envelope_is_rejected_with_the_invalid_fields(
    app: Starlette, session: str, change: dict[str, Any], field: str
) -> None:
    response = await send(app, documented(session) | change)
    assert code(response) == (400, "BAD_REQUEST")
    assert field in response.json()["errors"][0]["message"]


@before_the_database
@pytest.mark.parametrize("body", ["", "{", "5", "null", '"text"', "[]", "{}", '{"event": 5}', "[" * 5000, "1" * 5000])
async def test_a_body_that_is_no_event_is_rejected(app: Starlette, body: str) -> None:
    assert code(await post(app, body, signed(body))) == (400, "BAD_REQUEST")


@before_the_database
async def test_a_signed_body_over_the_limit_is_rejected(app: Starlette, session: str) -> None:
    body = json.dumps(documented(session)) + " " * 65_536
    assert code(await post(app, body, signed(body))) == (413, "BODY_TOO_LARGE")


@before_the_database
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_than_post_are_rejected(app: Starlette, method: str) -> None:
    response = await post(app, "", {}, method)
    assert code(response) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"


async def test_without_a_secret_no_event_is_accepted(engine: Database, clinic: Clinic, session: str) -> None:
    closed = make_app(clinic)
    assert code(await send(closed, documented(session))) == (404, "NOT_FOUND")
    assert (await everything(engine)).history == []
