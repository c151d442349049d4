"""The progress bar of an import, shown on a terminal."""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from server.imports.record_file import RecordFile

# Updating the bar for each item would cost more time than reading the item.
_ITEMS_PER_UPDATE: Final = 100


class FileProgress:
    """Shows the progress of reading all files."""

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
        self._completed_bytes = 0
        self._items = 0

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop updating the bar."""
        self._bar.stop()

    @property
    def is_shown(self) -> bool:
        """Whether the bar is visible."""
        return not self._bar.disable

    def show(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def start(self, path: Path) -> None:
        """Show the name of the file that is read next."""
        self._bar.update(self._task, description=path.name)

    def advance(self, file: RecordFile) -> None:
        """Count an item of the file, and update the bar from time to time."""
        self._items += 1
        if self._items % _ITEMS_PER_UPDATE == 0:
            self._bar.update(self._task, completed=self._completed_bytes + file.bytes_read)

    def end(self, path: Path) -> None:
        """Show that the file is complete."""
        self._completed_bytes += self._sizes[path]
        self._bar.update(self._task, completed=self._completed_bytes)
