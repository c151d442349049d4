"""`group-sessions serve` as a process."""

import asyncio
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import httpx

from tests.support.api_client import SECRET, bearer
from tests.support.processes import child_environment, free_port
from tests.support.repository import ROOT


@dataclass(frozen=True)
class Serving:
    """`group-sessions serve` in its own process.

    Attributes:
        log_file: Receives the log. A pipe would block the process once it is full.
    """

    process: Process
    port: int
    log_file: IO[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ended(self) -> bytes:
        """Wait until the process has ended, and return its log."""
        await asyncio.wait_for(self.process.wait(), 30)
        self.log_file.seek(0)
        return self.log_file.read()

    async def post(self, query: str, variables: dict[str, Any], **headers: str) -> httpx.Response:
        """Send a GraphQL request as a signed-in caller."""
        async with httpx.AsyncClient(timeout=60) as http:
            body = {"query": query, "variables": variables}
            return await http.post(f"{self.address}/graphql", json=body, headers={"Authorization": bearer(), **headers})


@asynccontextmanager
async def serving(database_url: str, workers: int = 1, **settings: str) -> AsyncIterator[Serving]:
    """Run a server on this database during the block."""
    async with serving_on(free_port(), database_url, workers, **settings) as server:
        yield server


@asynccontextmanager
async def serving_on(port: int, database_url: str, workers: int = 1, **settings: str) -> AsyncIterator[Serving]:
    """Run a server on this port during the block."""
    with tempfile.TemporaryFile() as log_file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve", "--port", str(port), "--workers", str(workers)),
            stdout=DEVNULL,
            stderr=log_file,
            cwd=ROOT,
            env=child_environment(DATABASE_URL=database_url, AUTH_JWT_SECRET=SECRET, **settings),
        )
        server = Serving(process, port, log_file)
        try:
            # The transport retries until the server listens.
            async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=8), timeout=60) as http:
                assert (await http.get(f"{server.address}/ready")).json() == {"status": "ready"}
            yield server
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
