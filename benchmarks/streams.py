"""Measures what idle subscribers cost a server process: streams of changes while nothing changes."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from benchmarks.load import UnexpectedResponse
from benchmarks.preparation import BenchmarkClinic
from benchmarks.servers import RunningServer, ours, run_server
from benchmarks.workloads import ORGANIZATION, Workload

_STREAMS: Final = 1_000
_AT_ONCE: Final = 50
"""How many streams are opened at the same time."""
_QUERY: Final = "subscription { changes { id event groupDefinitionId occurrenceId enrollmentId } }"
_SETTINGS: Final = {
    "LIMIT_STREAMS": str(_STREAMS + 1),
    "LIMIT_CONNECTIONS": str(2 * _STREAMS + 100),
    "LIMIT_CONNECTIONS_PER_PEER": str(2 * _STREAMS + 100),
}


@dataclass(frozen=True, slots=True)
class IdleStreams:
    """The cost of idle streams over one transport.

    Attributes:
        transport: The transport.
        streams: How many streams there are.
        memory_mb: The memory that they add to the server process.
        cpu_percent: The share of one core that the process takes, with heartbeats and the reading of new changes.
    """

    transport: str
    streams: int
    memory_mb: float
    cpu_percent: float

    def as_json(self) -> dict[str, Any]:
        """Return the results for the JSON file."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.streams:,} idle streams over {self.transport}: {self.memory_mb:.0f} MB"
            f" ({self.memory_mb * 1e3 / self.streams:.0f} kB each), {self.cpu_percent:.1f} % of one core"
        )


def measure_streams(
    clinic: BenchmarkClinic, folder: Path, seconds: float, log: Callable[[str], None]
) -> list[IdleStreams]:
    """Return the cost of idle streams over each transport, measured for this time. Raise UnexpectedResponse."""
    log(f"holding {_STREAMS:,} idle streams open")
    results = []
    for transport, open_stream in {"server-sent events": _open_events, "WebSockets": _open_socket}.items():
        with run_server(ours("streams", clinic.url, **_SETTINGS), folder) as server:
            results.append(asyncio.run(_measure(server, transport, open_stream, seconds)))
        log(f"  {results[-1]}")
    return results


Opener = Callable[[AsyncExitStack, RunningServer, str], Any]


async def _measure(server: RunningServer, transport: str, open_stream: Opener, seconds: float) -> IdleStreams:
    spec = server.load_spec(Workload("streams", ORGANIZATION, "", [{}], ""), clients=1, seconds=0)
    authorization = spec.headers["Authorization"]
    async with AsyncExitStack() as stack:
        await open_stream(stack, server, authorization)  # what the first stream loads is not the cost of the others
        before = server.memory()
        for _ in range(_STREAMS // _AT_ONCE):
            await asyncio.gather(*(open_stream(stack, server, authorization) for _ in range(_AT_ONCE)))
        memory = server.memory() - before
        cpu, started = server.cpu_seconds(), time.perf_counter()
        await asyncio.sleep(seconds)
        cpu_share = (server.cpu_seconds() - cpu) / (time.perf_counter() - started)
    return IdleStreams(transport, _STREAMS, memory / 1e6, cpu_share * 100)


async def _open_events(stack: AsyncExitStack, server: RunningServer, authorization: str) -> None:
    body = json.dumps({"query": _QUERY}).encode()
    head = (
        "POST /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {authorization}",
        "Accept: text/event-stream",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    stack.callback(writer.close)
    writer.write("\r\n".join((*head, "", "")).encode() + body)
    response = await reader.readuntil(b"\r\n\r\n")
    if not response.startswith(b"HTTP/1.1 200"):
        raise UnexpectedResponse(response.decode())
    await reader.readuntil(b":\n\n")  # the stream is open


async def _open_socket(stack: AsyncExitStack, server: RunningServer, authorization: str) -> None:
    socket = await stack.enter_async_context(
        connect(
            f"ws://127.0.0.1:{server.port}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None,
            ping_interval=None,
            proxy=None,
        )
    )
    for message in (
        {"type": "connection_init", "payload": {"Authorization": authorization}},
        {"type": "subscribe", "id": "1", "payload": {"query": _QUERY}},
        {"type": "ping"},
    ):
        await socket.send(json.dumps(message))
    for expected in ("connection_ack", "pong"):
        received = json.loads(await socket.recv())
        if received["type"] != expected:
            raise UnexpectedResponse(str(received))
