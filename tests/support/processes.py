"""Commands of the command line, run as processes."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.repository import ROOT


def child_environment(**variables: str) -> dict[str, str]:
    """Return `variables`, and the little of this process's environment that a child process needs.

    Under `make coverage` that includes the variable by which a child process measures its own coverage.
    """
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_PROCESS_")}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **coverage, **variables}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def accepting(port: int, process: Process, seconds: float = 20) -> None:
    """Wait until the process listens on this port of 127.0.0.1. It must not end meanwhile."""
    async with asyncio.timeout(seconds):
        while True:
            assert process.returncode is None
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return


@asynccontextmanager
async def running_command(*arguments: str, cwd: Path, **variables: str) -> AsyncIterator[Process]:
    """Run a command while the block runs. Kill it at the end if it is still running."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        cwd=cwd,
        env=child_environment(**variables),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def wait_for_exit(process: Process) -> tuple[int | None, str]:
    """Wait at most 30 seconds until the process has ended. Return its exit status and its standard error."""
    _, stderr = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, stderr.decode()
