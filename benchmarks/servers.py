"""The servers that are compared: how each is started, queried and measured."""

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

import psutil
from sqlalchemy import make_url

from benchmarks.clinic_database import SERVING_LOGIN
from benchmarks.load import LoadSpec
from benchmarks.workloads import ENROLL_NAME, SMALL_NAME, Workload
from resolvers.caller import ROLES
from server.auth.signing import sign_token

LIMIT = "limit"
"""The name of the fastest possible server, which the others are compared with (benchmarks.limit_server)."""

_SECRET = "a shared secret of the benchmark only"
_TOKEN_LIFE = timedelta(hours=12)
_START_SECONDS = 60
_OURS = Path(sys.executable).with_name("group-sessions")


class DidNotStart(Exception):
    """A server does not listen. The message is its own error message."""


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """A server that can be started.

    Attributes:
        name: Its name in tables.
        command: The command that starts it. "{port}" stands for its port.
        environment: Its additional environment variables.
        path: The path of requests. "{workload}" stands for the name of the workload.
        documents: Its GraphQL documents by the name of the workload, if they differ from the workload's.
        unsupported: The workloads that it does not support.
        optional: Whether the others are compared without it if it does not start.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    path: str = "/graphql"
    documents: Mapping[str, str] = field(default_factory=dict)
    unsupported: frozenset[str] = frozenset()
    optional: bool = False


@dataclass(slots=True)
class RunningServer:
    """A running server."""

    spec: ServerSpec
    port: int
    process: psutil.Process
    peak_memory: int = 0

    def load_spec(self, workload: Workload, clients: int, seconds: float, interval: float | None = None) -> LoadSpec:
        """Return the load of a workload on this server."""
        token = sign_token(
            _SECRET,
            organization_id=workload.organization,
            subject="bench",
            permissions=workload.permissions or (),
            roles=list(ROLES) if workload.permissions is None else (),
            expires_in=_TOKEN_LIFE,
        )
        return LoadSpec(
            port=self.port,
            path=self.spec.path.format(workload=workload.name),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            bodies=workload.bodies(self.spec.documents.get(workload.name)),
            clients=clients,
            seconds=seconds,
            expected=workload.expected,
            interval=interval,
        )

    def record_memory(self) -> None:
        """Update the peak memory, which includes the processes that the server started."""
        self.peak_memory = max(self.peak_memory, self.memory())

    def memory(self) -> int:
        """Return the memory of its processes, in bytes."""
        return sum(process.memory_info().rss for process in self._processes())

    def cpu_seconds(self) -> float:
        """Return the CPU time of its processes since their start, without PostgreSQL's."""
        times = [process.cpu_times() for process in self._processes()]
        return float(sum(cpu.user + cpu.system for cpu in times))

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def ours(name: str, database_url: str, **environment: str) -> ServerSpec:
    """Return this project's server with one worker and additional settings, as `group-sessions serve` runs it."""
    command = [str(_OURS), "serve", "--port", "{port}", "--workers", "1"]
    serving = make_url(database_url).set(username=SERVING_LOGIN).render_as_string(hide_password=False)
    return ServerSpec(name, command, {"DATABASE_URL": serving, "AUTH_JWT_SECRET": _SECRET, **environment})


def limit_servers(database_url: str, enrollment: Path) -> list[ServerSpec]:
    """Return the limit, and the limit with the report in a more common form of SQL.

    Args:
        database_url: The database.
        enrollment: A file with the recorded statements of an enrollment.
    """
    command = [sys.executable, "-m", "benchmarks.limit_server", "{port}", str(enrollment)]
    environment = {"DATABASE_URL": database_url}
    only_report = frozenset({SMALL_NAME, ENROLL_NAME})
    return [
        ServerSpec(LIMIT, command, environment, path="/{workload}"),
        ServerSpec("limit, json_build_object", command, environment, path="/{workload}-built", unsupported=only_report),
    ]


@contextlib.contextmanager
def run_server(spec: ServerSpec, log_folder: Path) -> Iterator[RunningServer]:
    """Start a server, and stop it afterwards. Its output goes to a file in the folder. Raise DidNotStart."""
    port = _free_port()
    command = [part.format(port=port) for part in spec.command]
    log = log_folder / f"{spec.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env={**os.environ, **spec.environment}, stdout=output, stderr=output)
    try:
        _wait_until_listening(process, port, log)
        yield RunningServer(spec, port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)  # nothing signals that the process listens
    output = log.read_text(errors="replace").strip().splitlines()
    errors = [line for line in output if "Error" in line] or output
    raise DidNotStart(errors[-1].strip() if errors else "no output")
