"""A process that has loaded the server, and forks one that serves for each line it reads: a start costs milliseconds.

It reads JSON lines: {"moment": n} starts a server that kills itself with SIGKILL at the n-th moment of its database
work after it was armed by SIGUSR1 (null: never), and answers {"pid": …, "port": …}; {"reap": pid} waits for its end,
and answers {"status": …} as os.waitstatus_to_exitcode gives it. It ends with its input, and its servers with it.

A moment is before and after each statement and COMMIT: what is between two of them cannot be told apart by what is
in the database.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import aiosqlite
import asyncpg  # type: ignore[import-untyped]  # it ships no types
import uvicorn
from sqlalchemy import Engine, Pool, event

from server.app import create_app_from_environment


class _Moments:
    """Counts the moments since it was armed, and ends the process at the one that was chosen."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._armed = False
        self._seen = 0
        signal.signal(signal.SIGUSR1, lambda _number, _frame: self.arm())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        for target, name in (
            (Engine, "begin"),
            (Engine, "before_cursor_execute"),
            (Engine, "after_cursor_execute"),
            (Engine, "commit"),
            (Engine, "rollback"),
            (Pool, "checkin"),  # after COMMIT: the connection goes back
        ):
            event.listen(target, name, self._pass)
        for driver, names in (
            (asyncpg.Connection, ("execute", "fetch", "executemany")),
            (aiosqlite.Connection, ("execute_fetchall", "executemany")),
        ):
            for name in names:
                setattr(driver, name, self._watched(getattr(driver, name)))

    def arm(self) -> None:
        self._armed = True

    def _watched(self, run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        # Most statements go to the driver without SQLAlchemy, which cannot tell of them.
        async def watched(*arguments: Any, **named: Any) -> Any:
            self._pass()
            done = await run(*arguments, **named)
            self._pass()
            return done

        return watched

    def _pass(self, *_: Any, **__: Any) -> None:
        if self._armed:
            self._seen += 1
            if self._seen == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    # A server may be armed before it can count.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    started: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "reap" in asked:
            _, status = os.waitpid(asked["reap"], 0)
            started.discard(asked["reap"])
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            # A socket of its own: what a killed server has not accepted is refused, and waits for no other.
            listening = socket.create_server(("127.0.0.1", 0), backlog=128)
            pid = os.fork()
            if pid == 0:
                _serve(listening, asked["moment"])
            started.add(pid)
            answer = {"pid": pid, "port": listening.getsockname()[1]}
            listening.close()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in started:  # a test has failed and left them
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
