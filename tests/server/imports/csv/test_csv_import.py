"""The import of CSV files: what is read, what is stored, and the report."""

import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import Table, select

from db.connections.engine import Database
from db.tables import locations, patients, staff_members
from server.imports.csv.columns import DateOrder
from server.imports.csv.csv_file import MAX_LINE, CsvFile
from server.imports.importing import import_files
from server.imports.options import ImportOptions
from server.imports.resource_types import ResourceType
from server.imports.summary import Counts, ImportSummary
from server.runtime.command_error import CommandError
from tests.support.databases import operator_of

pytestmark = pytest.mark.anyio

PATIENT, STAFF, LOCATION = ResourceType.PATIENT, ResourceType.PRACTITIONER, ResourceType.LOCATION
PATIENTS = "id,name,record_number,birth_date\np1,Ada Test,MR-1,1980-02-29\np2,Bo Test,MR-2,\n"


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def __call__(self, content: str | bytes, type_: ResourceType = PATIENT, **options: Any) -> CsvFile:
        self.count += 1
        path = self.path / f"{self.count}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return CsvFile(path, type_, **options)


@pytest.fixture
def file(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


async def run(engine: Database, *files: CsvFile, **options: Any) -> tuple[ImportSummary, list[str]]:
    out = io.StringIO()
    import_options = ImportOptions("org", "America/Phoenix", actor="import-csv", **options)
    summary = await import_files(operator_of(engine), import_options, files, out, Console(file=io.StringIO()))
    return summary, out.getvalue().splitlines()


async def rows(engine: Database, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        result = await connection.execute(select(*(table.c[name] for name in columns)).order_by(table.c.id))
        return [tuple(row) for row in result]


async def names(engine: Database) -> list[tuple[Any, ...]]:
    return await rows(engine, patients, "id", "display_name")


BOTH = [("p1", "Ada Test"), ("p2", "Bo Test")]


async def test_files_of_all_three_types_are_imported(engine: Database, file: Folder) -> None:
    rooms = file("id,name,part_of,time_zone\nr1,Room 1,site,\nsite,North,,America/Denver\n", LOCATION)
    staff = file("id,name,credentials\ns1,Eva Test,LCSW\n", STAFF)
    summary, _ = await run(engine, rooms, staff, file(PATIENTS))
    assert summary.counts == {"Location": Counts(new=2), "Practitioner": Counts(new=1), "Patient": Counts(new=2)}
    assert await rows(engine, locations, "id", "site", "room", "time_zone") == [
        ("r1", "North", "Room 1", "America/Denver"),
        ("site", "North", None, "America/Denver"),
    ]
    assert await rows(engine, staff_members, "id", "display_name", "credentials") == [("s1", "Eva Test", "LCSW")]
    assert await names(engine) == BOTH


async def test_a_second_import_of_a_csv_file_changes_nothing(engine: Database, file: Folder) -> None:
    await run(engine, file(PATIENTS))
    summary, report = await run(engine, file(PATIENTS))
    assert summary.counts == {"Patient": Counts(unchanged=2)}
    assert any(line.split() == ["Patient", "0", "0", "2", "0", "0", "0"] for line in report)


async def test_a_file_with_some_columns_keeps_the_other_fields(engine: Database, file: Folder) -> None:
    await run(engine, file(PATIENTS))
    summary, _ = await run(engine, file("id,active\np1,no\np3,no\n"))
    assert summary.counts == {"Patient": Counts(changed=1, skipped=1)}
    stored = await rows(engine, patients, "id", "medical_record_number", "active")
    assert stored == [("p1", "MR-1", False), ("p2", "MR-2", True)]


@pytest.mark.parametrize(
    "content",
    [
        PATIENTS.replace(",", ";").encode(),
        PATIENTS.replace(",", "\t").encode(),
        PATIENTS.replace("\n", "\r\n").encode("utf-8-sig"),
        gzip.compress(PATIENTS.encode()),
        PATIENTS.replace("Ada Test", '"Ada\r\nTest"').encode(),
        PATIENTS.replace("\np2", "\n,,,\n\n  p2").encode(),
        PATIENTS.rstrip("\n").encode() + b",,,",
    ],
    ids=["semicolons", "tabs", "excel", "gzip", "line break in a cell", "blank rows", "extra empty cells"],
)
async def test_files_of_common_programs_are_read(engine: Database, file: Folder, content: bytes) -> None:
    await run(engine, file(content))
    assert await names(engine) == BOTH


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'x,"Ada" Test,,', "2: the line is not valid CSV: a quotation mark is not closed, or not doubled"),
        (b"x,\xe9,,", "2: the line is not UTF-8; in Excel, choose “CSV UTF-8” to save it"),
        (b"x,Ada", "2: the line has 2 cells, but the header has 4"),
        (b"x,Ada,1,,2", "2: the line has 5 cells, but the header has 4"),
        (b",Ada,1,", "2: id must be 1 to 64 letters, digits, hyphens and dots"),
    ],
)
async def test_a_damaged_line_affects_only_itself(engine: Database, file: Folder, line: bytes, reason: str) -> None:
    header, others = PATIENTS.encode().split(b"\n", 1)
    summary, report = await run(engine, file(header + b"\n" + line + b"\n" + others))
    assert summary.counts == {"Patient": Counts(new=2, refused=1)}
    assert any(reported.endswith(reason) for reported in report)
    assert await names(engine) == BOTH


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (b'p3,"Cy\n', ":4: the line is not valid CSV"),
        (b"p3," + b"x" * MAX_LINE + b"\n", ":4: the line is longer than 100,000 characters"),
    ],
)
async def test_a_file_is_read_up_to_what_cannot_be_read(
    engine: Database, file: Folder, end: bytes, reason: str
) -> None:
    summary, report = await run(engine, file(PATIENTS.encode() + end))
    assert summary.counts == {"Patient": Counts(new=2, refused=1)}
    assert any(reason in line for line in report)


async def test_damaged_gzip_data_is_reported_where_it_begins(engine: Database, file: Folder) -> None:
    many = "id,name\n" + "".join(f"p{number},Name {number * 7919}\n" for number in range(20_000))
    summary, report = await run(engine, file(gzip.compress(many.encode())[:-2000]))
    assert (summary.refused, summary.unreadable) == (1, 1)
    assert summary.counts["Patient"].new > 0
    assert any("the rest of the file is damaged gzip data" in line for line in report)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the header has no column id"),
        (b"Ada Test,1980-02-29\n", "column 1 of the header is unknown"),
        ("id,name".encode("utf-16"), "the file is not UTF-8"),
    ],
)
async def test_a_wrong_header_stops_the_import_before_it_starts(
    engine: Database, file: Folder, content: bytes, reason: str
) -> None:
    with pytest.raises(CommandError, match=reason) as raised:
        await run(engine, file(PATIENTS), file(content))
    assert "Ada" not in str(raised.value)
    assert await names(engine) == []


async def test_a_complete_csv_file_deactivates_what_it_leaves_out(engine: Database, file: Folder) -> None:
    await run(engine, file(PATIENTS))
    counted, _ = await run(engine, file("id,name\np1,Ada Test\n"), full=True)
    assert (counted.missing, counted.dry_run) == (1, True)
    await run(engine, file("id,name\np1,Ada Test\n"), full=True, confirm=1)
    assert await rows(engine, patients, "id", "active") == [("p1", True), ("p2", False)]


async def test_an_unreadable_line_of_a_complete_file_deactivates_nobody(engine: Database, file: Folder) -> None:
    await run(engine, file(PATIENTS))
    summary, _ = await run(engine, file('id,name\np1,"Ada" Test\n'), full=True, confirm=2)
    assert not summary.deactivated
    assert await rows(engine, patients, "id", "active") == [("p1", True), ("p2", True)]


async def test_dates_of_a_file_are_read_in_the_chosen_order(engine: Database, file: Folder) -> None:
    await run(engine, file("id,name,birth_date\np1,Ada,2/29/1980\n", date_order=DateOrder.MDY))
    [(born,)] = await rows(engine, patients, "birth_date")
    assert born.isoformat() == "1980-02-29"
