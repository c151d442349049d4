"""A load generator in a process of its own: `python -m benchmarks.load`, with its specification on standard input.

It has only an HTTP parser between itself and the socket, so that the measured time is the server's.
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
class LoadSpec:
    """The requests to send, and for how long.

    Attributes:
        port: The port of the server, on this machine.
        path: The path of the requests.
        headers: The headers of every request, besides its length and type.
        bodies: The request bodies. They are sent in turn, and again from the first.
        clients: The number of concurrent clients. Each sends one request after the other.
        seconds: The duration. Requests that were sent before its end are awaited.
        expected: A text that every response must contain.
        interval: If set, one client sends a request every `interval` seconds. A late request counts as waiting since
            it was due.
    """

    port: int
    path: str
    headers: dict[str, str]
    bodies: Sequence[str]
    clients: int
    seconds: float
    expected: str
    interval: float | None = None


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The latency of each response in milliseconds, and the total duration in seconds."""

    latencies: list[float]
    seconds: float


class UnexpectedResponse(Exception):
    """A response is not the expected one. The figures of a failing server would be worthless."""


def run_load(spec: LoadSpec, every_100_ms: Callable[[], None] = lambda: None) -> LoadResult:
    """Run a load in a process of its own, and call a function about ten times a second meanwhile.

    Raises:
        UnexpectedResponse: The server fails.
    """
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(orjson.dumps(asdict(spec)))
        stdin.seek(0)
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load"], stdin=stdin, stdout=stdout, stderr=stderr
        ) as process:
            while process.poll() is None:
                every_100_ms()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
        for output in (stdout, stderr):
            output.seek(0)
        if process.returncode != 0:
            raise UnexpectedResponse(stderr.read().decode(errors="replace").strip().splitlines()[-1])
        return LoadResult(**orjson.loads(stdout.read()))


class _Client(asyncio.Protocol):
    """A connection that sends the next request as soon as it has the response to the last."""

    def __init__(self, spec: LoadSpec, requests: Iterator[bytes], latencies: list[float], deadline: float) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expected = spec.expected.encode()
        self._interval = spec.interval
        self._requests = requests
        self._latencies = latencies
        self._deadline = deadline
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class does not derive from it
        self._sent_at = time.perf_counter()
        self._send()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except Exception as error:  # any error ends the load and is reported
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionError("the server closed the connection"))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        body, status = b"".join(self._body), self._parser.get_status_code()
        self._body.clear()
        # Searching both ends of a long response is enough, and the client shares its cores with the server.
        if self._expected not in body[:1000] + body[-1000:]:
            self._end(UnexpectedResponse(f"status {status}: {body[:300].decode(errors='replace')}"))
            return
        self._latencies.append((now - self._sent_at) * 1000)
        if now >= self._deadline:
            self._end()
        elif self._interval is None:
            self._sent_at = now
            self._send()
        else:
            self._sent_at += self._interval
            asyncio.get_running_loop().call_later(max(0.0, self._sent_at - now), self._send)

    def _send(self) -> None:
        self._transport.write(next(self._requests))

    def _end(self, error: Exception | None = None) -> None:
        if self.done.done():
            return
        self._transport.close()
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


async def _run(spec: LoadSpec) -> LoadResult:
    requests = cycle([_request(spec, body.encode()) for body in spec.bodies])
    latencies: list[float] = []
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    clients: list[_Client] = []
    for _ in range(spec.clients):
        _, client = await loop.create_connection(
            lambda: _Client(spec, requests, latencies, started + spec.seconds), "127.0.0.1", spec.port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    return LoadResult(latencies, time.perf_counter() - started)


def _request(spec: LoadSpec, body: bytes) -> bytes:
    headers = {
        "Host": f"127.0.0.1:{spec.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **spec.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {spec.path} HTTP/1.1\r\n{head}\r\n".encode() + body


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asdict(uvloop.run(_run(LoadSpec(**orjson.loads(sys.stdin.buffer.read())))))))
