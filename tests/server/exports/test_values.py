"""Both databases write the values of an export byte by byte as docs/exports.md says."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert, select

from db.connections.engine import Database
from db.tables import access_log, patients
from domain.search_text import search_text
from tests.support.api_client import ApiClients
from tests.support.clinic import NOW, OURS, seed
from tests.support.clinic_rows import add_enrollments, add_group

pytestmark = pytest.mark.anyio

TEXTS: Final = {
    "=1+1": "'=1+1",
    "+49 89": "'+49 89",
    "-5": "'-5",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "\r=1": '"\'\r=1"',
    '="a","b"': '"\'=""a"",""b"""',
    'a "quoted" text': '"a ""quoted"" text"',
    "two\nlines\r\nand more": '"two\nlines\r\nand more"',
    "a, b": '"a, b"',
    " =1 ": " =1 ",
    "": '""',
    "null": "null",
    "007": "007",
    "1+1=2": "1+1=2",
    "back\\slash \\N \\.": "back\\slash \\N \\.",
    "\\.": "\\.",
    "Zoë Ångström 😀 \u2028 \x01\x02\x7f": "Zoë Ångström 😀 \u2028 \x01\x02\x7f",
}
"""Texts and their cells in CSV."""
DECIMALS: Final = (0, 1, 9, 10, 11, 90, 100, 101, 120_000, 100_000, 500_001, 999_990, 999_999)


async def exported(http: httpx.AsyncClient, extension: str, columns: str) -> bytes:
    response = await http.get(f"/export/enrollments.{extension}", params={"columns": columns})
    assert response.status_code == 200, response.text
    return response.content


def _id(number: int) -> UUID:
    return UUID(int=number)


async def test_texts_are_written_exactly(engine: Database, app_client: ApiClients) -> None:
    await seed(engine)
    group = await add_group(engine, "a", OURS)
    for number, text in enumerate(TEXTS):
        await add_patient(engine, f"p{number}", text)
        ended = {"status": "DISENROLLED", "disenrolled_at": NOW, "disenrollment_reason": text or None}
        await add_enrollments(engine, group, [f"p{number}"], OURS, id=_id(number), **ended)
    http = (await app_client(organization=OURS)).http
    csv = "".join(f"{cell if text else ''},{cell}\n" for text, cell in TEXTS.items())
    header = "disenrollment_reason,patient_name\n"
    assert await exported(http, "csv", "disenrollment_reason,patient_name") == (header + csv).encode()
    # A line that some readers take for the end of the data is quoted.
    names = "".join(f"{cell}\n" for cell in TEXTS.values()).replace("\n\\.\n", '\n"\\."\n')
    assert await exported(http, "csv", "patient_name") == ("patient_name\n" + names).encode()
    *lines, _ = (await exported(http, "ndjson", "disenrollment_reason,patient_name")).split(b"\n")[:-1]
    pairs = [(row["disenrollment_reason"], row["patient_name"]) for row in map(json.loads, lines)]
    assert pairs == [(text or None, text) for text in TEXTS]


async def test_instants_have_six_decimals_and_dates_none(engine: Database, app_client: ApiClients) -> None:
    await seed(engine)
    group = await add_group(engine, "a", OURS)
    rows: list[dict[str, Any]] = []
    for number, decimals in enumerate(DECIMALS):
        changed = datetime(2024, 2, 29, 23, 59, 59, decimals, UTC) + timedelta(days=number)
        created, seat = changed - timedelta(days=1, microseconds=7), [changed, NOW, changed - timedelta(hours=1)]
        rows.append({"created_at": created, "updated_at": changed, "enrolled_at": seat[number % 3]})
        rows[-1] |= {"start_date": date(2024, 2, 29) if number % 2 else None, "counts_from_start": number % 2 == 1}
        await add_enrollments(engine, group, ["patient-1"], OURS, id=_id(number), **ended(changed), **rows[-1])
    http = (await app_client(organization=OURS)).http
    columns = ["enrolled_at", "start_date", "counts_from_start", "created_at", "updated_at", "deleted_at"]
    for names in (columns, columns[:2], columns[3:4]):
        cells = [",".join(names)] + [",".join(_cell(row.get(name)) for name in names) for row in rows]
        assert (await exported(http, "csv", ",".join(names))).decode().splitlines() == cells
        *lines, _ = (await exported(http, "ndjson", ",".join(names))).splitlines()
        assert list(map(json.loads, lines)) == [{name: _value(row.get(name)) for name in names} for row in rows]


async def test_a_head_request_has_the_headers_and_no_rows(engine: Database, app_client: ApiClients) -> None:
    await seed(engine)
    http = (await app_client(organization=OURS)).http
    head = await http.head("/export/enrollments.ndjson")
    assert (head.status_code, head.content) == (200, b"")
    got = await http.get("/export/enrollments.ndjson")
    assert {name: head.headers[name] for name in ("Content-Type", "Content-Disposition", "Vary")} == {
        name: got.headers[name] for name in ("Content-Type", "Content-Disposition", "Vary")
    }
    assert (await http.head("/export/enrollments?columns=secret")).status_code == 400
    async with engine.connect() as connection:
        assert len((await connection.execute(select(access_log))).all()) == 1


def ended(changed: datetime) -> dict[str, Any]:
    return {"status": "DISENROLLED", "disenrolled_at": changed}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def _cell(value: Any) -> str:
    return "" if value is None else str(_value(value)).lower() if isinstance(value, bool) else str(_value(value))


async def add_patient(engine: Database, patient: str, name: str) -> None:
    values = {
        "organization_id": OURS,
        "id": patient,
        "display_name": name,
        "medical_record_number": patient,
        "active": True,
    }
    async with engine.begin() as connection:
        await connection.execute(insert(patients).values(search_text=search_text(name), **values))
