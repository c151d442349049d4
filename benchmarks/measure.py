"""Rounds of load: every server has its turn in each, so that what the machine does besides falls on all alike."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.load import run_load
from benchmarks.servers import Running
from benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True)
class Figures:
    """One turn of a server.

    Attributes:
        median: Of the latencies, in milliseconds.
        p99: Their 99th percentile, in milliseconds.
        throughput: Answers a second.
        work: Milliseconds for which the server's processes, without PostgreSQL's, kept a core busy for each answer.
            What else the machine does blurs it least.
    """

    median: float
    p99: float
    throughput: float
    work: float


@dataclass(frozen=True, slots=True)
class Case:
    """What a figure is about: a server, asked a question by so many clients at once."""

    workload: str
    clients: int
    server: str


Results = dict[Case, list[Figures]]
"""The figures of each round, in their order."""


def measure(
    servers: Sequence[Running],
    workloads: Sequence[Workload],
    *,
    rounds: int,
    seconds: float,
    after: Callable[[Workload], None],
    tell: Callable[[str], None],
) -> Results:
    """Gives the figures of all rounds but a first one, which warms the servers up.

    Args:
        servers: Those compared.
        workloads: What they are asked.
        rounds: How many rounds count.
        seconds: How long a turn lasts.
        after: Called after each turn, to undo what it changed.
        tell: Takes words on the progress.
    """
    results: Results = defaultdict(list)
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}" if number else "warming up")
        for workload, clients, server in _turns(servers, workloads):
            figures = _turn(server, workload, clients, seconds)
            after(workload)
            if number:
                results[Case(workload.name, clients, server.kind.name)].append(figures)
    return dict(results)


def median_of(rounds: Sequence[Figures], figure: Callable[[Figures], float]) -> float:
    """Gives the median over the rounds."""
    return statistics.median(figure(each) for each in rounds)


def ratio(ours: Sequence[Figures], theirs: Sequence[Figures], figure: Callable[[Figures], float]) -> float:
    """Gives the median of the ratios within each round."""
    return statistics.median(figure(a) / figure(b) for a, b in zip(ours, theirs, strict=True))


def _turns(servers: Sequence[Running], workloads: Sequence[Workload]) -> Iterator[tuple[Workload, int, Running]]:
    for workload in workloads:
        for clients in workload.clients:
            for server in servers:
                if workload.name not in server.kind.leaves_out:
                    yield workload, clients, server


def _turn(server: Running, workload: Workload, clients: int, seconds: float) -> Figures:
    before = server.seconds_worked()
    outcome = run_load(server.order(workload, clients, seconds), meanwhile=server.weigh)
    latencies = sorted(outcome.latencies)
    return Figures(
        median=statistics.median(latencies),
        p99=latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))],
        throughput=len(latencies) / outcome.seconds,
        work=(server.seconds_worked() - before) * 1000 / len(latencies),
    )
