"""The latency of small queries while another client reads a report of 2,000 groups, and the memory that this takes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.data_set import DataSet
from benchmarks.load import LoadSpec, run_load
from benchmarks.measure import percentile
from benchmarks.queries import PAGE_OF_REPORT, SMALL
from benchmarks.responses import fetch_data
from benchmarks.servers import RunningServer, ServerSpec, run_server
from benchmarks.workloads import Workload

_SMALL_INTERVAL = 0.02
_PROBE_INTERVAL = 0.005


@dataclass(frozen=True, slots=True)
class Interference:
    """The results. Latencies are in milliseconds, memory is in bytes.

    Attributes:
        alone: The median and the 99th percentile of small queries, 50 a second, without the report.
        beside: The same while a report of all groups is read, page after page.
        longest_wait: The maximum latency, during the report, of a request without a token. It needs no database, so
            this is how long a page blocks the event loop.
        pages: The number of pages of 200 groups that were read.
        memory_before: The memory of the server before the first page.
        memory_after: Its maximum memory.
    """

    alone: tuple[float, float]
    beside: tuple[float, float]
    longest_wait: float
    pages: int
    memory_before: int
    memory_after: int

    def as_json(self) -> dict[str, Any]:
        """Return the results for the JSON file."""
        return asdict(self)


def measure_interference(server_spec: ServerSpec, data_set: DataSet, folder: Path, seconds: float) -> Interference:
    """Measure small queries, first alone, then while a report of all groups is read repeatedly."""
    with run_server(server_spec, folder) as server:
        groups = [{"id": str(group)} for group in data_set.groups[:200]]
        workload = Workload("small", data_set.organization, SMALL, groups, '"capacity"')
        small = server.load_spec(workload, 1, seconds, _SMALL_INTERVAL)
        probe = replace(small, headers={}, expected="UNAUTHENTICATED", interval=_PROBE_INTERVAL)
        run_load(replace(small, seconds=1))
        alone = run_load(small)
        server.record_memory()
        before = server.peak_memory
        report = _report(server, data_set, seconds + 1)
        with ThreadPoolExecutor() as pool:
            report_run = pool.submit(run_load, report, server.record_memory)
            concurrent_runs = [pool.submit(run_load, spec) for spec in (small, probe)]
            beside, probed = (run.result() for run in concurrent_runs)
            pages = len(report_run.result().latencies)
    return Interference(
        alone=_percentiles(alone.latencies),
        beside=_percentiles(beside.latencies),
        longest_wait=max(probed.latencies),
        pages=pages,
        memory_before=before,
        memory_after=server.peak_memory,
    )


def _percentiles(latencies: list[float]) -> tuple[float, float]:
    return percentile(latencies, 0.5), percentile(latencies, 0.99)


def _report(server: RunningServer, data_set: DataSet, seconds: float) -> LoadSpec:
    """Return the load that reads all pages in order. The pages are read once to collect their cursors."""
    cursors: list[dict[str, Any]] = [{"after": None}]
    while True:
        workload = Workload("report", data_set.organization, PAGE_OF_REPORT, cursors, '"pageInfo"')
        spec = server.load_spec(workload, 1, seconds)
        page = fetch_data(spec, len(cursors) - 1)["groupDefinitions"]["pageInfo"]
        if not page["hasNextPage"]:
            return spec
        cursors.append({"after": page["endCursor"]})
