"""A damaged file, another schema or a database with rows is refused, and nothing is restored."""

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from db.backups.archives import DamagedArchive
from db.backups.restore import NotRestorable, restore_backup
from db.connections.engine import Database
from tests.support.backups import back_up, content_of, file, fill_every_table, target
from tests.support.databases import operator_of
from tests.support.lively_clinic import lively_clinic

__all__ = ["file", "target"]

pytestmark = pytest.mark.anyio


async def test_a_damaged_file_restores_nothing(engine: Database, target: Database, file: Path) -> None:
    await fill_every_table(engine)
    await back_up(engine, file)
    whole = content_of(file)
    text = gzip.decompress(whole)
    damaged = {
        "cut": whole[: len(whole) // 2],
        "without its last byte": whole[:-1],
        "flipped": whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :],
        "not gzip": b"SQLite format 3\x00" + whole,
        "another gzip": gzip.compress(b'{"hello": 1}\n'),
        "empty": b"",
        "edited": gzip.compress(text.replace(b"Patient 3", b"Patient 4")),
        "a row less": gzip.compress(_without_a_row(text)),
        "no end": gzip.compress(text[: text.rindex(b'{"sha256"')]),
    }
    for damage, content in damaged.items():
        assert await is_refused(target, put(file, content)), damage
    put(file, whole)
    await restore_backup(target, file)


async def is_refused(target: Database, file: Path) -> bool:
    try:
        await restore_backup(target, file)
    except DamagedArchive:
        return True
    return False


def _without_a_row(text: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    del lines[next(number for number, line in enumerate(lines) if b"Patient 3" in line)]
    return _with_digest(lines[:-1])


def _with_digest(lines: list[bytes]) -> bytes:
    return b"".join([*lines, orjson.dumps({"sha256": hashlib.sha256(b"".join(lines)).hexdigest()}), b"\n"])


async def test_a_database_with_rows_is_refused(engine: Database, file: Path) -> None:
    await make_group_and_back_up(engine, file)
    with pytest.raises(NotRestorable, match="is not empty"):
        await restore_backup(operator_of(engine), file)


async def make_group_and_back_up(engine: Database, file: Path) -> None:
    await lively_clinic(engine)
    await back_up(engine, file)


async def test_a_backup_of_a_newer_version_is_refused_with_a_message(
    engine: Database, target: Database, file: Path
) -> None:
    await make_group_and_back_up(engine, file)
    rewrite_header(file, lambda header: header | {"schema": "9999", "program": "9.8.7"})
    with pytest.raises(NotRestorable, match=r"version 9\.8\.7 .* newer schema"):
        await restore_backup(target, file)
    rewrite_header(file, lambda header: header | {"version": 2})
    with pytest.raises(DamagedArchive, match=r"format 2, but this program reads format 1\. .* 9\.8\.7"):
        await restore_backup(target, file)


async def test_a_backup_of_an_older_schema_is_refused_with_a_message(
    engine: Database, target: Database, file: Path
) -> None:
    await make_group_and_back_up(engine, file)
    rewrite_header(file, lambda header: header | {"schema": "0008", "program": "0.9.0"})
    with pytest.raises(NotRestorable, match=r"older schema \(0008\)\. .* 0\.9\.0, .* `migrate` of this version"):
        await restore_backup(target, file)


def put(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def rewrite_header(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    lines[0] = orjson.dumps(change(orjson.loads(lines[0]))) + b"\n"
    file.write_bytes(gzip.compress(_with_digest(lines[:-1])))
