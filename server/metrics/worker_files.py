"""The files through which worker processes share their metrics: the multiprocess mode of prometheus-client.

Each worker writes its values to memory-mapped files in one folder. The worker that responds to a request for metrics
adds up all files. They are named by a number that no two running workers have, instead of by the process id: a worker
that takes the place of a dead one continues its counters, so the number of files stays small.
"""

import os
from dataclasses import dataclass
from pathlib import Path

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class WorkerFiles:
    """The files of one worker."""

    folder: Path
    number: int

    def use(self) -> None:
        """Write the metrics of this process to the files. Call it before the first metric is created."""
        global _used  # noqa: PLW0603 - prometheus-client has one place for values in each process, too
        from prometheus_client import values

        os.environ[_FOLDER_VARIABLE] = str(self.folder)  # noqa: TID251 - written for prometheus-client, not read
        values.ValueClass = values.MultiProcessValue(lambda: self.number)
        _used = self

    def end(self) -> None:
        """Forget what the worker measured of its present, such as its connections. Call it when the worker has ended.

        Its counters stay.
        """
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(self.number, str(self.folder))


_used: WorkerFiles | None = None


def folder_in_use() -> Path | None:
    """Return the folder with the files of all workers; None if this process keeps its metrics in its memory."""
    return None if _used is None else _used.folder


class WorkerNumbers:
    """Assigns each running worker the lowest free number, and with it its files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._in_use: set[int] = set()

    def take(self) -> WorkerFiles:
        """Return the files of a new worker."""
        number = next(number for number in range(len(self._in_use) + 1) if number not in self._in_use)
        self._in_use.add(number)
        return WorkerFiles(self._folder, number)

    def release(self, files: WorkerFiles) -> None:
        """Free the number of a worker that has ended."""
        self._in_use.discard(files.number)
        files.end()
