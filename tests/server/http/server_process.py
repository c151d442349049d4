"""`group-sessions serve` in a separate process, and clients that connect by sockets."""

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import psutil

from tests.support.api_client import SECRET
from tests.support.processes import child_environment
from tests.support.repository import ROOT

HOST = "127.0.0.1"
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class ServerProcess:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def memory(self) -> int:
        """The resident memory of the process in bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    @property
    def connections(self) -> int:
        """How many connections it has open."""
        sockets = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(connection.status != psutil.CONN_LISTEN for connection in sockets)

    @property
    def listens(self) -> bool:
        """Whether it accepts connections."""
        sockets = psutil.Process(self.process.pid).net_connections("tcp")
        return any(connection.status == psutil.CONN_LISTEN for connection in sockets)

    @property
    def descriptors(self) -> int:
        """How many file descriptors it has open."""
        return int(psutil.Process(self.process.pid).num_fds())

    def connect(self, from_address: str = HOST, receive_buffer: int | None = None) -> socket.socket:
        """Open a connection, from any loopback address."""
        client = socket.socket()
        client.settimeout(TIMEOUT_SECONDS)
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.bind((from_address, 0))
        client.connect((HOST, self.port))
        return client

    def exchange(self, data: bytes, from_address: str = HOST) -> bytes:
        """Send bytes, and return all bytes received until the server closes the connection."""
        with self.connect(from_address) as client:
            client.sendall(data)
            return receive_all(client)

    def responds(self, from_address: str = HOST) -> bool:
        """Return whether a new client gets a response."""
        with httpx.Client(transport=httpx.HTTPTransport(local_address=from_address), timeout=TIMEOUT_SECONDS) as client:
            return client.get(f"{self.url}/health").status_code == 200


@contextmanager
def serving(database: Path, *, ulimit: int | None = None, **settings: str) -> Iterator[ServerProcess]:
    """Run a server on this SQLite file.

    Args:
        database: The file; its schema is the newest.
        ulimit: The limit of file descriptors, as `ulimit -n` sets it.
        settings: Variables of the environment.
    """
    log = database.with_suffix(".log")
    with log.open("wb") as lines, socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
        free.close()
        process = _start(database, port, ulimit, settings, lines)
    server = ServerProcess(process, port, log)
    try:
        # Retry until the server listens.
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=TIMEOUT_SECONDS) as client:
            assert client.get(f"{server.url}/ready").status_code == 200, log.read_text()
        yield server
    finally:
        process.kill()
        process.wait()


def _start(
    database: Path, port: int, ulimit: int | None, settings: dict[str, str], lines: IO[bytes]
) -> subprocess.Popen[bytes]:
    def limit_descriptors() -> None:
        if ulimit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (ulimit, ulimit))

    return subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--port", str(port)],
        stdout=lines,
        stderr=lines,
        cwd=ROOT,
        preexec_fn=limit_descriptors,  # noqa: PLW1509 - the parent has no threads that hold locks
        env=child_environment(DATABASE_URL=f"sqlite:///{database}", AUTH_JWT_SECRET=SECRET, **settings),
    )


def receive_all(client: socket.socket) -> bytes:
    """Return all bytes received until the other side closes the connection."""
    parts = []
    while part := client.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def receive_response(client: socket.socket) -> bytes:
    """Return one response that has a Content-Length header."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(client)
    head, _, body = received.partition(b"\r\n\r\n")
    [length] = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < length:
        body += _more(client)
    return head + b"\r\n\r\n" + body


def _more(client: socket.socket) -> bytes:
    part = client.recv(65_536)
    if not part:
        raise ConnectionError("the server closed the connection")
    return part


def status_of(response: bytes) -> int:
    """Return the status of a response."""
    return int(response.split(b" ", 2)[1])


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds. Fail after `TIMEOUT_SECONDS`."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        time.sleep(0.05)
