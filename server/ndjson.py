"""Lines of a file, one at a time, whatever their length."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONGEST_LINE = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its number from 1, the bytes of it, or None where it is longer than LONGEST_LINE."""

    number: int
    content: bytes | None
    end: int
    """How many bytes of the file were read when this line was."""


def read_lines(path: Path) -> Iterator[Line]:
    """Gives the lines that are not blank, without their ends; a byte order mark is no part of the first.

    Holds no more than one line of at most LONGEST_LINE bytes.
    """
    number = end = 0
    with path.open("rb") as file:
        while piece := file.readline(LONGEST_LINE + 2):
            number += 1
            end += len(piece)
            content: bytes | None = piece.removeprefix(_BYTE_ORDER_MARK if number == 1 else b"").rstrip(b"\r\n")
            if content is not None and len(content) > LONGEST_LINE:
                content = None
            while not piece.endswith(b"\n") and (piece := file.readline(LONGEST_LINE)):
                content = None
                end += len(piece)
            if content is None or content.strip():
                yield Line(number, content, end)
