"""Rounds of load: every server has its turn in each, so that what the machine does besides falls on all alike."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
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


@dataclass(frozen=True, slots=True)
class Turn:
    """What is done once in each round: a server is asked a question by so many clients at once."""

    workload: Workload
    clients: int
    server: Running

    @property
    def case(self) -> Case:
        """What its figures are about."""
        return Case(self.workload.name, self.clients, self.server.kind.name)


def measure(
    turns: Sequence[Turn],
    *,
    rounds: int,
    seconds: float,
    tell: Callable[[str], None],
    after: Callable[[Workload], None] = lambda _workload: None,
) -> Results:
    """Return the figures of all rounds but a first one, which warms the servers up.

    Args:
        turns: What is done in each round, in this order.
        rounds: How many rounds count.
        seconds: How long a turn lasts.
        tell: Takes words on the progress.
        after: Called after each turn, to undo what it changed.
    """
    results: Results = defaultdict(list)
    for number in range(rounds + 1):
        tell(f"  round {number} of {rounds}" if number else "  warming up")
        for turn in turns:
            figures = _take(turn, seconds)
            after(turn.workload)
            if number:
                results[turn.case].append(figures)
    return dict(results)


def median_of(rounds: Sequence[Figures], figure: Callable[[Figures], float]) -> float:
    """Return the median over the rounds."""
    return statistics.median(figure(each) for each in rounds)


def ratio(ours: Sequence[Figures], theirs: Sequence[Figures], figure: Callable[[Figures], float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(figure(a) / figure(b) for a, b in zip(ours, theirs, strict=True))


def percentile(latencies: Sequence[float], share: float) -> float:
    """Return the latency that this share of them stays under."""
    return sorted(latencies)[min(len(latencies) - 1, int(len(latencies) * share))]


def _take(turn: Turn, seconds: float) -> Figures:
    server = turn.server
    before = server.seconds_worked()
    outcome = run_load(server.order(turn.workload, turn.clients, seconds), meanwhile=server.weigh)
    return Figures(
        median=statistics.median(outcome.latencies),
        p99=percentile(outcome.latencies, 0.99),
        throughput=len(outcome.latencies) / outcome.seconds,
        work=(server.seconds_worked() - before) * 1000 / len(outcome.latencies),
    )
