"""Subscriptions over graphql-transport-ws, over a real port."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import anyio
import anyio.lowlevel
import pytest
from websockets.exceptions import InvalidStatus

from db.connections.engine import Database
from resolvers.context import Clinic
from server.auth.authenticator import Authenticator
from server.auth.signing import sign_token
from server.settings.stream_limits import StreamLimits
from tests.support.api_client import ORGANIZATION, SECRET, bearer, make_app
from tests.support.relaying import record
from tests.support.served_app import serve_app
from tests.support.sockets import connected
from tests.support.streams import CHANGES, LARGE_CHANGES, SECONDS, subscribed

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])  # what a connection does is the same on both

INIT = {"type": "connection_init", "payload": {"Authorization": bearer()}}


@pytest.fixture
async def address(clinic: Clinic) -> AsyncIterator[str]:
    async with serve_app(make_app(clinic)) as address:
        yield address


async def test_a_client_subscribes_and_resumes(address: str, engine: Database) -> None:
    [first] = await record(engine, [uuid4()])
    async with connected(address) as socket:
        await socket.sign_in()
        await socket.subscribe(after=first)
        await socket.send({"type": "ping"})
        assert await socket.next() == {"type": "pong"}
        ids = await record(engine, [uuid4(), uuid4()]) + await record(engine, [uuid4(), uuid4()])
        seen = await socket.changes(3)
    async with connected(address) as socket:
        await socket.sign_in()
        await socket.subscribe(after=seen[-1])
        assert seen + await socket.changes(1) == ids
        await socket.send({"type": "complete", "id": "1"})
        await socket.subscribe(after=ids[0])  # the id is free again
        assert await socket.changes(3) == ids[1:]


@on_sqlite
async def test_a_header_signs_in_programs(address: str) -> None:
    async with connected(address, additional_headers={"Authorization": bearer()}) as socket:
        await socket.send({"type": "connection_init"})
        assert await socket.next() == {"type": "connection_ack"}


@on_sqlite
@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["nonsense"], 4400),
        ([b"\x00\x01"], 4400),
        (['"text"'], 4400),
        (["[]"], 4400),
        (["[" * 100_000], 4400),
        ([{}], 4400),
        ([{"type": 1}], 4400),
        ([{"type": "unknown"}], 4400),
        ([{"type": "connection_init", "payload": "text"}], 4400),
        ([INIT, {"type": "subscribe"}], 4400),
        ([INIT, {"type": "subscribe", "id": [], "payload": {"query": CHANGES}}], 4400),
        ([INIT, {"type": "subscribe", "id": "", "payload": {"query": CHANGES}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": "text"}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": 1}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": CHANGES, "variables": []}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": CHANGES, "extensions": "text"}}], 4400),
        ([INIT, {"type": "complete", "id": {}}], 4400),
        ([{"type": "subscribe", "id": "1", "payload": {"query": CHANGES}}], 4401),
        ([{"type": "connection_init"}], 4403),
        ([{"type": "connection_init", "payload": {"Authorization": "Bearer nonsense"}}], 4403),
        ([{"type": "connection_init", "payload": {"Authorization": 1}}], 4403),
        ([INIT, *[{"type": "subscribe", "id": "1", "payload": {"query": CHANGES}}] * 2], 4409),
        ([INIT, INIT], 4429),
        ([INIT, *[{"type": "ping"}] * 100], 4429),
    ],
)
async def test_what_is_not_the_protocol_is_closed_with_its_code(address: str, messages: list[Any], code: int) -> None:
    async with connected(address) as socket:
        for message in messages:
            await socket.send(message)
        assert await socket.closed() == code


@on_sqlite
async def test_a_client_that_does_not_sign_in_is_closed(clinic: Clinic) -> None:
    limits = StreamLimits(connection_init=0.05)
    async with serve_app(make_app(clinic, stream_limits=limits)) as address, connected(address) as socket:
        assert await socket.closed() == 4408


@on_sqlite
@pytest.mark.parametrize("subprotocol", [None, "graphql-ws", "mqtt"])
async def test_another_subprotocol_is_closed(address: str, subprotocol: str | None) -> None:
    async with connected(address, subprotocol) as socket:
        assert await socket.closed() == 4406


@on_sqlite
async def test_pages_of_other_origins_cannot_connect(address: str, clinic: Clinic) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        async with connected(address, origin="https://evil.example"):
            pass
    async with connected(address, origin=address) as socket:
        await socket.sign_in()
    app = make_app(clinic, allowed_origins=["https://admin.example.org"])
    async with serve_app(app) as other, connected(other, origin="https://admin.example.org") as socket:
        await socket.sign_in()


@on_sqlite
async def test_a_refused_operation_is_an_error_and_the_connection_stays(address: str) -> None:
    async with connected(address) as socket:
        await socket.sign_in()
        refused = {
            "{ locations { totalCount } }": "BAD_REQUEST",
            "mutation { deleteClosure(input: {id: 1}) { userErrors { code } } }": "BAD_REQUEST",
            "subscription { changes { ": "GRAPHQL_PARSE_FAILED",
            "subscription { changes { id patient { displayName } } }": "GRAPHQL_VALIDATION_FAILED",
            'subscription { changes(after: "nonsense") { id } }': "BAD_USER_INPUT",
        }
        for query, code in refused.items():
            await socket.subscribe(query=query)
            message = await socket.next()
            assert (message["type"], message["id"]) == ("error", "1")
            assert message["payload"][0]["extensions"]["code"] == code
        for number in range(6):
            await socket.subscribe(str(number))
        message = await socket.next()
        assert message["id"] == "5"
        assert message["payload"][0]["extensions"]["limit"] == "streams"


@on_sqlite
async def test_a_connection_is_closed_when_the_token_expires(clinic: Clinic) -> None:
    app = make_app(clinic, authenticator=Authenticator(SECRET, leeway=0))
    token = sign_token(
        SECRET, organization_id=ORGANIZATION, subject="caller-1", roles=["org_admin"], expires_in=timedelta(seconds=2)
    )
    async with serve_app(app) as address, connected(address) as socket:
        await socket.sign_in(f"Bearer {token}")
        await socket.subscribe()
        assert await socket.closed() == 4403


@on_sqlite
async def test_a_slow_reader_is_closed_with_a_code(clinic: Clinic, engine: Database) -> None:
    [first] = await record(engine, [uuid4()])
    await record(engine, [uuid4() for _ in range(1_000)])
    limits = StreamLimits(slow_reader=0.2)
    async with (
        serve_app(make_app(clinic, stream_limits=limits)) as address,
        connected(address, max_queue=1, compression=None) as socket,
    ):
        await socket.sign_in()
        await socket.subscribe(query=LARGE_CHANGES, after=first)
        async with asyncio.timeout(SECONDS):  # the server closes while nothing is read
            while clinic.change_feed._tail is None:
                await anyio.lowlevel.checkpoint()
            await clinic.change_feed._tail
        assert await socket.closed() == 1013


@on_sqlite
async def test_streams_of_both_transports_count_together(address: str) -> None:
    async with subscribed(address), subscribed(address), subscribed(address), connected(address) as socket:
        await socket.sign_in()
        for number in range(3):
            await socket.subscribe(str(number))
        message = await socket.next()
        assert (message["id"], message["payload"][0]["extensions"]["limit"]) == ("2", "streams")
        async with subscribed(address) as refused:
            assert refused.response.status_code == 429
