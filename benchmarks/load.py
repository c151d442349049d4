"""A client that asks over and over, in a process of its own: `python -m benchmarks.load`, its order on standard input.

Nothing stands between it and the socket but a parser, so that what it measures is the server.
"""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import cast

import httptools
import orjson
import uvloop


@dataclass(frozen=True, slots=True)
class Order:
    """What to ask, and for how long.

    Attributes:
        port: Where the server listens, on this machine.
        path: The path to post to.
        headers: What every request carries besides its length and type.
        bodies: The bodies to send, in turn and again from the first.
        clients: How many ask at once, each one question after the other.
        seconds: For how long; what was asked before the end is waited for.
        expected: What every answer must hold.
        pause: Where told, one client asks every so many seconds, and waits count from when it should have asked.
    """

    port: int
    path: str
    headers: dict[str, str]
    bodies: Sequence[str]
    clients: int
    seconds: float
    expected: str
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long each answer took, in milliseconds, and over how many seconds they came."""

    latencies: list[float]
    seconds: float


class UnexpectedAnswer(Exception):
    """An answer that is not what was asked for; figures of a server that fails would be worth nothing."""


def run_load(order: Order, meanwhile: Callable[[], None] = lambda: None) -> Outcome:
    """Carry the order out in a process of its own, and call what is to be done meanwhile some ten times a second.

    Raises:
        UnexpectedAnswer: Where the server fails.
    """
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as found, tempfile.TemporaryFile() as failed:
        told.write(orjson.dumps(asdict(order)))
        told.seek(0)
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load"], stdin=told, stdout=found, stderr=failed
        ) as asking:
            while asking.poll() is None:
                meanwhile()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    asking.wait(0.1)
        for output in (found, failed):
            output.seek(0)
        if asking.returncode != 0:
            raise UnexpectedAnswer(failed.read().decode(errors="replace").strip().splitlines()[-1])
        return Outcome(**orjson.loads(found.read()))


class _Client(asyncio.Protocol):
    """One connection that asks its next question as soon as it has the answer to the last."""

    def __init__(self, order: Order, requests: Iterator[bytes], latencies: list[float], deadline: float) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expected = order.expected.encode()
        self._pause = order.pause
        self._requests = requests
        self._latencies = latencies
        self._deadline = deadline
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own does not derive from it
        self._asked = time.perf_counter()
        self._ask()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except Exception as error:  # whatever it is, it ends this load, and is told
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("the server closed the connection"))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        body, status = b"".join(self._body), self._parser.get_status_code()
        self._body.clear()
        # Two ends of a long answer tell as much as all of it, and the client's time is the server's too.
        if self._expected not in body[:1000] + body[-1000:]:
            self._end(UnexpectedAnswer(f"status {status}: {body[:300].decode(errors='replace')}"))
            return
        self._latencies.append((now - self._asked) * 1000)
        if now >= self._deadline:
            self._end()
        elif self._pause is None:
            self._asked = now
            self._ask()
        else:
            self._asked += self._pause
            asyncio.get_running_loop().call_later(max(0.0, self._asked - now), self._ask)

    def _ask(self) -> None:
        self._transport.write(next(self._requests))

    def _end(self, error: Exception | None = None) -> None:
        if self.done.done():
            return
        self._transport.close()
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


async def _carry_out(order: Order) -> Outcome:
    requests = cycle([_request(order, body.encode()) for body in order.bodies])
    latencies: list[float] = []
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    clients: list[_Client] = []
    for _ in range(order.clients):
        _, client = await loop.create_connection(
            lambda: _Client(order, requests, latencies, started + order.seconds), "127.0.0.1", order.port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    return Outcome(latencies, time.perf_counter() - started)


def _request(order: Order, body: bytes) -> bytes:
    lines = {
        "Host": f"127.0.0.1:{order.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **order.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {order.path} HTTP/1.1\r\n{head}\r\n".encode() + body


if __name__ == "__main__":
    sys.stdout.buffer.write(
        orjson.dumps(asdict(uvloop.run(_carry_out(Order(**orjson.loads(sys.stdin.buffer.read()))))))
    )
