"""Relays as processes: killed during a delivery, stopped by signals, and inside the server."""

import json
import signal
import uuid
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from db.connections.engine import Database
from tests.support.api_client import SECRET as TOKEN_SECRET
from tests.support.api_client import bearer
from tests.support.clinic import seed
from tests.support.processes import free_port, running_command, wait_for_exit
from tests.support.receiver import SECRET, HeldResponse, Receiver
from tests.support.relaying import let_time_pass, nothing_is_due, parked, record, relays, webhook

pytestmark = pytest.mark.anyio

ONE = uuid.UUID(int=1)


async def test_a_relay_killed_during_a_delivery_loses_nothing(
    database_url: str, engine: Database, receiver: Receiver, tmp_path: Path
) -> None:
    response = HeldResponse()
    receiver.respond = response
    ids = await record(engine, [ONE, ONE])
    settings = {
        "DATABASE_URL": database_url,
        "EVENTS_WEBHOOK_URL": receiver.url,
        "EVENTS_WEBHOOK_SECRET": SECRET,
    }
    async with running_command("relay", cwd=tmp_path, **settings) as relay:
        await receiver.received(1)
        relay.kill()
        await wait_for_exit(relay)
    response.release()
    # Until the lease expires, no other relay may deliver the event, because the killed one may still be delivering it.
    await let_time_pass(engine, timedelta(minutes=5))
    async with relays(engine, webhook(receiver)):
        await receiver.received(3)
    assert receiver.ids() == [ids[0], ids[0], ids[1]]
    assert receiver.deliveries[0].body == receiver.deliveries[1].body
    assert await nothing_is_due(engine)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_relay_after_the_delivery_in_progress(
    number: signal.Signals, database_url: str, engine: Database, receiver: Receiver, tmp_path: Path
) -> None:
    response = HeldResponse(500)
    receiver.respond = response
    ids = await record(engine, [ONE, ONE])
    settings = {
        "DATABASE_URL": database_url,
        "EVENTS_WEBHOOK_URL": receiver.url,
        "EVENTS_WEBHOOK_SECRET": SECRET,
        "EVENTS_WEBHOOK_TRIES": "1",
    }
    async with running_command("relay", cwd=tmp_path, **settings) as relay:
        await receiver.received(1)
        relay.send_signal(number)
        response.release()
        status, stderr = await wait_for_exit(relay)
    assert status == 0, stderr
    assert receiver.ids() == ids[:1]
    assert [str(event["id"]) for event in await parked(engine)] == ids[:1]
    assert [json.loads(line)["outcome"] for line in stderr.splitlines()] == ["parked"]


async def test_the_server_delivers_the_events_of_its_mutations(
    database_url: str, engine: Database, receiver: Receiver, tmp_path: Path
) -> None:
    await seed(engine, "org-1")
    settings = {
        "DATABASE_URL": database_url,
        "AUTH_JWT_SECRET": TOKEN_SECRET,
        "EVENTS_WEBHOOK_URL": receiver.url,
        "EVENTS_WEBHOOK_SECRET": SECRET,
    }
    create = """mutation { createGroupDefinition(input: {name: "Anger", groupType: THERAPY, facilitatorId: "staff-1",
        maxCapacity: 2, durationMinutes: 60}) { groupDefinition { id } } }"""
    enroll = """mutation($group: ID!) { enrollPatient(input: {groupDefinitionId: $group, patientId: "patient-1"}) {
        enrollment { id } } }"""
    port = free_port()
    async with running_command("serve", "--port", str(port), "--workers", "2", cwd=tmp_path, **settings) as server:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": bearer()},
            transport=httpx.AsyncHTTPTransport(retries=20),
            timeout=30,
        ) as client:
            created = (await client.post("/graphql", json={"query": create})).json()
            group = created["data"]["createGroupDefinition"]["groupDefinition"]["id"]
            response = await client.post("/graphql", json={"query": enroll, "variables": {"group": group}})
            enrollment = response.json()["data"]["enrollPatient"]["enrollment"]["id"]
        (delivery,) = await receiver.received(1)
        server.send_signal(signal.SIGTERM)
        status, stderr = await wait_for_exit(server)
    assert status == 0, stderr
    assert delivery.envelope["event"] == "pm_group_patient_enrolled"
    assert delivery.envelope["payload"]["enrollment_id"] == enrollment
    assert len(receiver.deliveries) == 1


async def test_a_relay_without_a_sink_names_the_settings(tmp_path: Path) -> None:
    async with running_command("relay", cwd=tmp_path) as relay:
        status, stderr = await wait_for_exit(relay)
    assert status == 1
    assert "EVENTS_WEBHOOK_URL" in stderr
    assert len(stderr.splitlines()) == 1
