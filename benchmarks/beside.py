"""What others notice while one caller reads a report of 2,000 groups, and what memory it takes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.answers import answer
from benchmarks.data_set import DataSet
from benchmarks.load import Order, run_load
from benchmarks.measure import percentile
from benchmarks.queries import PAGE_OF_REPORT, SMALL
from benchmarks.servers import Kind, Running, running
from benchmarks.workloads import Workload

_SMALL_PAUSE = 0.02
_PROBE_PAUSE = 0.005


@dataclass(frozen=True, slots=True)
class Beside:
    """What was found. Latencies are in milliseconds, memory in bytes.

    Attributes:
        alone: Median and 99th percentile of small queries, 50 a second, when nobody asks for more.
        beside: The same while a report of all groups runs, page after page.
        longest_wait: The longest that a request without a token, which asks no database, waited meanwhile: for so long,
            at most, one page kept the server's loop from all others.
        pages: How many pages of 200 groups were read meanwhile.
        memory_before: What the server held before the first report.
        memory_after: The most it held by the end.
    """

    alone: tuple[float, float]
    beside: tuple[float, float]
    longest_wait: float
    pages: int
    memory_before: int
    memory_after: int

    def as_json(self) -> dict[str, Any]:
        """Return it for the file of results."""
        return asdict(self)


def measure_beside(kind: Kind, data_set: DataSet, folder: Path, seconds: float) -> Beside:
    """Read all groups of the clinic again and again for so long, and ask small queries alone and meanwhile."""
    with running(kind, folder) as server:
        groups = [{"id": str(group)} for group in data_set.groups[:200]]
        small = server.order(
            Workload("small", data_set.organization, SMALL, groups, '"capacity"'), 1, seconds, _SMALL_PAUSE
        )
        probe = replace(small, headers={}, expected="UNAUTHENTICATED", pause=_PROBE_PAUSE)
        run_load(replace(small, seconds=1))
        alone = run_load(small)
        server.weigh()
        before = server.peak_memory
        report = _report(server, data_set, seconds + 1)
        with ThreadPoolExecutor() as pool:
            reading = pool.submit(run_load, report, server.weigh)
            meanwhile = [pool.submit(run_load, order) for order in (small, probe)]
            beside, probed = (each.result() for each in meanwhile)
            pages = len(reading.result().latencies)
    return Beside(
        alone=_told(alone.latencies),
        beside=_told(beside.latencies),
        longest_wait=max(probed.latencies),
        pages=pages,
        memory_before=before,
        memory_after=server.peak_memory,
    )


def _told(latencies: list[float]) -> tuple[float, float]:
    return percentile(latencies, 0.5), percentile(latencies, 0.99)


def _report(server: Running, data_set: DataSet, seconds: float) -> Order:
    """Return the order to read all pages, one after the other; their cursors are found by reading them once."""
    cursors: list[dict[str, Any]] = [{"after": None}]
    while True:
        asked = Workload("report", data_set.organization, PAGE_OF_REPORT, cursors, '"pageInfo"')
        order = server.order(asked, 1, seconds)
        page = answer(order, len(cursors) - 1)["groupDefinitions"]["pageInfo"]
        if not page["hasNextPage"]:
            return order
        cursors.append({"after": page["endCursor"]})
