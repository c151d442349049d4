"""Files of FHIR resources: NDJSON, Bundles and single resources in any layout, optionally compressed with gzip."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from server.imports.compressed import DAMAGED_GZIP, decompressed
from server.imports.fhir.documents import DocumentReader
from server.imports.fhir.items import MAX_RESOURCE_BYTES, Item, Unreadable, resource_items

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_PIECE: Final = 65_536
_BUNDLE: Final = re.compile(rb'"resourceType"\s*:\s*"Bundle"|"entry"\s*:\s*\[')


class ResourceFile:
    """A file of resources, or a pipe. It can be iterated over once, in bounded memory."""

    def __init__(self, path: Path) -> None:
        """Name the file, without opening it."""
        self._path = path
        self._raw: BinaryIO | None = None

    @property
    def bytes_read(self) -> int:
        """The number of bytes that were read, or 0 if it is unknown, as for a pipe."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed and self._raw.seekable() else 0

    def __iter__(self) -> Iterator[Item]:
        """Yield the items of the file. Raise OSError if it cannot be read."""
        last: Item | None = None
        with self._path.open("rb") as raw:
            self._raw = raw
            try:
                for last in _items(decompressed(raw)):
                    yield last
            except DAMAGED_GZIP:
                rest = Unreadable("the rest of the file is damaged gzip data")
                yield Item(last.line if last else None, last.entry if last else None, rest)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank. If it is longer than a resource may be, `content` is its start.

    Attributes:
        number: The number of the line.
        content: The line, or its start.
        complete: Whether `content` is the whole line.
    """

    number: int
    content: bytes
    complete: bool


def _items(file: BinaryIO) -> Iterator[Item]:
    lines = _lines(file)
    head = _first_lines(lines)
    if _is_document(head):
        reader = DocumentReader()
        for piece in chain((line.content for line in head), iter(lambda: file.read(_PIECE), b"")):
            yield from reader.feed(piece)
        yield from reader.close()
        return
    for line in chain(head, lines):
        yield from _complete_line(line) if line.complete else _long_line(line, file)


def _first_lines(lines: Iterator[_Line]) -> list[_Line]:
    """Return the first two lines, or only the first if it is not complete."""
    head = list(islice(lines, 1))
    return head + list(islice(lines, 1)) if head and head[0].complete else head


def _lines(file: BinaryIO) -> Iterator[_Line]:
    """Yield the lines that are not blank. The caller must read the rest of an incomplete line before the next one."""
    number = 0
    while content := file.readline(MAX_RESOURCE_BYTES + 2):
        number += 1
        complete = len(content.rstrip(b"\r\n")) <= MAX_RESOURCE_BYTES
        if number == 1:
            content = content.removeprefix(_BYTE_ORDER_MARK)
        if content.strip():
            yield _Line(number, content, complete)


def _is_document(head: list[_Line]) -> bool:
    """Return whether these first two lines begin a JSON document of several lines.

    In such a document the first line is an incomplete object. If the second line is a resource, the file is NDJSON with
    a damaged first line.
    """
    if len(head) < 2:
        return False
    first, second = (line.content.strip() for line in head)
    if not first.startswith(b"{") or first.endswith(b"}") or not isinstance(_parse(first), Unreadable):
        return False
    second_value = _parse(second)
    return not (isinstance(second_value, dict) and "resourceType" in second_value)


def _complete_line(line: _Line) -> Iterator[Item]:
    yield from resource_items(_parse(line.content), line.number, None)


def _long_line(line: _Line, file: BinaryIO) -> Iterator[Item]:
    rest = _rest_of_line(line.content, file)
    if not _BUNDLE.search(line.content[:_PIECE]):
        for _ in rest:
            pass
        yield Item(line.number, None, Unreadable(f"the line is longer than {MAX_RESOURCE_BYTES:,} bytes"))
        return
    reader = DocumentReader(line.number)
    for piece in chain([line.content], rest):
        yield from reader.feed(piece)
    yield from reader.close()


def _rest_of_line(start: bytes, file: BinaryIO) -> Iterator[bytes]:
    piece = start
    while not piece.endswith(b"\n") and (piece := file.readline(_PIECE)):
        yield piece


def _parse(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        content.decode()
    except UnicodeDecodeError:
        return Unreadable("the line is not UTF-8")
    return Unreadable("the line is not JSON")
