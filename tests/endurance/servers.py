"""Servers in processes of their own, for tests that stop them in ways that no server can answer."""

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
"""By which PostgreSQL knows the connections of these servers."""


def environment(database_url: str) -> dict[str, str]:
    """Return what a server needs to know, and nothing of the environment that the tests run in."""
    address = make_url(database_url)
    if address.get_backend_name() == "postgresql":
        address = address.update_query_dict({"application_name": APPLICATION_NAME})
    return child_environment(
        DATABASE_URL=address.render_as_string(hide_password=False), AUTH_JWT_SECRET=SECRET, LOG_LEVEL="ERROR"
    )


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    pid: int
    address: str

    def arm(self) -> None:
        """Starts the count of moments at the end of which it kills itself."""
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> None:
        """Kills it, in the middle of whatever it does. It may have done so itself."""
        os.kill(self.pid, signal.SIGKILL)  # until it is reaped its id is nobody else's


class Nursery:
    """Starts servers that have loaded everything already; see tests.endurance.nursery."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def start(self, moment: int | None = None) -> Server:
        """Starts a server; it kills itself at a moment after it was armed, where one is given."""
        answer = await self._ask({"moment": moment})
        return Server(answer["pid"], f"http://127.0.0.1:{answer['port']}")

    async def reap(self, server: Server) -> int:
        """Waits for a server's end and gives its exit code, minus the signal's number where one ended it."""
        status: int = (await self._ask({"reap": server.pid}))["status"]
        return status

    async def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer


@asynccontextmanager
async def open_nursery(database_url: str) -> AsyncIterator[Nursery]:
    """Gives a nursery of servers on a database."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.endurance.nursery",
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=ROOT,
        env=environment(database_url),
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            await process.wait()
