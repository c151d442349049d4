"""WebSockets of a server process: frames, shutdown, and how many there may be."""

import signal
from uuid import uuid4

import pytest

from db.connections.engine import Database
from tests.support.relaying import record
from tests.support.serving import serving
from tests.support.sockets import connected
from tests.support.streams import LARGE_CHANGES, subscribed

pytestmark = pytest.mark.anyio
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])  # what a connection does is the same on both


@on_sqlite
async def test_frames_that_are_not_websocket_are_closed(database_url: str) -> None:
    frames = {
        b"\x81\x85\x00\x00\x00\x00\xff\xff\xff\xff\xff": 1007,  # not UTF-8
        b"\x81\x05hello": 1002,  # not masked
        b"\xf1\x80\x00\x00\x00\x00": 1002,  # reserved bits
        b"\x80\x80\x00\x00\x00\x00": 1002,  # the continuation of no message
        b"\x09\x80\x00\x00\x00\x00": 1002,  # a fragmented ping
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
async def test_slow_readers_hold_up_no_shutdown(database_url: str, engine: Database) -> None:
    [first] = await record(engine, [uuid4()])
    await record(engine, [uuid4() for _ in range(1_000)])
    async with (
        serving(database_url) as server,
        subscribed(server.address, LARGE_CHANGES, after=first),
        connected(server.address, max_queue=1, compression=None) as socket,
    ):
        await socket.sign_in()
        await socket.subscribe(query=LARGE_CHANGES, after=first)
        await socket.changes(1)
        assert (await server.post("{ locations { totalCount } }", {})).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        log = await server.ended()  # before the time is over in which requests may finish
        assert server.process.returncode == 0
        assert b'"level":"ERROR"' not in log
        assert b'"closed":{"shutdown":' in log


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
