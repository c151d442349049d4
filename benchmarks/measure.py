"""Measures servers in rounds. Each round measures every server, so that other load on the machine affects all alike."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load import run_load
from benchmarks.servers import RunningServer
from benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run.

    Attributes:
        median: The median latency in milliseconds.
        p99: The 99th percentile of latencies in milliseconds.
        throughput: Responses per second.
        cpu_ms: CPU time per response in milliseconds, of the server's processes without PostgreSQL's. Other load on
            the machine affects it least.
    """

    median: float
    p99: float
    throughput: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Case:
    """What figures are about: a workload, the number of concurrent clients, and a server."""

    workload: str
    clients: int
    server: str


Results = dict[Case, list[Figures]]
"""The figures of each round, in their order."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is done once in each round: some clients send a workload to a server."""

    workload: Workload
    clients: int
    server: RunningServer

    @property
    def case(self) -> Case:
        """What the figures of the run are about."""
        return Case(self.workload.name, self.clients, self.server.spec.name)


def measure(
    runs: Sequence[Run],
    *,
    rounds: int,
    seconds: float,
    log: Callable[[str], None],
    after: Callable[[Workload], None] = lambda _workload: None,
) -> Results:
    """Return the figures of all rounds. A first round, which warms the servers up, is left out.

    Args:
        runs: The runs of each round, in order.
        rounds: The number of rounds.
        seconds: The duration of a run.
        log: Receives messages about the progress.
        after: Called after each run, to undo its changes.
    """
    results: Results = defaultdict(list)
    for number in range(rounds + 1):
        log(f"  round {number} of {rounds}" if number else "  warming up")
        for run in runs:
            figures = _figures(run, seconds)
            after(run.workload)
            if number:
                results[run.case].append(figures)
    return dict(results)


def median_of(rounds: Sequence[Figures], figure: Callable[[Figures], float]) -> float:
    """Return the median of a figure over the rounds."""
    return statistics.median(figure(figures) for figures in rounds)


def ratio(rounds: Sequence[Figures], baseline: Sequence[Figures], figure: Callable[[Figures], float]) -> float:
    """Return the ratio of a figure to that of a baseline: the median of the ratios in each round."""
    return statistics.median(figure(a) / figure(b) for a, b in zip(rounds, baseline, strict=True))


def percentile(latencies: Sequence[float], share: float) -> float:
    """Return the latency below which a share of the latencies is."""
    return sorted(latencies)[min(len(latencies) - 1, int(len(latencies) * share))]


def _figures(run: Run, seconds: float) -> Figures:
    server = run.server
    before = server.cpu_seconds()
    result = run_load(server.load_spec(run.workload, run.clients, seconds), server.record_memory)
    return Figures(
        median=statistics.median(result.latencies),
        p99=percentile(result.latencies, 0.99),
        throughput=len(result.latencies) / result.seconds,
        cpu_ms=(server.cpu_seconds() - before) * 1000 / len(result.latencies),
    )
