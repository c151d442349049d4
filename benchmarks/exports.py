"""Measures an export of 200,000 enrollments, compared with COPY … TO STDOUT of the same rows.

COPY writes the same columns of the table in the same order, in PostgreSQL's text format; for NDJSON, as JSON objects.
It runs as the superuser, without row-level security. A client reads it as fast as it comes, and throws it away. The
export is a request to the server, with its token, permissions, row-level security and access log. Its client reads and
throws away its bytes too.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.clinic_database import insert_data_sets
from benchmarks.data_set import DataSet, DataSetSize
from benchmarks.load import UnexpectedResponse
from benchmarks.preparation import BenchmarkClinic
from benchmarks.servers import RunningServer, ours, run_server
from benchmarks.workloads import Workload
from db.sql.exports.declarations import ENROLLMENTS

_ORGANIZATION: Final = "exports"
_SIZE: Final = DataSetSize(groups=1_000, sessions=1, enrolled=20, disenrolled=180, patients=20_000)
_ROWS: Final = _SIZE.groups * (_SIZE.enrolled + _SIZE.disenrolled)
_ROUNDS: Final = 7
_BUFFER: Final = 1 << 20
_COLUMNS: Final = ", ".join(column.name for column in ENROLLMENTS.columns if not column.optional)
_COPY: Final = (
    f"SELECT {_COLUMNS} FROM pm_group_enrollments WHERE organization_id = '{_ORGANIZATION}' ORDER BY updated_at, id"
)
_COPY_JSON: Final = f"SELECT row_to_json(record) FROM ({_COPY}) AS record"
# The data set gives all rows one time. Those of a clinic differ, to the microsecond, and have reasons.
_SPREAD: Final = f"""
WITH times AS (
  SELECT id, timestamptz '2024-01-01' + random() * interval '500 days' AS since
  FROM pm_group_enrollments WHERE organization_id = '{_ORGANIZATION}')
UPDATE pm_group_enrollments AS changed
SET created_at = since, enrolled_at = since,
  updated_at = CASE status WHEN 'ENROLLED' THEN since ELSE since + interval '40 days' END,
  disenrolled_at = CASE status WHEN 'ENROLLED' THEN NULL ELSE since + interval '40 days' END,
  disenrollment_reason = CASE status WHEN 'ENROLLED' THEN NULL ELSE 'Completed the program' END
FROM times WHERE changed.id = times.id
"""


@dataclass(frozen=True, slots=True)
class ExportTimes:
    """The results, in milliseconds: medians of several rounds.

    Attributes:
        rows: How many rows are exported.
        copy_ms: COPY of the same rows, in PostgreSQL's text format.
        copy_json_ms: COPY of the same rows as JSON objects.
        csv_ms: The export as CSV.
        ndjson_ms: The export as NDJSON.
        gzip_ms: The export as CSV, compressed.
        csv_ratio: The median of the ratios of CSV and COPY within a round.
        ndjson_ratio: The same for NDJSON and COPY of JSON.
        memory_mb: The server's peak memory.
    """

    rows: int
    copy_ms: float
    copy_json_ms: float
    csv_ms: float
    ndjson_ms: float
    gzip_ms: float
    csv_ratio: float
    ndjson_ratio: float
    memory_mb: float

    def as_json(self) -> dict[str, Any]:
        """Return the results for the JSON file."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.rows:,} enrollments as CSV: {self.csv_ms:.0f} ms, {self.csv_ratio:.2f} times the"
            f" {self.copy_ms:.0f} ms of COPY TO STDOUT ({self.gzip_ms:.0f} ms compressed);"
            f" as NDJSON: {self.ndjson_ms:.0f} ms, {self.ndjson_ratio:.2f} times the {self.copy_json_ms:.0f} ms of COPY"
            f" of JSON; {self.memory_mb:.0f} MB"
        )


def measure_exports(clinic: BenchmarkClinic, folder: Path, log: Callable[[str], None]) -> ExportTimes:
    """Return how long exports and COPY take. Raise UnexpectedResponse if an export lacks rows."""
    asyncio.run(insert_data_sets(clinic.url, [DataSet(_ORGANIZATION, _SIZE)]))
    asyncio.run(_spread_times(clinic))
    with run_server(ours("compiled", clinic.url), folder) as server:
        rounds = [asyncio.run(_round(clinic, server)) for _ in range(_ROUNDS + 1)][1:]
        server.record_memory()
        memory = server.peak_memory
    log(f"  {_ROWS:,} rows")
    copy, csv, copy_json, ndjson, gzip = (statistics.median(column) for column in zip(*rounds, strict=True))
    csv_ratio = statistics.median(of_csv / of_copy for of_copy, of_csv, *_ in rounds)
    ndjson_ratio = statistics.median(of_ndjson / of_copy for _, _, of_copy, of_ndjson, _ in rounds)
    return ExportTimes(_ROWS, copy, copy_json, csv, ndjson, gzip, csv_ratio, ndjson_ratio, memory / 1e6)


async def _spread_times(clinic: BenchmarkClinic) -> None:
    connection = await clinic.postgres.connect(clinic.database)
    await connection.execute("SET session_replication_role = replica")  # triggers protect the history
    await connection.execute(_SPREAD)
    await connection.execute("VACUUM FULL pm_group_enrollments")
    await connection.execute("VACUUM (ANALYZE, FREEZE) pm_group_enrollments")
    await connection.close()


async def _round(clinic: BenchmarkClinic, server: RunningServer) -> tuple[float, float, float, float, float]:
    """Return the milliseconds of each COPY, followed by those of its exports."""
    return (
        await _copy(clinic, _COPY),
        await _export(server, "csv", "identity"),
        await _copy(clinic, _COPY_JSON),
        await _export(server, "ndjson", "identity"),
        await _export(server, "csv", "gzip"),
    )


async def _copy(clinic: BenchmarkClinic, query: str) -> float:
    connection = await clinic.postgres.connect(clinic.database)
    await connection.execute("SET timezone = 'UTC'")

    async def ignore(_data: bytes) -> None:
        pass

    started = time.perf_counter()
    status = await connection.copy_from_query(query, output=ignore)
    elapsed = (time.perf_counter() - started) * 1000
    await connection.close()
    if status != f"COPY {_ROWS}":
        raise UnexpectedResponse(f"COPY returned {status}")
    return elapsed


async def _export(server: RunningServer, extension: str, encoding: str) -> float:
    spec = server.load_spec(Workload("export", _ORGANIZATION, "", [{}], ""), clients=1, seconds=0)
    head = (
        f"GET /export/enrollments.{extension} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {spec.headers['Authorization']}",
        f"Accept-Encoding: {encoding}",
        "Connection: close",
    )
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=_BUFFER)
    writer.write("\r\n".join((*head, "", "")).encode())
    first = received = await reader.read(_BUFFER)
    size = 0
    while received:
        size += len(received)
        last, received = received, await reader.read(_BUFFER)
    elapsed = (time.perf_counter() - started) * 1000
    writer.close()
    # An incomplete body lacks the last chunk.
    if not first.startswith(b"HTTP/1.1 200") or not last.endswith(b"0\r\n\r\n") or size < 1_000_000:
        raise UnexpectedResponse(f"the export returned {first[:12]!r} and {size} bytes")
    return elapsed
