"""One worker process, as its supervisor sees it: whether it is ready, when it was last heard of, why it died."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from typing import Any, Final

import uvicorn

from server.workers.worker import REFUSED_TO_START, REPORT_SIGNAL, run_worker

_SPAWN: Final = get_context("spawn")
"""Workers start from nothing rather than as copies, so that a reload runs the code that is on the disk by then."""
_REPORT_SECONDS: Final = 2.0
_REPORT_BYTES: Final = 65536
_REPORT_LINES: Final = 100
# A terminal sends these to every process that it runs; the supervisor alone acts on them.
_TERMINAL_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGHUP})
_log = logging.getLogger("group_sessions.server")


class WorkerProcess:
    """A process that runs `server.workers.worker`.

    Attributes:
        ready: Set once it serves.
        ended: Set once the process has ended.
        silent_seconds: Counted by the supervisor, and 0 again at each pulse.
    """

    def __init__(self, config: uvicorn.Config, sockets: Sequence[socket.socket]) -> None:
        """Start the process."""
        self._loop = asyncio.get_running_loop()
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        self.silent_seconds = 0
        self._started_at = self._loop.time()
        self._ended_at: float | None = None
        self._killed_for: str | None = None
        self._report: list[str] = []
        self._pulse_reader, pulse = _SPAWN.Pipe(duplex=False)
        self._report_reader, report = _SPAWN.Pipe(duplex=False)
        self._process = _SPAWN.Process(target=run_worker, args=(config, tuple(sockets), pulse, report))
        with _terminal_signals_blocked():
            self._process.start()
        pulse.close()
        report.close()
        self._loop.add_reader(self._pulse_reader.fileno(), self._hear)
        self._loop.add_reader(self._process.sentinel, self._end)

    @property
    def pid(self) -> int | None:
        """The process id."""
        return self._process.pid

    @property
    def lived_seconds(self) -> float:
        """How long the process has lived."""
        return (self._ended_at or self._loop.time()) - self._started_at

    @property
    def exited_by_itself(self) -> bool:
        """Whether it ended with an exit status, not by a signal."""
        return self._process.exitcode is not None and self._process.exitcode >= 0

    def death(self) -> dict[str, Any]:
        """Return what the log says of the end of this process."""
        fields: dict[str, Any] = {
            "worker": self.pid,
            "cause": self._killed_for or _cause(self._process.exitcode),
            "lived_seconds": round(self.lived_seconds, 1),
            "was_ready": self.ready.is_set(),
        }
        return fields | ({"at": self._report} if self._report else {})

    async def becomes_ready(self) -> bool:
        """Wait until it serves, and return True; or until it has ended, and return False."""
        waits = [asyncio.create_task(event.wait()) for event in (self.ready, self.ended)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self.ready.is_set() and not self.ended.is_set()

    def terminate(self) -> None:
        """Ask it to finish its requests and to end."""
        if not self.ended.is_set():
            self._process.terminate()

    def kill(self, reason: str) -> None:
        """End it at once."""
        if not self.ended.is_set():
            self._killed_for = f"killed by the supervisor: {reason}"
            self._process.kill()

    def report_and_kill(self) -> None:
        """End it, after it has had the time to report where it stands."""
        if self.pid is not None and not self.ended.is_set():
            os.kill(self.pid, REPORT_SIGNAL)
            self._loop.call_later(_REPORT_SECONDS, self.kill, "its event loop stood still")

    def _hear(self) -> None:
        if os.read(self._pulse_reader.fileno(), 4096):
            self.silent_seconds = 0
            self.ready.set()
        else:
            self._loop.remove_reader(self._pulse_reader.fileno())

    def _end(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._loop.remove_reader(self._pulse_reader.fileno())
        self._process.join()
        self._report = _read_report(self._report_reader.fileno())
        self._pulse_reader.close()
        self._report_reader.close()
        self._ended_at = self._loop.time()
        self.ended.set()


@contextmanager
def _terminal_signals_blocked() -> Iterator[None]:
    resource_tracker.ensure_running()  # it would unblock them on its way, if it were started by the first worker
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_SIGNALS)
    try:
        yield  # a new process keeps them blocked for as long as it lives
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _read_report(descriptor: int) -> list[str]:
    os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        text = os.read(descriptor, _REPORT_BYTES).decode(errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()][:_REPORT_LINES]
    return []


def _cause(exit_code: int | None) -> str:
    if exit_code is None:
        return "unknown"
    if exit_code == -signal.SIGKILL:
        return "SIGKILL, which the supervisor did not send: the system was out of memory, or somebody killed it"
    if exit_code < 0:
        with suppress(ValueError):
            return signal.Signals(-exit_code).name
        return f"signal {-exit_code}"
    if exit_code == REFUSED_TO_START:
        return "it refused to start; its own log line says why"
    return f"exit status {exit_code}"
