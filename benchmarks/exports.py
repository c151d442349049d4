"""Measures an export of 200,000 enrollments, compared with COPY … TO STDOUT of the same rows.

COPY is read by a client as fast as it comes, and thrown away. The export is a request to the server, with its token,
permissions, row-level security and access log; the client reads and throws away its bytes too.
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


@dataclass(frozen=True, slots=True)
class ExportTimes:
    """The results, in milliseconds: medians of several rounds.

    Attributes:
        rows: How many rows are exported.
        copy_ms: COPY of the same rows, in PostgreSQL's text format.
        csv_ms: The export as CSV.
        ndjson_ms: The export as NDJSON.
        gzip_ms: The export as CSV, compressed.
        csv_ratio: The median of the ratios within a round.
        memory_mb: The server's peak memory.
    """

    rows: int
    copy_ms: float
    csv_ms: float
    ndjson_ms: float
    gzip_ms: float
    csv_ratio: float
    memory_mb: float

    def as_json(self) -> dict[str, Any]:
        """Return the results for the JSON file."""
        return asdict(self)

    def __str__(self) -> str:
        others = ", ".join(
            f"{name} {milliseconds / self.copy_ms:.2f}"
            for name, milliseconds in (("compressed", self.gzip_ms), ("NDJSON", self.ndjson_ms))
        )
        return (
            f"{self.rows:,} enrollments as CSV: {self.csv_ms:.0f} ms, {self.csv_ratio:.2f} times the"
            f" {self.copy_ms:.0f} ms of COPY TO STDOUT ({others}), {self.memory_mb:.0f} MB"
        )


def measure_exports(clinic: BenchmarkClinic, folder: Path, log: Callable[[str], None]) -> ExportTimes:
    """Return how long exports and COPY take. Raise UnexpectedResponse if an export lacks rows."""
    asyncio.run(insert_data_sets(clinic.url, [DataSet(_ORGANIZATION, _SIZE)]))
    with run_server(ours("compiled", clinic.url), folder) as server:
        rounds = [asyncio.run(_round(clinic, server)) for _ in range(_ROUNDS + 1)][1:]
        server.record_memory()
        memory = server.peak_memory
    log(f"  {_ROWS:,} rows")
    copy, csv, ndjson, gzip = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(of_csv / of_copy for of_copy, of_csv, _, _ in rounds)
    return ExportTimes(_ROWS, copy, csv, ndjson, gzip, ratio, memory / 1e6)


async def _round(clinic: BenchmarkClinic, server: RunningServer) -> tuple[float, float, float, float]:
    """Return the milliseconds of COPY and of each export."""
    return (
        await _copy(clinic),
        await _export(server, "csv", "identity"),
        await _export(server, "ndjson", "identity"),
        await _export(server, "csv", "gzip"),
    )


async def _copy(clinic: BenchmarkClinic) -> float:
    connection = await clinic.postgres.connect(clinic.database)
    await connection.execute("SET timezone = 'UTC'")

    async def ignore(_data: bytes) -> None:
        pass

    started = time.perf_counter()
    status = await connection.copy_from_query(_COPY, output=ignore)
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
