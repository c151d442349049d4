"""The progress bar of an import, where there is a terminal to show it."""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from server.fhir.sources import Source

# Updating the bar for each item would cost more than reading it.
_ITEMS_PER_UPDATE: Final = 100


class FileProgress:
    """Shows how much of all files is read."""

    def __init__(self, paths: Iterable[Path], console: Console) -> None:
        """Prepare the bar."""
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            redirect_stdout=False,
        )
        self._sizes = {path: path.stat().st_size if path.is_file() else 0 for path in paths}
        self._task = self._bar.add_task("", total=sum(self._sizes.values()) or None)
        self._done = 0
        self._items = 0

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    @property
    def is_shown(self) -> bool:
        """Whether there is a bar to make room for."""
        return not self._bar.disable

    def show(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def start(self, path: Path) -> None:
        """Show that a file is being read."""
        self._bar.update(self._task, description=path.name)

    def advance(self, source: Source) -> None:
        """Show how much of the file is read."""
        self._items += 1
        if self._items % _ITEMS_PER_UPDATE == 0:
            self._bar.update(self._task, completed=self._done + source.bytes_read)

    def end(self, path: Path) -> None:
        """Show that the file is read."""
        self._done += self._sizes[path]
        self._bar.update(self._task, completed=self._done)
