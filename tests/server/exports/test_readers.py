"""pandas, DuckDB and a spreadsheet library read each export with the right types, as docs/exports.md shows."""

import csv
import io
from datetime import date, time
from pathlib import Path
from typing import Any

import duckdb
import httpx
import openpyxl
import pandas as pd
import pytest

from db.connections.engine import Database
from db.sql.exports.catalog import EXPORTS
from db.sql.exports.columns import Export, Kind
from tests.support.api_client import ApiClients
from tests.support.clinic import OURS
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions
from tests.support.lively_clinic import LONG_AGO, lively_clinic

pytestmark = pytest.mark.anyio

NAMES = list(EXPORTS)
WINDOW = {"from": "2026-11-15", "through": "2026-11-28"}
"""The weeks of `compliance-weeks`."""
DUCKDB_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.INSTANT: "TIMESTAMP WITH TIME ZONE",
}
"""The types that DuckDB infers. Without declared types, it may read a text that looks like a date as a date."""
DUCKDB_NAMES = {
    Kind.ID: "UUID",
    Kind.CODE: "VARCHAR",
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.INSTANT: "TIMESTAMPTZ",
}


@pytest.fixture
async def http(engine: Database, app_client: ApiClients) -> httpx.AsyncClient:
    await lively_clinic(engine)
    await add_intensive_group(engine)
    return (await app_client(organization=OURS)).http


async def add_intensive_group(engine: Database) -> None:
    """Add a group of the program IOP with enough sessions for one of two weeks, and too few for the other."""
    group = await add_group(engine, "Intensive", OURS, group_type="IOP", max_capacity=12)
    days = [date(2026, 11, day) for day in (16, 18, 20, 23)]
    await add_sessions(engine, group, days, OURS, start_time=time(9), end_time=time(12))
    long_ago = {"enrolled_at": LONG_AGO, "created_at": LONG_AGO}
    await add_enrollments(engine, group, ["patient-1", "patient-2"], OURS, **long_ago)


async def saved(http: httpx.AsyncClient, folder: Path, name: str, extension: str) -> Path:
    """Return a file with an export with all of its columns."""
    columns = ",".join(EXPORTS[name].by_name)
    window = WINDOW if name == "compliance-weeks" else {}
    response = await http.get(f"/export/{name}.{extension}", params={"columns": columns, **window})
    assert response.status_code == 200
    path = folder / f"{name}.{extension}"
    path.write_bytes(response.content)
    return path


def of_kind(export: Export, *kinds: Kind) -> list[str]:
    return [column.name for column in export.columns if column.kind in kinds]


@pytest.mark.parametrize("name", NAMES)
async def test_pandas_reads_csv_with_the_right_types(http: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    export = EXPORTS[name]
    path = await saved(http, tmp_path, name, "csv")
    frame = pd.read_csv(
        path,
        parse_dates=of_kind(export, Kind.INSTANT, Kind.DATE),
        dtype=dict.fromkeys(of_kind(export, Kind.ID, Kind.TEXT, Kind.CODE, Kind.TIME), "string"),
        dtype_backend="numpy_nullable",
    )
    assert len(frame) > 0
    for column in export.columns:
        values = frame[column.name]
        if values.isna().all():
            continue
        if column.kind is Kind.INSTANT:
            assert isinstance(values.dtype, pd.DatetimeTZDtype), column.name
        elif column.kind is Kind.DATE:
            assert pd.api.types.is_datetime64_dtype(values.dtype), column.name
        elif column.kind is Kind.INTEGER:
            assert pd.api.types.is_integer_dtype(values.dtype), column.name
        elif column.kind is Kind.NUMBER:
            assert pd.api.types.is_numeric_dtype(values.dtype), column.name
        elif column.kind is Kind.BOOLEAN:
            assert pd.api.types.is_bool_dtype(values.dtype), column.name
        else:
            assert pd.api.types.is_string_dtype(values.dtype), column.name


@pytest.mark.parametrize("name", NAMES)
async def test_pandas_reads_ndjson_without_its_trailer(http: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    path = await saved(http, tmp_path, name, "ndjson")
    frame = pd.read_json(path, lines=True, dtype=False)
    trailer = frame["trailer"].iloc[-1]
    frame = frame[frame["trailer"].isna()].drop(columns="trailer")
    assert trailer == {"export": name, "rows": len(frame)}
    assert list(frame.columns) == list(EXPORTS[name].by_name)
    for column in of_kind(EXPORTS[name], Kind.INSTANT):
        if frame[column].notna().any():
            assert isinstance(pd.to_datetime(frame[column]).dtype, pd.DatetimeTZDtype), column


@pytest.mark.parametrize("name", NAMES)
async def test_duckdb_infers_the_types_of_csv(http: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    path = await saved(http, tmp_path, name, "csv")
    with duckdb.connect() as connection:
        relation = connection.read_csv(str(path))
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        counts = ", ".join(f'count("{column}")' for column in types)
        filled = dict(zip(types, connection.execute(f"SELECT {counts} FROM relation").fetchall()[0], strict=True))
    for column in EXPORTS[name].columns:
        if column.kind in DUCKDB_TYPES and filled[column.name]:  # DuckDB takes an empty column for text
            assert types[column.name] == DUCKDB_TYPES[column.kind], column.name


@pytest.mark.parametrize("name", NAMES)
async def test_duckdb_reads_ndjson_with_the_declared_types(http: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    path = await saved(http, tmp_path, name, "ndjson")
    columns = {column.name: DUCKDB_NAMES[column.kind] for column in EXPORTS[name].columns}
    with duckdb.connect() as connection:
        query = "SELECT * FROM read_ndjson(?, columns = ?)"
        declared = {**columns, "trailer": "STRUCT(rows BIGINT)"}
        rows: list[Any] = connection.execute(query, [str(path), declared]).fetchall()
    assert rows[-1][-1] == {"rows": len(rows) - 1}
    assert all(row[-1] is None for row in rows[:-1])
    assert all(row[0] is not None for row in rows[:-1])


@pytest.mark.parametrize("name", NAMES)
async def test_a_spreadsheet_keeps_texts_as_texts(http: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    export = EXPORTS[name]
    path = await saved(http, tmp_path, name, "csv")
    frame = pd.read_csv(path, parse_dates=of_kind(export, Kind.DATE), dtype_backend="numpy_nullable")
    frame.to_excel(tmp_path / "export.xlsx", index=False, engine="openpyxl")
    sheet = openpyxl.load_workbook(tmp_path / "export.xlsx").active
    assert sheet is not None
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == list(export.by_name)
    cells = list(csv.DictReader(io.StringIO(path.read_text())))
    assert len(rows) == len(cells)
    for row, texts in zip(rows, cells, strict=True):
        for cell, column in zip(row, export.columns, strict=True):
            assert cell.data_type != "f", (column.name, cell.value)
            assert (cell.value is None) == (texts[column.name] == ""), column.name
            if cell.value is not None and column.kind is Kind.DATE:
                assert cell.is_date
            if cell.value is not None and column.kind in {Kind.INTEGER, Kind.NUMBER}:
                assert cell.data_type == "n"
