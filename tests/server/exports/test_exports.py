"""GET /export/…: which rows there are, in which columns and order, and who may read them."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select, update

from db.connections.engine import Database
from db.sql.exports.catalog import EXPORTS, TABLE_EXPORTS
from db.tables import access_log, patients
from resolvers.caller import PermissionKey
from tests.support.api_client import ApiClients
from tests.support.clinic import NOW, OURS, seed
from tests.support.clinic_rows import add_enrollments, add_group, add_sessions
from tests.support.lively_clinic import Lively, lively_clinic

pytestmark = pytest.mark.anyio

GROUPS, SCHEDULE, ENROLLMENTS = (
    PermissionKey.GROUP_DEFINITIONS_VIEW,
    PermissionKey.GROUP_SCHEDULE_VIEW,
    PermissionKey.GROUP_ENROLLMENTS_VIEW,
)
KEYS = {
    "groups": [GROUPS],
    "occurrences": [SCHEDULE],
    "enrollments": [ENROLLMENTS],
    "rosters": [SCHEDULE, ENROLLMENTS],
    "compliance-weeks": [ENROLLMENTS],
    "waitlist": [ENROLLMENTS],
    "history": [GROUPS],
}


@pytest.fixture
async def lively(engine: Database) -> Lively:
    return await lively_clinic(engine)


@pytest.fixture
async def http(app_client: ApiClients) -> httpx.AsyncClient:
    return (await app_client(organization=OURS, subject="analyst-1")).http


def rows_of(response: httpx.Response) -> list[dict[str, str]]:
    """Return the rows of a CSV export."""
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


def objects_of(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the rows of an NDJSON export, whose last line has their number."""
    assert response.status_code == 200, response.text
    *lines, last = map(orjson.loads, response.content.splitlines())
    assert last["trailer"]["rows"] == len(lines)
    return lines


async def accesses(engine: Database) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        query = select(access_log).where(access_log.c.operation.startswith("export")).order_by(access_log.c.id)
        return [dict(row) for row in (await connection.execute(query)).mappings()]


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"], error["message"]


@pytest.mark.parametrize("name", [export.name for export in TABLE_EXPORTS])
async def test_both_formats_of_an_export_have_the_same_rows(http: httpx.AsyncClient, lively: Lively, name: str) -> None:
    columns = ",".join(column.name for column in EXPORTS[name].columns)
    cells = rows_of(await http.get(f"/export/{name}.csv", params={"columns": columns}))
    objects = objects_of(await http.get(f"/export/{name}.ndjson", params={"columns": columns}))
    assert objects
    assert [list(row) for row in (*cells, *objects)] == [columns.split(",")] * (len(cells) + len(objects))
    assert [{column: _cell(value) for column, value in row.items()} for row in objects] == cells


def _cell(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


async def test_the_default_columns_name_no_person(engine: Database, http: httpx.AsyncClient, lively: Lively) -> None:
    for name in EXPORTS:
        for extension in ("csv", "ndjson"):
            response = await http.get(f"/export/{name}.{extension}")
            assert response.status_code == 200, response.text
            assert not any(mark in response.text for mark in ("Patient ", "MR1", "Staff 1")), name


async def test_names_and_record_numbers_come_in_their_columns(http: httpx.AsyncClient, lively: Lively) -> None:
    columns = "id,patient_id,patient_name,medical_record_number,group_name"
    for row in rows_of(await http.get("/export/enrollments", params={"columns": columns})):
        number = row["patient_id"].removeprefix("patient-")
        assert (row["patient_name"], row["medical_record_number"]) == (f"Patient {number}", f"MR{number}")
        assert row["group_name"]


async def test_rows_are_sorted_by_their_change_and_id(engine: Database, http: httpx.AsyncClient) -> None:
    await seed(engine)
    group = await add_group(engine, "a", OURS)
    times = [NOW + timedelta(microseconds=offset) for offset in (9, 5, 9, 120_000, 1)]
    for number, time in enumerate(times, 1):
        await add_enrollments(engine, group, [f"patient-{number}"], OURS, updated_at=time)
    rows = objects_of(await http.get("/export/enrollments.ndjson"))
    assert [(row["updated_at"], row["id"]) for row in rows] == sorted((row["updated_at"], row["id"]) for row in rows)
    assert [row["patient_id"] for row in rows][:2] == ["patient-5", "patient-2"]
    assert rows[-1]["updated_at"] == "2026-11-24T16:00:00.120000+00:00"
    since = (NOW + timedelta(microseconds=9)).isoformat()
    later = rows_of(await http.get("/export/enrollments", params={"updatedSince": since}))
    assert [row["id"] for row in later] == [row["id"] for row in rows][2:]
    unencoded = f"/export/enrollments?updatedSince={since}"
    assert rows_of(await http.get(unencoded)) == later


async def test_a_window_keeps_its_first_and_last_day(engine: Database, http: httpx.AsyncClient) -> None:
    await seed(engine)
    group = await add_group(engine, "a", OURS)
    days = [date(2026, 11, day) for day in range(1, 6)]
    await add_sessions(engine, group, days, OURS)
    window = {"from": "2026-11-02", "through": "2026-11-04"}
    rows = rows_of(await http.get("/export/occurrences", params=window))
    assert sorted(row["session_date"] for row in rows) == [str(day) for day in days[1:4]]


async def test_a_stay_is_in_a_window_that_it_touches(engine: Database, http: httpx.AsyncClient) -> None:
    await seed(engine)
    group = await add_group(engine, "a", OURS)
    stays: dict[str, dict[str, Any]] = {
        "patient-1": {"start_date": date(2026, 11, 10)},
        "patient-2": {"start_date": date(2026, 10, 1), "end_date": date(2026, 11, 2)},
        "patient-3": {"start_date": date(2026, 10, 1), "end_date": date(2026, 11, 1)},
        "patient-4": {
            "start_date": date(2026, 10, 1),
            "status": "DISENROLLED",
            "disenrolled_at": datetime(2026, 11, 1, 23, 59, tzinfo=UTC),
        },
        "patient-5": {"start_date": date(2026, 11, 4)},
    }
    for patient, columns in stays.items():
        await add_enrollments(engine, group, [patient], OURS, **columns)
    rows = rows_of(await http.get("/export/enrollments", params={"from": "2026-11-02", "through": "2026-11-04"}))
    assert {row["patient_id"] for row in rows} == {"patient-2", "patient-5"}


async def test_cells_that_a_spreadsheet_would_run_are_texts(engine: Database, http: httpx.AsyncClient) -> None:
    await seed(engine)
    group = await add_group(engine, "=HYPERLINK(1)", OURS)
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'a "quoted", text\nof two lines', "", "plain"]
    for number, name in enumerate(names, 1):
        await add_enrollments(engine, group, [f"patient-{number}"], OURS) if number < 9 else None
        async with engine.begin() as connection:
            of_patient = (patients.c.organization_id == OURS) & (patients.c.id == f"patient-{number}")
            await connection.execute(update(patients).where(of_patient).values(display_name=name))
    response = await http.get("/export/enrollments", params={"columns": "patient_name"})
    cells = [row["patient_name"] for row in csv.DictReader(io.StringIO(response.text, newline=""))]
    assert sorted(cells) == sorted([f"'{name}" for name in names[:6]] + names[6:8])
    objects = objects_of(await http.get("/export/enrollments.ndjson", params={"columns": "patient_name"}))
    assert sorted(row["patient_name"] for row in objects) == sorted(names[:8])
    [row] = rows_of(await http.get("/export/groups"))
    assert row["name"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("name", list(EXPORTS))
async def test_an_export_needs_the_keys_of_its_areas(app_client: ApiClients, lively: Lively, name: str) -> None:
    for key in KEYS[name]:
        others = (await app_client(organization=OURS, permissions=set(PermissionKey) - {key})).http
        if name == "history":
            continue
        response = await others.get(f"/export/{name}")
        assert error_of(response)[:2] == (403, "FORBIDDEN")
        assert response.json()["errors"][0]["extensions"]["requiredPermission"] == key
    enough = (await app_client(organization=OURS, permissions=KEYS[name])).http
    assert (await enough.get(f"/export/{name}")).status_code == 200


async def test_a_group_name_needs_the_key_of_groups(app_client: ApiClients, lively: Lively) -> None:
    nurse = (await app_client(organization=OURS, permissions=[ENROLLMENTS])).http
    response = await nurse.get("/export/enrollments", params={"columns": "id,group_name"})
    assert error_of(response)[:2] == (403, "FORBIDDEN")


async def test_the_history_is_of_records_that_the_caller_may_view(app_client: ApiClients, lively: Lively) -> None:
    kinds = {GROUPS: {"group_definition"}, SCHEDULE: {"occurrence", "closure"}, ENROLLMENTS: {"enrollment"}}
    for key, expected in kinds.items():
        viewer = (await app_client(organization=OURS, permissions=[key])).http
        rows = rows_of(await viewer.get("/export/history"))
        assert {row["entity_type"] for row in rows} == expected
    nobody = (await app_client(organization=OURS, permissions=[PermissionKey.GROUP_SCHEDULE_EDIT])).http
    assert error_of(await nobody.get("/export/history"))[:2] == (403, "FORBIDDEN")


@pytest.mark.parametrize("name", list(EXPORTS))
async def test_an_export_has_only_rows_of_the_organization(app_client: ApiClients, lively: Lively, name: str) -> None:
    theirs = (await app_client(organization="org-without-rows")).http
    assert objects_of(await theirs.get(f"/export/{name}.ndjson")) == []


@pytest.mark.parametrize("name", list(EXPORTS))
async def test_a_request_writes_one_row_of_the_access_log(
    engine: Database, http: httpx.AsyncClient, lively: Lively, name: str
) -> None:
    response = await http.get(f"/export/{name}.ndjson")
    rows = objects_of(response)
    [entry] = await accesses(engine)
    assert (entry["actor_id"], entry["operation"]) == ("analyst-1", f"export {name}")
    assert entry["correlation_id"] == response.headers["X-Request-ID"]
    if "patient_id" in EXPORTS[name].by_name:
        assert set(entry["patient_ids"]) == {row["patient_id"] for row in rows}


async def test_the_history_of_enrollments_discloses_their_patients(
    engine: Database, app_client: ApiClients, lively: Lively
) -> None:
    nurse = (await app_client(organization=OURS, permissions=[ENROLLMENTS])).http
    assert rows_of(await nurse.get("/export/history"))
    [entry] = await accesses(engine)
    assert set(entry["patient_ids"]) >= {"patient-1", "patient-5"}
    planner = (await app_client(organization=OURS, permissions=[SCHEDULE])).http
    assert rows_of(await planner.get("/export/history"))
    assert (await accesses(engine))[-1]["patient_ids"] == []


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/export/enrolments", 404, "groups, occurrences, enrollments"),
        ("/export/enrollments.xlsx", 404, ".csv and .ndjson"),
        ("/export/enrollments?columns=id,birth_date", 400, "group_definition_id, patient_id"),
        ("/export/enrollments?columns=", 400, "The columns of enrollments are: id,"),
        ("/export/enrollments?columns=id,id", 400, "twice"),
        ("/export/enrollments?from=2026-11-05&through=2026-11-04", 400, "`through` must not be before `from`"),
        ("/export/enrollments?from=2026-02-30", 400, "a date such as"),
        ("/export/enrollments?from=1899-01-01", 400, "in the years"),
        ("/export/enrollments?updatedSince=2026-11-24", 400, "such as 2026-11-24T16:00:00Z"),
        ("/export/enrollments?updatedSince=2026-11-24T16:00:00", 400, "with a time zone"),
        ("/export/enrollments?updated_since=2026-11-24T16:00:00Z", 400, "columns, from, through, updatedSince"),
        ("/export/enrollments?from=2026-11-05&from=2026-11-06", 400, "twice"),
        ("/export/groups?from=2026-11-05", 400, "groups has no `from`"),
        ("/export/compliance-weeks?updatedSince=2026-11-24T16:00:00Z", 400, "has no `updatedSince`"),
        ("/export/compliance-weeks?from=2024-01-01&through=2026-11-24", 400, "at most 106 weeks"),
    ],
)
async def test_bad_input_gets_a_clear_error(
    engine: Database, http: httpx.AsyncClient, path: str, status: int, said: str
) -> None:
    response = await http.get(path)
    assert (response.status_code, said in error_of(response)[2]) == (status, True), response.text
    assert await accesses(engine) == []


async def test_an_error_repeats_nothing_of_the_request(http: httpx.AsyncClient) -> None:
    for path in ("/export/secret-name", "/export/groups?secret-name=1", "/export/groups?columns=secret-name"):
        assert "secret-name" not in (await http.get(path)).text


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text/csv"),
        ("*/*", "text/csv"),
        ("text/csv", "text/csv"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/jsonl;q=0.9, text/csv;q=0.5", "application/x-ndjson"),
        ("text/html, */*;q=0.1", "text/csv"),
        ("application/*", "application/x-ndjson"),
        ("text/csv;q=0, */*", "application/x-ndjson"),
        ("application/x-ndjson, */*", "application/x-ndjson"),
        ("application/x-ndjson;q=0.5, */*;q=0.1", "application/x-ndjson"),
        ("text/csv;q=0, application/ndjson;q=0", None),
        ("text/html", None),
    ],
)
async def test_the_accept_header_chooses_the_format(
    http: httpx.AsyncClient, accept: str | None, expected: str | None
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    response = await http.get("/export/groups", headers=headers)
    if expected is None:
        assert error_of(response)[:2] == (406, "BAD_REQUEST")
    else:
        assert response.headers["Content-Type"] == f"{expected}; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"


async def test_the_extension_overrides_the_accept_header(http: httpx.AsyncClient) -> None:
    response = await http.get("/export/groups.csv", headers={"Accept": "application/x-ndjson"})
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="groups.csv"'


async def test_other_methods_and_callers_are_refused(app_client: ApiClients, http: httpx.AsyncClient) -> None:
    response = await http.post("/export/groups")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    nobody = (await app_client.signed_in_as(None)).http
    response = await nobody.get("/export/anything")
    assert response.status_code == 401


async def test_an_export_of_gzip_has_the_same_rows(http: httpx.AsyncClient, lively: Lively) -> None:
    plain = await http.get("/export/enrollments", headers={"Accept-Encoding": "identity"})
    compressed = await http.get("/export/enrollments", headers={"Accept-Encoding": "gzip"})
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert compressed.text == plain.text
