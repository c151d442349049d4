"""A worker process of `serve --workers N`: runs the app, and sends its supervisor a pulse from its event loop."""

import faulthandler
import logging
import os
import signal
import socket
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

import uvicorn

from server.metrics.worker_files import WorkerFiles
from server.runtime.logs import configure_logging
from server.settings.environment import SettingsError

CANNOT_START: Final = 3
"""The exit status of a worker that cannot start. uvicorn uses the same status."""
REPORT_SIGNAL: Final = signal.SIGUSR1
"""Makes a worker report the stacks of its threads, even while its event loop is blocked."""
_TICKS_PER_PULSE: Final = 10  # uvicorn ticks every 0.1 seconds
_log = logging.getLogger("group_sessions.server")


def run_worker(
    config: uvicorn.Config,
    sockets: Sequence[socket.socket],
    pulse: Connection,
    report: Connection,
    metrics_files: WorkerFiles | None,
) -> None:
    """Serve until SIGTERM, or until the supervisor has ended. This is the entry point of a new process.

    Args:
        config: uvicorn's configuration. The app is loaded in this process.
        sockets: The sockets to accept connections from.
        pulse: Receives one byte per second from the event loop, the first when the server is ready.
        report: Receives the stacks of all threads on REPORT_SIGNAL and on a crash such as SIGSEGV.
        metrics_files: The files that the worker writes its metrics to; None if it has none.
    """
    faulthandler.enable(file=report.fileno())
    faulthandler.register(REPORT_SIGNAL, file=report.fileno())
    configure_logging("INFO")  # until the app has read the settings
    if metrics_files is not None:
        metrics_files.use()
    server = _Server(config, pulse)
    try:
        server.run(list(sockets))
    except Exception as fault:  # logged as one JSON line, instead of a traceback
        # The messages of SettingsError contain no secrets. Those of other exceptions may quote personal data.
        fields = {"reason": str(fault)} if isinstance(fault, SettingsError) else {}
        message = "the worker failed" if server.started else "the worker cannot start"
        _log.critical(message, exc_info=fault, extra={"fields": fields})
        raise SystemExit(1 if server.started else CANNOT_START) from None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, pulse: Connection) -> None:
        super().__init__(config)
        self._pulse = pulse  # referenced so that it is not closed
        os.set_blocking(pulse.fileno(), False)

    async def on_tick(self, counter: int) -> bool:
        """Send a pulse each second, and stop if the supervisor has ended."""
        if counter % _TICKS_PER_PULSE == 0:
            try:
                os.write(self._pulse.fileno(), b".")
            except BlockingIOError:
                pass  # the pipe is full: the supervisor is suspended and has not read for hours
            except BrokenPipeError:
                _log.error("the supervisor has ended, so this worker stops")
                self.should_exit = True
        return await super().on_tick(counter)
