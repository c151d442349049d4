"""Commands of the command line as processes."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def process(*arguments: str, cwd: Path, **variables: str) -> AsyncIterator[Process]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", *arguments, stdout=PIPE, stderr=PIPE, cwd=cwd, env=environment
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


async def ended(started: Process) -> tuple[int | None, str]:
    _, told = await asyncio.wait_for(started.communicate(), 30)
    return started.returncode, told.decode()
