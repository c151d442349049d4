"""`serve --workers N`: workers start and survive on a busy machine, and the log says why one died."""

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import psutil
import pytest

from tests.support.api_client import SECRET
from tests.support.processes import child_environment, free_port
from tests.support.repository import ROOT

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_kind", ["sqlite"])]
SPAWNED = "spawn_main"


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - another process changes it, and sets no event
            await asyncio.sleep(0.1)


@dataclass(frozen=True)
class WorkerServer:
    """`group-sessions serve --workers N` in its own process group, with a log file."""

    process: Process
    port: int
    log_file: anyio.Path

    async def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (await self.log_file.read_text()).splitlines(keepends=False)]

    async def logged(self, message: str) -> list[dict[str, Any]]:
        """Wait for a log line with this message, and return all such lines."""
        lines: list[dict[str, Any]] = []

        async def look() -> bool:
            lines[:] = [line for line in await self.log() if line["message"] == message]
            return bool(lines)

        await until(look)
        return lines

    def workers(self) -> list[int]:
        children = psutil.Process(self.process.pid).children()
        return sorted(child.pid for child in children if is_worker(child))

    async def until_workers(self, condition: Callable[[list[int]], bool]) -> list[int]:
        """Wait until the ids of the workers meet the condition, and return them."""

        async def look() -> bool:
            return condition(self.workers())

        await until(look)
        return self.workers()

    async def ready(self) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=8), timeout=120) as http:
            return await http.get(f"http://127.0.0.1:{self.port}/ready")

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 60)


def is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # it has ended in the meantime
        return SPAWNED in " ".join(process.cmdline())
    return False


@asynccontextmanager
async def serving(
    database_url: str, tmp_path: Path, workers: int = 2, code: Path = ROOT, **settings: str
) -> AsyncIterator[WorkerServer]:
    port = free_port()
    log_file = tmp_path / "log"
    with log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve", "--port", str(port), "--workers", str(workers)),
            stdout=DEVNULL,
            stderr=log,
            cwd=code,
            env=child_environment(PYTHONPATH=str(code), DATABASE_URL=database_url, AUTH_JWT_SECRET=SECRET, **settings),
            start_new_session=True,
        )
    try:
        yield WorkerServer(process, port, anyio.Path(log_file))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def starved(server: WorkerServer) -> AsyncIterator[None]:
    """Let the server and its workers run for an eighth of the time."""

    async def alternate() -> None:
        while True:
            os.killpg(server.process.pid, signal.SIGSTOP)
            await asyncio.sleep(0.35)
            os.killpg(server.process.pid, signal.SIGCONT)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(alternate())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        os.killpg(server.process.pid, signal.SIGCONT)


async def test_a_worker_without_cpu_time_may_take_long_to_start(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as server:
        first = await server.until_workers(lambda workers: len(workers) == 2)
        os.kill(first[0], signal.SIGSTOP)
        (warning,) = await server.logged("a worker is still starting")
        assert warning["worker"] == first[0]
        os.kill(first[0], signal.SIGCONT)
        await server.logged("the workers are ready")
        assert server.workers() == first
        assert (await server.ready()).json() == {"status": "ready"}
        assert await server.stop() == 0
        assert "a worker died" not in {line["message"] for line in await server.log()}


@pytest.mark.soak
async def test_workers_start_and_survive_on_an_eighth_of_a_cpu(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path, workers=4) as server:
        first = await server.until_workers(lambda workers: len(workers) == 4)
        async with starved(server):
            assert (await server.ready()).json() == {"status": "ready"}
            await server.logged("the workers are ready")
        assert server.workers() == first
        assert await server.stop() == 0
        assert "a worker died" not in {line["message"] for line in await server.log()}


async def test_a_killed_worker_is_logged_with_its_signal_and_replaced(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as server:
        await server.logged("the workers are ready")
        victim, survivor = server.workers()
        os.kill(victim, signal.SIGKILL)
        (death,) = await server.logged("a worker died")
        assert death["worker"] == victim
        assert death["cause"].startswith("SIGKILL, which the supervisor did not send")
        assert (death["was_ready"], death["level"]) == (True, "ERROR")
        now = await server.until_workers(lambda workers: len(workers) == 2)
        assert survivor in now
        assert victim not in now
        assert (await server.ready()).status_code == 200
        assert await server.stop() == 0


async def test_a_crashed_worker_is_logged_with_its_stack(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as server:
        await server.logged("the workers are ready")
        os.kill(server.workers()[0], signal.SIGSEGV)
        (death,) = await server.logged("a worker died")
        assert death["cause"] == "SIGSEGV"
        assert any("uvicorn" in line for line in death["at"])


async def test_a_worker_with_a_blocked_event_loop_is_killed(database_url: str, tmp_path: Path) -> None:
    code = copy_of_code(tmp_path)
    health = code / "server" / "routes" / "health.py"
    endless = "async def _health(_request: Request) -> Response:\n    while True:\n        pass\n"
    health.write_text(health.read_text().replace("async def _health(_request: Request) -> Response:\n", endless))
    async with serving(database_url, tmp_path, code=code, WORKER_TIMEOUT="10") as server:
        await server.logged("the workers are ready")
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: clinic.test\r\n\r\n")
        (hung_worker,) = await server.logged("a worker hangs and is killed")
        (death,) = await server.logged("a worker died")
        writer.close()
        assert death["worker"] == hung_worker["worker"]
        assert death["cause"] == "killed by the supervisor: its event loop was blocked"
        assert any("health.py" in line and "_health" in line for line in death["at"])
        await server.until_workers(lambda workers: len(workers) == 2 and hung_worker["worker"] not in workers)


async def test_workers_that_cannot_start_end_the_server_with_a_status(database_url: str, tmp_path: Path) -> None:
    code = copy_of_code(tmp_path)
    # The supervisor does not fail with this error, because only workers create the app.
    with (code / "server" / "app.py").open("a") as app:
        app.write("\n\ndef create_app_from_environment() -> Starlette:\n    raise RuntimeError('patient-1')\n")
    async with serving(database_url, tmp_path, code=code) as server:
        assert await asyncio.wait_for(server.process.wait(), 60) == 1
        *lines, last = (await server.log_file.read_text()).splitlines()
        assert last == "group-sessions: the workers cannot start: see the log lines above"
        log = [json.loads(line) for line in lines]
        assert {line["message"] for line in log if line["level"] == "CRITICAL"} == {"the worker cannot start"}
        assert {line["cause"] for line in log if line["message"] == "a worker died"} == {
            "it failed to start: see its own log line"
        }
        assert "patient-1" not in "".join(lines)


def copy_of_code(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    for room in ("server", "schema", "resolvers", "db", "domain", "executor"):
        shutil.copytree(ROOT / room, code / room)
    (code / "web").mkdir()
    return code


async def test_workers_end_with_their_supervisor(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as server:
        await server.logged("the workers are ready")
        orphans = [psutil.Process(pid) for pid in server.workers()]
        server.process.kill()
        await server.process.wait()

        async def all_ended() -> bool:
            return not any(orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE for orphan in orphans)

        await until(all_ended)


async def test_sighup_replaces_every_worker_without_a_failed_request(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path) as server:
        await server.logged("the workers are ready")
        old = server.workers()
        server.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(60), httpx.AsyncClient(timeout=60) as http:
            while set(server.workers()) & set(old) or len(server.workers()) != 2:
                response = await http.get(f"http://127.0.0.1:{server.port}/health", headers={"Connection": "close"})
                assert response.status_code == 200
        assert await server.stop() == 0
        assert "a worker died" not in {line["message"] for line in await server.log()}
