"""The supervisor of `serve --workers N`: starts the worker processes, and replaces those that die.

It replaces uvicorn's, which kills every worker that does not answer a ping within seconds, such as one that is still
importing on a busy machine, and logs nothing of it.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Sequence
from typing import Final

import uvicorn

from server.workers.worker_process import WorkerProcess

_LONGEST_DELAY_SECONDS: Final = 30.0
_STABLE_SECONDS: Final = 60.0
"""A worker that lived for so long is replaced at once; one that did not, with a delay that doubles each time."""
_FAILED_STARTS: Final = 10
"""After so many failed starts of a worker in a row the server gives up, so that whoever runs it learns of it."""
_WARNING_SECONDS: Final = 10
_STOP_MARGIN_SECONDS: Final = 40.0
"""How much longer than its graceful shutdown a worker may take to end: relays and connections are closed after it."""
_log = logging.getLogger("group_sessions.server")


class WorkersFailed(Exception):
    """The workers cannot start, so the server has ended."""


class _Slot:
    """A place for one worker, which stays while workers come and go."""

    def __init__(self, worker: WorkerProcess) -> None:
        self.worker = worker
        self.early_deaths = 0
        self.failed_starts = 0

    def delay(self, lived: float) -> float:
        """Return how long to wait before the dead worker of this slot is replaced."""
        if lived >= _STABLE_SECONDS:
            self.early_deaths = 0
            return 0.0
        self.early_deaths += 1
        return float(min(2.0 ** (self.early_deaths - 1), _LONGEST_DELAY_SECONDS))


class Supervisor:
    """Keeps a number of workers running until SIGTERM or SIGINT. SIGHUP replaces them one by one."""

    def __init__(self, config: uvicorn.Config, sockets: Sequence[socket.socket], *, silent_seconds: int) -> None:
        """Start nothing yet.

        Args:
            config: What the workers serve, and how many they are.
            sockets: The sockets that they accept connections from; closed when the server stops.
            silent_seconds: How long a worker's event loop may stand still before the worker counts as hung.
        """
        self._config = config
        self._sockets = sockets
        self._silent_seconds = silent_seconds
        self._slots: list[_Slot] = []
        self._workers: set[WorkerProcess] = set()
        self._stopping = asyncio.Event()
        self._reload: asyncio.Task[None] | None = None
        self._failure: str | None = None

    async def run(self) -> None:
        """Supervise until a signal says to stop, and every worker has ended.

        Raises:
            WorkersFailed: If the workers cannot start.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._begin_reload)
        self._slots = [_Slot(self._start()) for _ in range(self._config.workers)]
        tasks = [asyncio.create_task(self._keep(slot)) for slot in self._slots]
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
        worker = WorkerProcess(self._config, self._sockets)
        self._workers.add(worker)
        return worker

    async def _keep(self, slot: _Slot) -> None:
        while True:
            worker = slot.worker
            await worker.ended.wait()
            if slot.worker is not worker:
                continue  # a reload has replaced it
            self._workers.discard(worker)
            delay = slot.delay(worker.lived_seconds)
            fields = {**worker.death(), "replaced_in_seconds": delay}
            _log.error("a worker died", extra={"fields": fields})
            self._end_if_hopeless(slot)
            await asyncio.sleep(delay)
            if slot.worker is worker:
                slot.worker = self._start()

    def _end_if_hopeless(self, slot: _Slot) -> None:
        if slot.worker.ready.is_set():
            slot.failed_starts = 0
            return
        slot.failed_starts += 1
        serving = any(each.ready.is_set() for each in self._workers)
        if (slot.worker.exited_by_itself and not serving) or slot.failed_starts == _FAILED_STARTS:
            self._failure = "the workers cannot start; the log says why"
            self._stopping.set()

    async def _watch(self) -> None:
        # Seconds in which this process gets no CPU either, or is stopped, count against nobody.
        seconds, announced = 0, False
        while True:
            await asyncio.sleep(1)
            seconds += 1
            for worker in self._workers:
                worker.silent_seconds += 1
                self._judge(worker)
            if not announced and all(slot.worker.ready.is_set() for slot in self._slots):
                announced = True
                _log.info("the workers are ready", extra={"fields": {"workers": len(self._slots), "seconds": seconds}})

    def _judge(self, worker: WorkerProcess) -> None:
        fields = {"worker": worker.pid, "silent_seconds": worker.silent_seconds}
        if not worker.ready.is_set():
            if worker.silent_seconds == _WARNING_SECONDS:
                _log.warning("a worker is still starting", extra={"fields": fields})
            return
        if worker.silent_seconds == _WARNING_SECONDS:
            _log.warning("a worker's event loop stands still", extra={"fields": fields})
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
                _log.error("the replacement died, so the other workers stay", extra={"fields": new.death()})
                return
            old, slot.worker = slot.worker, new
            old.terminate()
            await old.ended.wait()
            self._workers.discard(old)

    def _interrupt(self) -> None:
        if self._stopping.is_set():  # somebody has lost patience
            for worker in self._workers:
                worker.kill("a second SIGINT")
        self._stopping.set()

    async def _end_workers(self) -> None:
        # Nobody new is accepted from here on, by this process neither.
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
