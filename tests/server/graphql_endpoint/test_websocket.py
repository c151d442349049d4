"""Subscriptions over graphql-transport-ws, over a real port with the server's own protocols."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import anyio
import anyio.lowlevel
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from db.connections.engine import Database
from resolvers.context import Clinic
from server.auth.authenticator import Authenticator
from server.auth.signing import sign_token
from server.settings.stream_limits import StreamLimits
from tests.support.api_client import ORGANIZATION, SECRET, bearer, make_app
from tests.support.relaying import record
from tests.support.served_app import serve_app
from tests.support.serving import serving
from tests.support.streams import CHANGES, LARGE_CHANGES, SECONDS

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])  # what a connection does is the same on both

PROTOCOL = "graphql-transport-ws"
INIT = {"type": "connection_init", "payload": {"Authorization": bearer()}}


class Socket:
    """A connection that sends anything, and says what comes back."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else orjson.dumps(message).decode())

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            message: dict[str, Any] = orjson.loads(await self.connection.recv())
            return message

    async def sign_in(self, authorization: str | None = None) -> None:
        await self.send({"type": "connection_init", "payload": {"Authorization": authorization or bearer()}})
        assert await self.next() == {"type": "connection_ack"}

    async def subscribe(self, id: str = "1", query: str = CHANGES, **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        await self.send({"type": "subscribe", "id": id, "payload": payload})

    async def changes(self, count: int) -> list[str]:
        messages = [await self.next() for _ in range(count)]
        assert {message["type"] for message in messages} == {"next"}, messages
        return [message["payload"]["data"]["changes"]["id"] for message in messages]

    async def closed(self) -> int:
        """Read until the server has closed the connection, and return its code."""
        async with asyncio.timeout(SECONDS):
            with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - it reads what comes before
                while True:
                    await self.connection.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code


@asynccontextmanager
async def connected(address: str, subprotocol: str | None = PROTOCOL, **options: Any) -> AsyncIterator[Socket]:
    url = f"{address.replace('http', 'ws')}/graphql"
    subprotocols = [Subprotocol(subprotocol)] if subprotocol else None
    async with connect(url, subprotocols=subprotocols, proxy=None, **options) as connection:
        yield Socket(connection)


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
async def test_frames_that_are_not_websocket_are_closed(database_url: str) -> None:
    frames = {
        b"\x81\x85\x00\x00\x00\x00\xff\xff\xff\xff\xff": 1007,  # not UTF-8
        b"\x81\x05hello": 1002,  # not masked
        b"\xf1\x80\x00\x00\x00\x00": 1002,  # reserved bits
        b"\x81\xff\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x00": 1009,  # two gigabytes
        b"\x01\x80\x00\x00\x00\x00" + b"\x00\x80\x00\x00\x00\x00" * 1_000: 1008,  # fragments without an end
        b"\x81\x82\x00\x00\x00\x00{}" * 1_000: 1008,
    }
    async with serving(database_url) as server:
        for frame, code in frames.items():
            async with connected(server.address) as socket:
                socket.connection.transport.write(frame)
                assert await socket.closed() == code, frame[:20]
        async with connected(server.address) as socket:
            await socket.sign_in()
            await socket.send("x" * 1_000_001)
            assert await socket.closed() == 1009
            server.process.send_signal(signal.SIGTERM)
        log = await server.ended()
        assert b'"level":"ERROR"' not in log
        assert b'"method":"WEBSOCKET"' in log
        assert b'"outcome":"1007"' in log


@on_sqlite
async def test_a_connection_is_closed_at_sigterm(database_url: str) -> None:
    async with serving(database_url) as server, connected(server.address) as socket:
        await socket.sign_in()
        await socket.subscribe()
        await socket.send({"type": "ping"})
        assert await socket.next() == {"type": "pong"}
        server.process.send_signal(signal.SIGTERM)
        assert await socket.closed() == 1012
        assert b'"level":"ERROR"' not in await server.ended()
        assert server.process.returncode == 0


@on_sqlite
async def test_an_idle_socket_makes_room_for_others(database_url: str) -> None:
    async with (
        serving(database_url, LIMIT_CONNECTIONS="2") as server,
        connected(server.address) as used,
        connected(server.address) as idle,
    ):
        await used.sign_in()
        await used.subscribe()
        await used.send({"type": "ping"})
        assert await used.next() == {"type": "pong"}
        assert (await server.post("{ locations { totalCount } }", {})).status_code == 200
        assert await idle.closed() == 1013
        await used.send({"type": "ping"})
        assert await used.next() == {"type": "pong"}
