"""Server processes for tests that kill them."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import make_url

from tests.support.api_client import SECRET
from tests.support.processes import child_environment
from tests.support.repository import ROOT

APPLICATION_NAME = "endurance"
"""The application name of these servers' connections in PostgreSQL."""


def environment(database_url: str) -> dict[str, str]:
    """Return the environment of a server, without that of the tests."""
    address = make_url(database_url)
    if address.get_backend_name() == "postgresql":
        address = address.update_query_dict({"application_name": APPLICATION_NAME})
    return child_environment(
        DATABASE_URL=address.render_as_string(hide_password=False), AUTH_JWT_SECRET=SECRET, LOG_LEVEL="ERROR"
    )


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    address: str

    def arm(self) -> None:
        """Start counting moments. The server kills itself at the last one."""
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """Kill the server. It may have killed itself already."""
        os.kill(self.pid, signal.SIGKILL)  # its id is not reused before it is reaped


class ForkServer:
    """Starts servers whose modules are already imported (tests.endurance.fork_server)."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def start(self, moment: int | None = None) -> Server:
        """Start a server. If a moment is given, the server kills itself at this moment after it was armed."""
        reply = await self._send({"moment": moment})
        return Server(reply["pid"], f"http://127.0.0.1:{reply['port']}")

    async def reap(self, server: Server) -> int:
        """Wait for the end of a server. Return its exit code, or the negative number of the signal that killed it."""
        status: int = (await self._send({"reap": server.pid}))["status"]
        return status

    async def _send(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        reply: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return reply


@asynccontextmanager
async def run_fork_server(database_url: str) -> AsyncIterator[ForkServer]:
    """Run a fork server whose servers use a database."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.endurance.fork_server",
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=ROOT,
        env=environment(database_url),
    )
    try:
        yield ForkServer(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            await process.wait()
