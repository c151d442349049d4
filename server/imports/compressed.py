"""Files that may be compressed with gzip."""

import gzip
import io
import zlib
from typing import BinaryIO, Final, cast

from isal import igzip, isal_zlib

_GZIP_MAGIC: Final = b"\x1f\x8b"

DAMAGED_GZIP: Final[tuple[type[Exception], ...]] = (
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    isal_zlib.error,  # type: ignore[assignment]  # its types call the class an instance
)
"""The errors of reading damaged gzip data."""


def decompressed(raw: io.BufferedReader) -> BinaryIO:
    """Return the file, decompressed if its content begins like gzip data."""
    if raw.peek(2)[:2] != _GZIP_MAGIC:
        return raw
    return cast("BinaryIO", igzip.open(raw, "rb"))  # type: ignore[no-untyped-call]  # its module has no types
