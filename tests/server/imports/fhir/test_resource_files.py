"""Reading files: NDJSON, Bundles and single resources in any layout, gzip, and damaged files."""

import gzip
import json
import os
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from server.imports.fhir import documents
from server.imports.fhir.items import MAX_RESOURCE_BYTES, Deletion, Unreadable
from server.imports.fhir.resource_files import ResourceFile
from tests.server.imports.fhir.resources import bundle, deletion, ndjson, patient

A, B, C = patient(id="a"), patient(id="b"), patient(id="c")


def read(path: Path) -> list[tuple[int | None, int | None, Any]]:
    return [(item.line, item.entry, item.content) for item in ResourceFile(path)]


def write_file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


@pytest.fixture(params=["plain", "gzip"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    def write(content: bytes) -> Path:
        return write_file(tmp_path, gzip.compress(content) if request.param == "gzip" else content)

    return write


def test_lines_are_numbered_and_blank_lines_are_ignored(file: Any) -> None:
    content = b"\xef\xbb\xbf" + ndjson(A).replace(b"\n", b"\r\n") + b"\n  \n" + ndjson(B) + ndjson(C).rstrip()
    assert read(file(content)) == [(1, None, A), (4, None, B), (5, None, C)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_bundle_is_read_entry_by_entry(file: Any, indent: int | None) -> None:
    content = json.dumps(bundle(A, B), indent=indent).encode()
    line = 1 if indent is None else None
    assert read(file(content)) == [(line, 1, A), (line, 2, B)]


def test_a_bundle_with_one_entry_per_line_is_read(file: Any) -> None:
    entries = b",\n".join(json.dumps({"resource": resource}).encode() for resource in (A, B))
    content = b'{"resourceType": "Bundle", "entry": [\n' + entries + b"\n]}\n"
    assert [item[2] for item in read(file(content))] == [A, B]


def test_the_type_of_a_bundle_may_come_last(file: Any) -> None:
    content = json.dumps(dict(reversed(bundle(A, B).items())), indent=1).encode()
    assert [item[2] for item in read(file(content))] == [A, B]


def test_resources_printed_over_several_lines_are_read(file: Any) -> None:
    content = b"\n".join(json.dumps(resource, indent=4).encode() for resource in (A, bundle(B), C))
    assert [item[2] for item in read(file(content))] == [A, B, C]


def test_lines_may_be_bundles_of_deletions(file: Any) -> None:
    first = {"resourceType": "Bundle", "type": "transaction", "entry": [deletion("Patient/a"), deletion("Patient/b")]}
    content = ndjson(first, {"resourceType": "Bundle"}, A)
    assert read(file(content)) == [
        (1, 1, Deletion("Patient/a", None)),
        (1, 2, Deletion("Patient/b", None)),
        (3, None, A),
    ]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_bundle_within_an_entry_is_read(file: Any, indent: int | None) -> None:
    content = json.dumps(bundle(bundle(A, B), C), indent=indent).encode()
    line = None if indent else 1
    assert read(file(content)) == [(line, 1, A), (line, 1, B), (line, 2, C)]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_deletion_without_a_time_has_the_time_of_its_bundle(file: Any, indent: int | None) -> None:
    at = "2020-04-27T02:56:00Z"
    deleted = {"resourceType": "Bundle", "meta": {"lastUpdated": at}, "entry": [deletion("Patient/a")]}
    assert [item[2] for item in read(file(json.dumps(deleted, indent=indent).encode()))] == [Deletion("Patient/a", at)]


def test_a_damaged_line_does_not_affect_other_lines(file: Any) -> None:
    content = b'{"resourceType": "Patient", "id":\n' + ndjson(A) + b'{"id": "\xff"}\nnot JSON\n[]\n' + ndjson(B)
    assert read(file(content)) == [
        (1, None, Unreadable("the line is not JSON")),
        (2, None, A),
        (3, None, Unreadable("the line is not UTF-8")),
        (4, None, Unreadable("the line is not JSON")),
        (5, None, []),
        (6, None, B),
    ]


def test_a_huge_line_does_not_affect_other_lines(tmp_path: Path) -> None:
    longest = json.dumps(patient(photo="x")).encode()
    longest = longest.replace(b'"x"', b'"' + b"x" * (MAX_RESOURCE_BYTES - len(longest) + 1) + b'"')
    assert len(longest) == MAX_RESOURCE_BYTES
    huge = b'{"photo": "' + b"x" * (10 * MAX_RESOURCE_BYTES) + b'"}'
    path = write_file(tmp_path, ndjson(A) + huge + b"\r\n" + longest + b"\n" + ndjson(B))
    items = read(path)
    assert items[0] == (1, None, A)
    assert items[1] == (2, None, Unreadable(f"the line is longer than {MAX_RESOURCE_BYTES:,} bytes"))
    assert (items[2][0], items[2][2]["id"]) == (3, "p")
    assert items[3] == (4, None, B)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_bundle_of_any_size_is_read_in_little_memory(tmp_path: Path, indent: int | None) -> None:
    entry = json.dumps({"resource": patient(photo="x" * 1000)}, indent=indent).encode()
    path = tmp_path / "bundle.json"
    with path.open("wb") as out:
        out.write(b'{"resourceType": "Bundle",' + (b"\n" if indent else b"") + b'"entry": [')
        out.write(b",".join([entry] * 20_000))
        out.write(b"]}")
    tracemalloc.start()
    count = sum(item.content["id"] == "p" for item in ResourceFile(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert path.stat().st_size > 20_000_000
    assert peak < 12_000_000 if indent is None else peak < 2_000_000


def test_an_entry_too_large_or_too_deep_does_not_affect_others(file: Any) -> None:
    deep: Any = "x"
    for _ in range(150):
        deep = [deep]
    large = patient(photo=["x" * 1_000_000] * 6)
    content = json.dumps(bundle(A, patient(deep=deep), large, B), indent=1).encode()
    assert read(file(content)) == [
        (None, 1, A),
        (None, 2, Unreadable("the resource is nested deeper than 100 levels")),
        (None, 3, Unreadable(f"the resource is longer than {MAX_RESOURCE_BYTES:,} bytes")),
        (None, 4, B),
    ]


def test_an_endless_string_ends_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_MAX_STRING_BYTES", 1_000_000)
    path = write_file(tmp_path, b'{\n"entry": [{"resource": {"id": "a"}}, {"x": "' + b"x" * 2_000_000)
    first, last = read(path)
    assert first == (None, 1, {"id": "a"})
    assert last[2].reason == "the rest of the file starts with a string longer than 1,000,000 bytes"


@pytest.mark.parametrize(
    ("cut", "reason"),
    [
        (-1, "the file ends in the middle of a resource"),
        (-30, "the file ends in the middle of a resource"),
    ],
)
def test_a_truncated_document_is_read_up_to_its_end(file: Any, cut: int, reason: str) -> None:
    content = json.dumps(bundle(A, B), indent=2).encode()[:cut]
    items = read(file(content))
    assert items[0] == (None, 1, A)
    assert items[-1][2] == Unreadable(reason)


def test_a_damaged_document_is_read_up_to_the_damage(file: Any) -> None:
    content = json.dumps(bundle(A, B), indent=2).encode().replace(b'"b"', b"'b'")
    assert read(file(content)) == [
        (None, 1, A),
        (None, 2, Unreadable("the rest of the file is not JSON")),
    ]


@pytest.mark.parametrize("damage", [slice(0, -20), slice(0, 40)])
def test_damaged_gzip_is_read_up_to_the_damage(tmp_path: Path, damage: slice) -> None:
    content = ndjson(*(patient(id=f"p{number}") for number in range(2000)))
    path = write_file(tmp_path, gzip.compress(content)[damage])
    items = read(path)
    assert items[-1][2] == Unreadable("the rest of the file is damaged gzip data")
    assert all(isinstance(item[2], dict) for item in items[:-1])


def test_gzip_with_several_members_is_one_file(tmp_path: Path) -> None:
    path = write_file(tmp_path, gzip.compress(ndjson(A)) + gzip.compress(ndjson(B)))
    assert [item[2] for item in read(path)] == [A, B]


def test_a_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(ndjson(A, B),))
    writer.start()
    assert [item[2] for item in read(path)] == [A, B]
    writer.join(10)


def test_an_empty_file_contains_no_items(file: Any) -> None:
    assert read(file(b"")) == []
    assert read(file(b"\n \n")) == []
