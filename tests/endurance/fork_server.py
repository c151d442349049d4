"""A process that has imported the server and forks server processes, so that a start takes milliseconds.

It reads commands as JSON lines. {"moment": n} starts a server and returns {"pid": …, "port": …}. After SIGUSR1 the
server kills itself with SIGKILL at the n-th moment of its database work (null: never). {"reap": pid} waits for the end
of a server and returns {"status": …} (os.waitstatus_to_exitcode). At the end of its input, it kills all servers.

There is a moment before and after each statement and COMMIT. The database cannot tell two kills between them apart.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import aiosqlite
import asyncpg
import uvicorn
from sqlalchemy import Engine, Pool, event

from server.app import create_app_from_environment


class _Moments:
    """Counts the moments since it was armed, and kills the process at the last one."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._armed = False
        self._count = 0
        signal.signal(signal.SIGUSR1, lambda _number, _frame: self.arm())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        for target, name in (
            (Engine, "begin"),
            (Engine, "before_cursor_execute"),
            (Engine, "after_cursor_execute"),
            (Engine, "commit"),
            (Engine, "rollback"),
            (Pool, "checkin"),  # after COMMIT, when the connection returns to the pool
        ):
            event.listen(target, name, self._pass)
        for driver, names in (
            (asyncpg.Connection, ("execute", "fetch", "executemany")),
            (aiosqlite.Connection, ("execute_fetchall", "executemany")),
        ):
            for name in names:
                setattr(driver, name, self._counted(getattr(driver, name)))

    def arm(self) -> None:
        self._armed = True

    def _counted(self, run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        # SQLAlchemy has no events for the statements that go directly to the driver.
        async def counted(*arguments: Any, **named: Any) -> Any:
            self._pass()
            result = await run(*arguments, **named)
            self._pass()
            return result

        return counted

    def _pass(self, *_: Any, **__: Any) -> None:
        if self._armed:
            self._count += 1
            if self._count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    # A server may be armed before its signal handler is installed.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    started: set[int] = set()
    for line in sys.stdin:
        command = json.loads(line)
        if "reap" in command:
            _, status = os.waitpid(command["reap"], 0)
            started.discard(command["reap"])
            reply = {"status": os.waitstatus_to_exitcode(status)}
        else:
            # Each server has its own socket, so that connections to a killed server are refused.
            listening = socket.create_server(("127.0.0.1", 0), backlog=128)
            pid = os.fork()
            if pid == 0:
                _serve(listening, command["moment"])
            started.add(pid)
            reply = {"pid": pid, "port": listening.getsockname()[1]}
            listening.close()
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
    for pid in started:  # left by a failed test
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(listening: socket.socket, moment: int | None) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    _Moments(moment or 0)
    config = uvicorn.Config(
        create_app_from_environment,
        factory=True,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
    )
    uvicorn.Server(config).run(sockets=[listening])
    os._exit(0)


if __name__ == "__main__":
    main()
