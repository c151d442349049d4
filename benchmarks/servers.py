"""The servers that are compared: how each is started, asked, and weighed."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import make_url

from benchmarks.fill import SERVING_LOGIN
from benchmarks.load import Order
from benchmarks.workloads import ENROLL_NAME, SMALL_NAME, Workload
from resolvers.caller import ROLES
from server.auth.signing import sign_token

LIMIT = "limit"
"""What the limit is called."""

_SECRET = "a shared secret of the benchmark alone"
_TOKEN_LIFE = timedelta(hours=12)
_START_SECONDS = 60
_OURS = Path(sys.executable).with_name("group-sessions")


class DidNotStart(Exception):
    """A server that does not listen; the message is what it printed about that."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the servers.

    Attributes:
        name: How tables call it.
        command: What starts it; "{port}" stands for its port.
        environment: What its environment holds besides ours.
        path: Where it is asked; "{workload}" stands for the workload's name.
        documents: How it words a workload's question, by the workload's name; by default as our API does.
        leaves_out: The workloads it cannot be asked.
        optional: Whether the others are compared without it where it does not start.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    path: str = "/graphql"
    documents: Mapping[str, str] = field(default_factory=dict)
    leaves_out: frozenset[str] = frozenset()
    optional: bool = False


@dataclass(slots=True)
class Running:
    """A server that runs."""

    kind: Kind
    port: int
    process: psutil.Process
    peak_memory: int = 0

    def order(self, workload: Workload, clients: int, seconds: float, pause: float | None = None) -> Order:
        """Return what to send it for a workload."""
        token = sign_token(
            _SECRET, organization_id=workload.organization, subject="bench", roles=list(ROLES), expires_in=_TOKEN_LIFE
        )
        return Order(
            port=self.port,
            path=self.kind.path.format(workload=workload.name),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            bodies=workload.bodies(self.kind.documents.get(workload.name)),
            clients=clients,
            seconds=seconds,
            expected=workload.expected,
            pause=pause,
        )

    def weigh(self) -> None:
        """Note how much memory it holds now, with the processes it started."""
        self.peak_memory = max(self.peak_memory, sum(process.memory_info().rss for process in self._tree()))

    def seconds_worked(self) -> float:
        """Return how long its processes have kept a core busy since they started; PostgreSQL's are not among them."""
        times = [process.cpu_times() for process in self._tree()]
        return float(sum(each.user + each.system for each in times))

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def ours(name: str, database_url: str, **environment: str) -> Kind:
    """Return this server as `group-sessions serve` runs it, one worker, with these further settings."""
    command = [str(_OURS), "serve", "--port", "{port}", "--workers", "1"]
    serving = make_url(database_url).set(username=SERVING_LOGIN).render_as_string(hide_password=False)
    return Kind(name, command, {"DATABASE_URL": serving, "AUTH_JWT_SECRET": _SECRET, **environment})


def limits(database_url: str, enrollment: Path) -> list[Kind]:
    """Return the limit, and the same with the report's statement as most would write it.

    Args:
        database_url: The database.
        enrollment: A file with the statements of one enrollment.
    """
    command = [sys.executable, "-m", "benchmarks.limit_server", "{port}", str(enrollment)]
    environment = {"DATABASE_URL": database_url}
    only_report = frozenset({SMALL_NAME, ENROLL_NAME})
    return [
        Kind(LIMIT, command, environment, path="/{workload}"),
        Kind("limit, json_build_object", command, environment, path="/{workload}-built", leaves_out=only_report),
    ]


@contextlib.contextmanager
def running(kind: Kind, logs: Path) -> Iterator[Running]:
    """Run a server, its output in a file of that folder. Raise DidNotStart."""
    port = _free_port()
    command = [part.format(port=port) for part in kind.command]
    log = logs / f"{kind.name}.log"
    with log.open("wb") as output:
        started = subprocess.Popen(command, env={**os.environ, **kind.environment}, stdout=output, stderr=output)
    try:
        _wait_until_listening(started, port, log)
        yield Running(kind, port, psutil.Process(started.pid))
    finally:
        started.terminate()
        started.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_until_listening(started: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and started.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)  # a process that is starting tells nobody when it listens
    printed = log.read_text(errors="replace").strip().splitlines()
    telling = [line for line in printed if "Error" in line] or printed
    raise DidNotStart(telling[-1].strip() if telling else "it printed nothing")
