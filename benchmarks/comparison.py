"""The servers side by side: what each takes for the same questions, on the same rows."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Results, Turn, measure
from benchmarks.others import NotInstalled, install, others
from benchmarks.preparation import Clinic, compare_answers
from benchmarks.servers import DidNotStart, Kind, Running, limits, ours, running


@dataclass(frozen=True, slots=True)
class Effort:
    """How long the measuring may take: how many rounds count, and how many seconds a turn lasts."""

    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What is compared: servers by the start of their names, all where none is told; questions by their names."""

    servers: tuple[str, ...]
    workloads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found.

    Attributes:
        results: The figures of each round.
        memory: The most memory each server held, in bytes, by its name.
        statements: How many statements an answer took, by the server's name and the question's.
        left_out: Why servers were not compared, a sentence for each; empty where all were.
    """

    results: Results
    memory: dict[str, int]
    statements: dict[tuple[str, str], int]
    left_out: list[str]


def compare(clinic: Clinic, folder: Path, choice: Choice, effort: Effort, tell: Callable[[str], None]) -> Comparison:
    """Run all servers at once, and ask one after the other."""
    kinds, left_out = _kinds(clinic, folder, tell)
    kinds = [kind for kind in kinds if not choice.servers or kind.name.startswith(choice.servers)]
    asked = [workload for workload in clinic.workloads if workload.name in choice.workloads]
    with contextlib.ExitStack() as stack:
        servers = _start(kinds, folder, stack, left_out)
        compare_answers(servers, asked)
        turns = [
            Turn(workload, clients, server)
            for workload in asked
            for clients in workload.clients
            for server in servers
            if workload.name not in server.kind.leaves_out
        ]
        statements = {
            (turn.server.kind.name, turn.workload.name): clinic.statements(turn.server, turn.workload)
            for turn in turns
            if turn.clients == 1
        }
        tell(f"comparing {', '.join(server.kind.name for server in servers)}")
        results = measure(turns, rounds=effort.rounds, seconds=effort.seconds, tell=tell, after=clinic.undo)
        return Comparison(results, {each.kind.name: each.peak_memory for each in servers}, statements, left_out)


def _start(kinds: list[Kind], folder: Path, stack: contextlib.ExitStack, left_out: list[str]) -> list[Running]:
    servers: list[Running] = []
    for kind in kinds:
        try:
            servers.append(stack.enter_context(running(kind, folder)))
        except DidNotStart as reason:
            if not kind.optional:
                raise
            left_out.append(f"{kind.name} is left out: it did not start ({reason}).")
    return servers


def _kinds(clinic: Clinic, folder: Path, tell: Callable[[str], None]) -> tuple[list[Kind], list[str]]:
    kinds = [*limits(clinic.url, clinic.record_enrollment(folder)), ours("ours", clinic.url)]
    kinds.append(ours("ours, graphql-core's executor", clinic.url, EXECUTOR="graphql-core"))
    tell("installing PostGraphile and Mercurius, where they are not yet")
    try:
        install()
    except NotInstalled as reason:
        return kinds, [f"PostGraphile and Mercurius are left out: npm could not install them ({reason})."]
    return [*kinds, *others(clinic.url)], []
