"""A worker process of `serve --workers N`: it runs the app, and shows its supervisor that its event loop turns."""

import faulthandler
import logging
import os
import signal
import socket
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

import uvicorn

from server.runtime.logs import configure_logging
from server.settings.environment import SettingsError

REFUSED_TO_START: Final = 3
"""The exit status of a worker that would fail the same way each time; uvicorn uses the same."""
REPORT_SIGNAL: Final = signal.SIGUSR1
"""Makes a worker report where its threads are, even while its event loop is stuck."""
_TICKS_PER_PULSE: Final = 10  # uvicorn ticks every 0.1 seconds
_log = logging.getLogger("group_sessions.server")


def run_worker(config: uvicorn.Config, sockets: Sequence[socket.socket], pulse: Connection, report: Connection) -> None:
    """Serve until SIGTERM, or until the supervisor is gone. The entry point of a new process.

    Args:
        config: What to serve; the app is loaded here.
        sockets: The sockets to accept connections from.
        pulse: Receives a byte a second while the event loop turns, the first when the server is ready.
        report: Receives the stacks of all threads on REPORT_SIGNAL and on crashes such as SIGSEGV.
    """
    faulthandler.enable(file=report.fileno())
    faulthandler.register(REPORT_SIGNAL, file=report.fileno())
    configure_logging("INFO")  # until the app has read the settings
    server = _Server(config, pulse)
    try:
        server.run(list(sockets))
    except Exception as fault:  # whatever it is, the log says it in one line, as it does all else
        # The messages of settings are made for logs; those of other exceptions may quote values.
        reason = {"reason": str(fault)} if isinstance(fault, SettingsError) else {}
        what = "the worker failed" if server.started else "the worker cannot start"
        _log.critical(what, exc_info=fault, extra={"fields": reason})
        raise SystemExit(1 if server.started else REFUSED_TO_START) from None


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, pulse: Connection) -> None:
        super().__init__(config)
        self._pulse = pulse.fileno()
        self._keeps_open = pulse
        os.set_blocking(self._pulse, False)

    async def on_tick(self, counter: int) -> bool:
        """Send a pulse each second, and stop when nobody is left to receive it."""
        if counter % _TICKS_PER_PULSE == 0:
            try:
                os.write(self._pulse, b".")
            except BlockingIOError:
                pass  # the supervisor is stopped, and has not read for hours
            except BrokenPipeError:
                _log.error("the supervisor is gone, so this worker stops")
                self.should_exit = True
        return await super().on_tick(counter)
