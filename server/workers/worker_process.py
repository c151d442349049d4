"""One worker process from the supervisor's side: whether it is ready, its last pulse, and why it died."""

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

from server.metrics.worker_files import WorkerNumbers
from server.workers.worker import CANNOT_START, REPORT_SIGNAL, run_worker

_SPAWN: Final = get_context("spawn")
"""Workers are spawned instead of forked, so that a reload runs the code that is on the disk at that time."""
_REPORT_SECONDS: Final = 2.0
_REPORT_BYTES: Final = 65536
_REPORT_LINES: Final = 100
# A terminal sends these to all processes of the group, but only the supervisor handles them.
_TERMINAL_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGHUP})
_log = logging.getLogger("group_sessions.server")


class WorkerProcess:
    """A process that runs `server.workers.worker`.

    Attributes:
        ready: Set when the worker serves.
        ended: Set when the process has ended.
        silent_seconds: The seconds since the last pulse. The supervisor increments it, and a pulse resets it to 0.
    """

    def __init__(
        self, config: uvicorn.Config, sockets: Sequence[socket.socket], numbers: WorkerNumbers | None = None
    ) -> None:
        """Start the process. `numbers` assigns the files of its metrics, if it has metrics."""
        self._numbers = numbers
        self._metrics_files = None if numbers is None else numbers.take()
        self._loop = asyncio.get_running_loop()
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        self.silent_seconds = 0
        self._started_at = self._loop.time()
        self._ended_at: float | None = None
        self._kill_reason: str | None = None
        self._report: list[str] = []
        self._pulse_reader, pulse = _SPAWN.Pipe(duplex=False)
        self._report_reader, report = _SPAWN.Pipe(duplex=False)
        arguments = (config, tuple(sockets), pulse, report, self._metrics_files)
        self._process = _SPAWN.Process(target=run_worker, args=arguments)
        with _terminal_signals_blocked():
            self._process.start()
        pulse.close()
        report.close()
        self._loop.add_reader(self._pulse_reader.fileno(), self._read_pulse)
        self._loop.add_reader(self._process.sentinel, self._process_ended)

    @property
    def pid(self) -> int | None:
        """The process id."""
        return self._process.pid

    @property
    def lived_seconds(self) -> float:
        """The seconds that the process has run."""
        return (self._ended_at or self._loop.time()) - self._started_at

    @property
    def exited_by_itself(self) -> bool:
        """Whether the process ended with an exit status, not by a signal."""
        return self._process.exitcode is not None and self._process.exitcode >= 0

    def death(self) -> dict[str, Any]:
        """Return the log fields that describe the end of this process."""
        fields: dict[str, Any] = {
            "worker": self.pid,
            "cause": self._kill_reason or _cause(self._process.exitcode),
            "lived_seconds": round(self.lived_seconds, 1),
            "was_ready": self.ready.is_set(),
        }
        return fields | ({"at": self._report} if self._report else {})

    async def becomes_ready(self) -> bool:
        """Wait until the worker serves or has ended. Return whether it serves."""
        waits = [asyncio.create_task(event.wait()) for event in (self.ready, self.ended)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self.ready.is_set() and not self.ended.is_set()

    def terminate(self) -> None:
        """Make the worker finish its requests and end."""
        if not self.ended.is_set():
            self._process.terminate()

    def kill(self, reason: str) -> None:
        """End the process immediately."""
        if not self.ended.is_set():
            self._kill_reason = f"killed by the supervisor: {reason}"
            self._process.kill()

    def report_and_kill(self) -> None:
        """Make the worker report the stacks of its threads, then end the process."""
        if self.pid is not None and not self.ended.is_set():
            os.kill(self.pid, REPORT_SIGNAL)
            self._loop.call_later(_REPORT_SECONDS, self.kill, "its event loop was blocked")

    def _read_pulse(self) -> None:
        if os.read(self._pulse_reader.fileno(), 4096):
            self.silent_seconds = 0
            self.ready.set()
        else:
            self._loop.remove_reader(self._pulse_reader.fileno())

    def _process_ended(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._loop.remove_reader(self._pulse_reader.fileno())
        self._process.join()
        self._report = _read_report(self._report_reader.fileno())
        self._pulse_reader.close()
        self._report_reader.close()
        self._ended_at = self._loop.time()
        if self._numbers is not None and self._metrics_files is not None:
            self._numbers.release(self._metrics_files)
        self.ended.set()


@contextmanager
def _terminal_signals_blocked() -> Iterator[None]:
    resource_tracker.ensure_running()  # otherwise the first worker starts it, which unblocks the signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_SIGNALS)
    try:
        yield  # a process started here inherits the blocked signals
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
        return "SIGKILL, which the supervisor did not send: the system was out of memory, or another process sent it"
    if exit_code < 0:
        with suppress(ValueError):
            return signal.Signals(-exit_code).name
        return f"signal {-exit_code}"
    if exit_code == CANNOT_START:
        return "it failed to start: see its own log line"
    return f"exit status {exit_code}"
