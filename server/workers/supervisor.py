"""The supervisor of `serve --workers N`: starts the worker processes and replaces those that die.

It is used instead of uvicorn's, which kills any worker that does not respond to a ping within seconds, such as one
that is still importing modules on a busy machine, and does not log that.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Sequence
from typing import Final

import uvicorn

from server.metrics.worker_files import WorkerNumbers
from server.workers.worker_process import WorkerProcess

_MAX_BACKOFF_SECONDS: Final = 30.0
_STABLE_SECONDS: Final = 60.0
"""A worker that ran for at least this time is replaced immediately, others after a backoff that doubles each time."""
_MAX_FAILED_STARTS: Final = 10
"""After this number of consecutive failed starts the server exits, so that the operator notices."""
_WARNING_SECONDS: Final = 10
_STOP_MARGIN_SECONDS: Final = 40.0
"""The time that a worker may take beyond its graceful shutdown, to stop its relay and close its connections."""
_log = logging.getLogger("group_sessions.server")


class WorkersFailed(Exception):
    """The workers cannot start, so the server has ended."""


class _Slot:
    """The place of one worker. It outlives the worker and counts its failures."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.worker = worker
        self.early_deaths = 0
        self.failed_starts = 0

    def backoff(self, lived_seconds: float) -> float:
        """Return the seconds to wait before replacing the dead worker of this slot."""
        if lived_seconds >= _STABLE_SECONDS:
            self.early_deaths = 0
            return 0.0
        self.early_deaths += 1
        return float(min(2.0 ** (self.early_deaths - 1), _MAX_BACKOFF_SECONDS))


class Supervisor:
    """Keeps a number of workers running until SIGTERM or SIGINT. SIGHUP replaces them one by one."""

    def __init__(
        self,
        config: uvicorn.Config,
        sockets: Sequence[socket.socket],
        *,
        silent_seconds: int,
        numbers: WorkerNumbers | None = None,
    ) -> None:
        """Configure the supervisor, without starting workers.

        Args:
            config: uvicorn's configuration, which includes the number of workers.
            sockets: The sockets that the workers accept connections from. They are closed when the server stops.
            silent_seconds: The time for which a worker's event loop may be blocked before the worker is killed.
            numbers: Assigns the files of the workers' metrics; None if they have no metrics.
        """
        self._config = config
        self._sockets = sockets
        self._silent_seconds = silent_seconds
        self._numbers = numbers
        self._slots: list[_Slot] = []
        self._workers: set[WorkerProcess] = set()
        self._stopping = asyncio.Event()
        self._reload: asyncio.Task[None] | None = None
        self._failure: str | None = None

    async def run(self) -> None:
        """Supervise until a signal stops the server, then wait until every worker has ended.

        Raises:
            WorkersFailed: The workers cannot start.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._begin_reload)
        self._slots = [_Slot(self._start()) for _ in range(self._config.workers)]
        tasks = [asyncio.create_task(self._keep_filled(slot)) for slot in self._slots]
        tasks.append(asyncio.create_task(self._watch()))
        await self._stopping.wait()
        if self._reload is not None:
            tasks.append(self._reload)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._end_workers()
        if self._failure is not None:
            raise WorkersFailed(self._failure)

    def _start(self) -> WorkerProcess:
        worker = WorkerProcess(self._config, self._sockets, self._numbers)
        self._workers.add(worker)
        return worker

    async def _keep_filled(self, slot: _Slot) -> None:
        while True:
            worker = slot.worker
            await worker.ended.wait()
            if slot.worker is not worker:
                continue  # a reload has replaced the worker
            self._workers.discard(worker)
            backoff = slot.backoff(worker.lived_seconds)
            fields = {**worker.death(), "replaced_in_seconds": backoff}
            _log.error("a worker died", extra={"fields": fields})
            self._stop_if_hopeless(slot)
            await asyncio.sleep(backoff)
            if slot.worker is worker:
                slot.worker = self._start()

    def _stop_if_hopeless(self, slot: _Slot) -> None:
        if slot.worker.ready.is_set():
            slot.failed_starts = 0
            return
        slot.failed_starts += 1
        serving = any(worker.ready.is_set() for worker in self._workers)
        if (slot.worker.exited_by_itself and not serving) or slot.failed_starts == _MAX_FAILED_STARTS:
            self._failure = "the workers cannot start: see the log lines above"
            self._stopping.set()

    async def _watch(self) -> None:
        # Counts wake-ups instead of reading a clock, so that time in which this process did not run does not count.
        seconds, announced = 0, False
        while True:
            await asyncio.sleep(1)
            seconds += 1
            for worker in self._workers:
                worker.silent_seconds += 1
                self._check_pulse(worker)
            if not announced and all(slot.worker.ready.is_set() for slot in self._slots):
                announced = True
                _log.info("the workers are ready", extra={"fields": {"workers": len(self._slots), "seconds": seconds}})

    def _check_pulse(self, worker: WorkerProcess) -> None:
        fields = {"worker": worker.pid, "silent_seconds": worker.silent_seconds}
        if not worker.ready.is_set():
            if worker.silent_seconds == _WARNING_SECONDS:
                _log.warning("a worker is still starting", extra={"fields": fields})
            return
        if worker.silent_seconds == _WARNING_SECONDS:
            _log.warning("a worker's event loop is blocked", extra={"fields": fields})
        if worker.silent_seconds == self._silent_seconds:
            _log.error("a worker hangs and is killed", extra={"fields": fields})
            worker.report_and_kill()

    def _begin_reload(self) -> None:
        if self._reload is None or self._reload.done():
            self._reload = asyncio.create_task(self._replace_all())

    async def _replace_all(self) -> None:
        _log.info("SIGHUP: replacing the workers one by one")
        for slot in self._slots:
            new = self._start()
            if not await new.becomes_ready():
                self._workers.discard(new)
                _log.error("the replacement died, so the other workers are not replaced", extra={"fields": new.death()})
                return
            old, slot.worker = slot.worker, new
            old.terminate()
            await old.ended.wait()
            self._workers.discard(old)

    def _interrupt(self) -> None:
        if self._stopping.is_set():
            for worker in self._workers:
                worker.kill("a second SIGINT")
        self._stopping.set()

    async def _end_workers(self) -> None:
        # The workers close their copies of the sockets themselves; new connections are refused once all are closed.
        for listening in self._sockets:
            listening.close()
        for worker in self._workers:
            worker.terminate()
        ends = [asyncio.create_task(worker.ended.wait()) for worker in self._workers]
        if not ends:
            return
        _, late = await asyncio.wait(ends, timeout=(self._config.timeout_graceful_shutdown or 0) + _STOP_MARGIN_SECONDS)
        if late:
            for worker in self._workers:
                worker.kill("it did not stop in time")
            await asyncio.wait(late)
