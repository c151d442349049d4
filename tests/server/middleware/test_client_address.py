"""The client's address in the request log and in the access log. Only trusted proxies can set it."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from typing import Any

import orjson
import pytest
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.migrations.migrate import migrate
from db.tables import access_log
from server.middleware.client_address import TrustedProxies, parse_networks
from tests.support.api_client import ORGANIZATION
from tests.support.clinic import NOW, seed
from tests.support.old_schema import migrate_to
from tests.support.processes import child_environment
from tests.support.repository import ROOT
from tests.support.serving import serving

QUERY = '{ patient(id: "patient-1") { displayName } }'
PROXIES = parse_networks("10.0.0.7, 10.1.0.0/16 2001:db8::/32")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1, 10.0.0.7"], "203.0.113.9"),
        ("10.0.0.7", [], "10.0.0.7"),
        ("10.0.0.7", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.7", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.7", ["192.0.2.66", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("10.0.0.7", ["10.1.2.3, 10.1.2.4"], "10.1.2.3"),
        ("10.0.0.7", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.7", ["[2001:db9::1]:4711"], "2001:db9::1"),
        ("10.0.0.7", ["2001:DB9:0::1"], "2001:db9::1"),
        ("10.0.0.7", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.7", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8::7", ["fe80::1%eth0"], "fe80::1"),
        ("10.0.0.7", ["unknown"], "10.0.0.7"),
        ("10.0.0.7", ["198.51.100.1, "], "10.0.0.7"),
        ("10.0.0.7", ["198.51.100.1, _hidden, 10.1.2.3"], "10.1.2.3"),
        ("10.0.0.7", ["198.51.100.1:4711:1"], "10.0.0.7"),
        ("10.0.0.7", ["[2001:db9::1"], "10.0.0.7"),
        ("10.0.0.7", ["1" * 100_000], "10.0.0.7"),
    ],
)
def test_the_client_address_is_the_rightmost_that_is_no_trusted_proxy(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert TrustedProxies(PROXIES).resolve(scope(peer, *forwarded)) == client


def scope(peer: str, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return {"client": (peer, 4711), "scheme": "http", "headers": [*headers, (b"x-forwarded-proto", b"https")]}


@pytest.mark.parametrize(("peer", "scheme"), [("10.0.0.7", "https"), ("203.0.113.9", "http")])
def test_only_trusted_proxies_can_set_the_scheme(peer: str, scheme: str) -> None:
    request = scope(peer, "198.51.100.1")
    TrustedProxies(PROXIES).resolve(request)
    assert request["scheme"] == scheme


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("settings", "client"), [({}, "127.0.0.1"), ({"TRUSTED_PROXIES": "127.0.0.0/8"}, "198.51.100.1")]
)
async def test_the_request_log_and_the_access_log_have_the_client_address(
    engine: Database, database_url: str, owner_url: str, settings: dict[str, str], client: str
) -> None:
    await seed(engine, ORGANIZATION)
    async with serving(database_url, 1, **settings) as server:
        response = await server.post(QUERY, {}, **{"X-Forwarded-For": "192.0.2.66, 198.51.100.1"})
        assert response.json()["data"]["patient"]["displayName"] == "Patient 1"
        server.process.terminate()
        log = await server.ended()
    requests = [line for line in map(orjson.loads, log.splitlines()) if line["message"] == "request"]
    assert [line["client_address"] for line in requests if line["path"] == "/graphql"] == [client]
    assert [(read["client_address"], read["patient_ids"]) for read in await reads(owner_url)] == [
        (client, ["patient-1"])
    ]


async def reads(owner_url: str) -> list[dict[str, Any]]:
    command = (sys.executable, "-m", "server", "reads", "--organization", ORGANIZATION)
    environment = child_environment(DATABASE_URL=owner_url)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=ROOT, env=environment)
    out, _ = await process.communicate()
    return [orjson.loads(line) for line in out.splitlines()]


@pytest.mark.anyio
async def test_access_log_rows_without_an_address_survive_the_migration(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    await migrate_to(engine, "0012")
    old = {"id": uuid7(), "organization_id": ORGANIZATION, "at": NOW, "actor_id": "nurse-1"}
    old |= {"operation": "Roster", "correlation_id": "request-1", "patient_ids": ["patient-1"]}
    async with engine.begin() as connection:
        await connection.execute(insert(access_log).values(old))
    await migrate(engine)
    await engine.dispose()
    (read,) = await reads(empty_database_url)
    assert (read["user_id"], read["patient_ids"], read["client_address"]) == ("nurse-1", ["patient-1"], None)
