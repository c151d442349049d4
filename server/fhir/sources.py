"""Reads files of FHIR resources: NDJSON, Bundles and single resources in any layout, each also as gzip."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson
from isal import igzip, isal_zlib

from server.fhir.documents import DocumentReader
from server.fhir.items import LONGEST_RESOURCE, Fault, Item, resource_items

_GZIP: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_PIECE: Final = 65_536
_BUNDLE: Final = re.compile(rb'"resourceType"\s*:\s*"Bundle"|"entry"\s*:\s*\[')
_DAMAGED_GZIP: Final[tuple[type[Exception], ...]] = (
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    isal_zlib.error,  # type: ignore[assignment]  # its types call the class an instance
)


class Source:
    """A file of resources, which may be a pipe. Iterating over it reads it, once and in bounded memory."""

    def __init__(self, path: Path) -> None:
        """Prepare to read the file."""
        self._path = path
        self._raw: BinaryIO | None = None

    @property
    def bytes_read(self) -> int:
        """How much of the file was read, 0 where that cannot be known."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed and self._raw.seekable() else 0

    def __iter__(self) -> Iterator[Item]:
        """Return the items of the file one at a time. Raise OSError where it cannot be read."""
        last: Item | None = None
        with self._path.open("rb") as raw:
            self._raw = raw
            try:
                for last in _items(_decompressed(raw)):
                    yield last
            except _DAMAGED_GZIP:
                fault = Fault("from here on the file is damaged: it is not whole gzip data", unread=True)
                yield Item(last.line if last else None, last.entry if last else None, fault)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank. One that is not `whole` is longer than a resource may be, and this is its start."""

    number: int
    content: bytes
    whole: bool


def _decompressed(raw: io.BufferedReader) -> BinaryIO:
    if raw.peek(2)[:2] != _GZIP:
        return raw
    return cast("BinaryIO", igzip.open(raw, "rb"))  # type: ignore[no-untyped-call]  # its module has no types


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
        yield from _whole_line(line) if line.whole else _long_line(line, file)


def _first_lines(lines: Iterator[_Line]) -> list[_Line]:
    """Return the first two lines, or the first alone where the rest of it is yet to be read."""
    head = list(islice(lines, 1))
    return head + list(islice(lines, 1)) if head and head[0].whole else head


def _lines(file: BinaryIO) -> Iterator[_Line]:
    """Return the lines that are not blank. Of one that is not whole, the rest is to be read before the next."""
    number = 0
    while content := file.readline(LONGEST_RESOURCE + 2):
        number += 1
        whole = len(content.rstrip(b"\r\n")) <= LONGEST_RESOURCE
        if number == 1:
            content = content.removeprefix(_BYTE_ORDER_MARK)
        if content.strip():
            yield _Line(number, content, whole)


def _is_document(head: list[_Line]) -> bool:
    """Return whether these first two lines are the beginning of a document that has several lines.

    The first line is an object that goes on, and the second does not begin another resource: that would be NDJSON,
    the first line of which is damaged.
    """
    if len(head) < 2:
        return False
    first, second = (line.content.strip() for line in head)
    if not first.startswith(b"{") or first.endswith(b"}") or not isinstance(_parse(first), Fault):
        return False
    following = _parse(second)
    return not (isinstance(following, dict) and "resourceType" in following)


def _whole_line(line: _Line) -> Iterator[Item]:
    yield from resource_items(_parse(line.content), line.number, None)


def _long_line(line: _Line, file: BinaryIO) -> Iterator[Item]:
    rest = _rest_of_line(line.content, file)
    if not _BUNDLE.search(line.content[:_PIECE]):
        for _ in rest:
            pass
        yield Item(line.number, None, Fault(f"the line is longer than {LONGEST_RESOURCE:,} bytes"))
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
        return Fault("the line is not UTF-8")
    return Fault("the line is not JSON")
