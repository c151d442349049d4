"""Compares the servers with the same workloads on the same rows."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Results, Run, measure
from benchmarks.node_servers import NotInstalled, install, node_servers
from benchmarks.preparation import BenchmarkClinic, check_responses
from benchmarks.servers import DidNotStart, RunningServer, ServerSpec, limit_servers, ours, run_server


@dataclass(frozen=True, slots=True)
class Effort:
    """The number of rounds, and the seconds of each run."""

    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What is compared: servers by the prefixes of their names (all if empty), and workloads by their names."""

    servers: tuple[str, ...]
    workloads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results of a comparison.

    Attributes:
        results: The figures of each round.
        memory: The peak memory of each server in bytes, by its name.
        statements: The number of statements per response, by the names of the server and the workload.
        left_out: The reasons why servers are missing, a sentence for each.
    """

    results: Results
    memory: dict[str, int]
    statements: dict[tuple[str, str], int]
    left_out: list[str]


def compare(
    clinic: BenchmarkClinic, folder: Path, choice: Choice, effort: Effort, log: Callable[[str], None]
) -> Comparison:
    """Start all servers, and measure one after the other."""
    specs, left_out = _server_specs(clinic, folder, log)
    specs = [spec for spec in specs if not choice.servers or spec.name.startswith(choice.servers)]
    workloads = [workload for workload in clinic.workloads if workload.name in choice.workloads]
    with contextlib.ExitStack() as stack:
        servers = _start(specs, folder, stack, left_out)
        check_responses(servers, workloads)
        runs = [
            Run(workload, clients, server)
            for workload in workloads
            for clients in workload.clients
            for server in servers
            if workload.name not in server.spec.unsupported
        ]
        statements = {
            (run.server.spec.name, run.workload.name): clinic.count_statements(run.server, run.workload)
            for run in runs
            if run.clients == 1
        }
        log(f"comparing {', '.join(server.spec.name for server in servers)}")
        results = measure(runs, rounds=effort.rounds, seconds=effort.seconds, log=log, after=clinic.undo)
        return Comparison(results, {server.spec.name: server.peak_memory for server in servers}, statements, left_out)


def _start(
    specs: list[ServerSpec], folder: Path, stack: contextlib.ExitStack, left_out: list[str]
) -> list[RunningServer]:
    servers: list[RunningServer] = []
    for spec in specs:
        try:
            servers.append(stack.enter_context(run_server(spec, folder)))
        except DidNotStart as reason:
            if not spec.optional:
                raise
            left_out.append(f"{spec.name} is missing: it did not start ({reason}).")
    return servers


def _server_specs(
    clinic: BenchmarkClinic, folder: Path, log: Callable[[str], None]
) -> tuple[list[ServerSpec], list[str]]:
    specs = [*limit_servers(clinic.url, clinic.record_enrollment(folder)), ours("ours", clinic.url)]
    specs.append(ours("ours, graphql-core's executor", clinic.url, EXECUTOR="graphql-core"))
    log("installing PostGraphile and Mercurius")
    try:
        install()
    except NotInstalled as reason:
        return specs, [f"PostGraphile and Mercurius are missing: npm could not install them ({reason})."]
    return [*specs, *node_servers(clinic.url)], []
