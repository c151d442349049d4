"""Measures the cost of a value in queries of other shapes than the report: time per value, and statements."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks import postgraphile_queries, shapes
from benchmarks.clinic_database import insert_data_sets
from benchmarks.data_set import FIRST_DAY, DataSet, DataSetSize
from benchmarks.node_servers import NotInstalled, install, node_servers
from benchmarks.postgres import Postgres
from benchmarks.preparation import BenchmarkClinic
from benchmarks.queries import REPORT
from benchmarks.responses import fetch_data
from benchmarks.servers import RunningServer, ServerSpec, ours, run_server
from benchmarks.statement_log import statements_of
from benchmarks.workloads import ORGANIZATION, Workload
from resolvers.caller import PermissionKey
from resolvers.ids import PATIENT_IDS

_REPORT: Final = "the report"
_PAGE_INFOS: Final = "nested `pageInfo`"
_RELAY: Final = "edges, cursors and `pageInfo` everywhere"
_COUNTS: Final = "five `totalCount`s of 200 groups"
_ALIASED_GROUPS: Final = "30 aliased `groupDefinition`s"
_MANY_GROUPS: Final = "many groups"
_GENERATING: Final = "generating"
_EXECUTORS: Final = ("compiled", "graphql-core")
_OTHERS: Final = ("PostGraphile 5", "Mercurius, JIT, loaders")
"""The other servers, which answer some of the shapes."""
_WITHOUT_ENROLLMENTS: Final = (PermissionKey.GROUP_DEFINITIONS_VIEW, PermissionKey.GROUP_SCHEDULE_VIEW)
_WARM_UP: Final = 3
_MAX_WAIT: Final = 8
"""The maximum duration of a measurement, as a multiple of the CPU time to spend."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a response costs.

    Attributes:
        values: The number of scalars in it.
        cpu_ms: The CPU time of the server in milliseconds, without PostgreSQL's.
        latency_ms: The time until the client has the response, in milliseconds.
        statements: The number of statements.
    """

    values: int
    cpu_ms: float
    latency_ms: float
    statements: int

    def ratios(self, other: "Cost") -> tuple[float, float]:
        """Return the ratios of the CPU time per value and of the latency per value to those of another response."""
        values = other.values / self.values
        return values * self.cpu_ms / other.cpu_ms, values * self.latency_ms / other.latency_ms


@dataclass(frozen=True, slots=True)
class ShapeCosts:
    """The costs of one shape by executor, and by other servers that answer it."""

    name: str
    costs: dict[str, Cost]


def measure_shapes(
    clinic: BenchmarkClinic, folder: Path, seconds: float, log: Callable[[str], None]
) -> list[ShapeCosts]:
    """Return the costs of each shape. The first is the report.

    Args:
        clinic: The database. Organizations for single shapes are added to it.
        folder: The folder for the servers' output.
        seconds: The CPU time to spend on each shape and executor.
        log: Receives messages about the progress.
    """
    many = DataSet(_MANY_GROUPS, DataSetSize(groups=10_000, sessions=0, enrolled=20, disenrolled=0, patients=4_000))
    generating = DataSet(_GENERATING, DataSetSize(groups=1, sessions=0, enrolled=0, disenrolled=0, patients=1))
    asyncio.run(insert_data_sets(clinic.url, [many, generating]))
    asyncio.run(_meet_daily(clinic.postgres, generating.groups[0]))
    workloads = asyncio.run(_shapes(clinic, generating.groups[0]))
    with contextlib.ExitStack() as stack:
        servers = {
            executor: stack.enter_context(run_server(ours(executor, clinic.url, EXECUTOR=executor), folder))
            for executor in _EXECUTORS
        }
        for spec in _other_servers(clinic, workloads, log):
            servers[spec.name] = stack.enter_context(run_server(spec, folder))
        results = []
        for workload in workloads:
            log(f"  {workload.name}")
            costs = {
                name: _cost(clinic.postgres, server, workload, seconds)
                for name, server in servers.items()
                if name in _EXECUTORS or workload.name in server.spec.documents
            }
            results.append(ShapeCosts(workload.name, costs))
    return results


def _other_servers(
    clinic: BenchmarkClinic, workloads: Sequence[Workload], log: Callable[[str], None]
) -> list[ServerSpec]:
    """Return the other servers, each with its documents of the shapes that it answers."""
    try:
        install()
    except NotInstalled as reason:
        log(f"PostGraphile and Mercurius are missing: npm could not install them ({reason}).")
        return []
    groups = [str(group) for group in clinic.report.groups[:30]]
    postgraphile = {
        _REPORT: postgraphile_queries.REPORT,
        _PAGE_INFOS: postgraphile_queries.NESTED_PAGE_INFO,
        _RELAY: postgraphile_queries.RELAY,
        _COUNTS: postgraphile_queries.FIVE_COUNTS,
        _ALIASED_GROUPS: postgraphile_queries.groups(groups),
    }
    # Mercurius serves a schema of our own, with the fields of the report.
    mercurius = {
        workload.name: workload.document for workload in workloads if workload.name in {_REPORT, _ALIASED_GROUPS}
    }
    documents = dict(zip(_OTHERS, (postgraphile, mercurius), strict=True))
    return [
        replace(spec, documents=documents[spec.name]) for spec in node_servers(clinic.url) if spec.name in documents
    ]


def shape_rows(shapes: Sequence[ShapeCosts]) -> list[dict[str, Any]]:
    """Return a row for each shape, with the ratio of its CPU time per value to that of the report."""
    report = shapes[0].costs[_EXECUTORS[0]]
    rows = []
    for shape in shapes:
        compiled, reference = (shape.costs[executor] for executor in _EXECUTORS)
        cpu_ratio, latency_ratio = compiled.ratios(report)
        rows.append(
            {
                "shape": shape.name,
                "values": compiled.values,
                "cpu_ms": compiled.cpu_ms,
                "cpu_ratio": cpu_ratio,
                "latency_ms": compiled.latency_ms,
                "latency_ratio": latency_ratio,
                "statements": compiled.statements,
                "statements_graphql_core": reference.statements,
                "cpu_ms_of_others": {name: shape.costs[name].cpu_ms for name in _OTHERS if name in shape.costs},
            }
        )
    return rows


def shape_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table, for docs/performance.md."""
    heads = (
        "shape",
        "values",
        "CPU ms",
        "CPU per value",
        "latency ms",
        "latency per value",
        "statements",
        "graphql-core's statements",
        *(f"{name}: CPU ms" for name in _OTHERS),
    )
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    lines += [
        f"| {row['shape']} | {row['values']:,} | {row['cpu_ms']:.1f} | {row['cpu_ratio']:.1f}"
        f" | {row['latency_ms']:.1f} | {row['latency_ratio']:.1f} | {row['statements']}"
        f" | {row['statements_graphql_core']} |{_others(row['cpu_ms_of_others'])}"
        for row in rows
    ]
    return "\n".join(lines)


def _others(cpu_ms: dict[str, float]) -> str:
    return "".join(f" {cpu_ms[name]:.1f} |" if name in cpu_ms else " |" for name in _OTHERS)


async def _shapes(clinic: BenchmarkClinic, generating: UUID) -> list[Workload]:
    """Return the workload of each shape. All requests of one shape are the same."""
    groups = [str(group) for group in clinic.report.groups]

    def shape(name: str, document: str, organization: str = ORGANIZATION, **variables: str) -> Workload:
        return Workload(name, organization, document, [variables], '"data":{')

    return [
        shape(_REPORT, REPORT),
        shape(_PAGE_INFOS, shapes.NESTED_PAGE_INFO),
        shape(_RELAY, shapes.RELAY),
        shape(_COUNTS, shapes.FIVE_COUNTS),
        shape("`capacityStatus` and `totalCount`, 10,000 groups", shapes.BY_CAPACITY, _MANY_GROUPS),
        shape("28 aliased `node`s", shapes.nodes(await _node_ids(clinic))),
        shape(_ALIASED_GROUPS, shapes.groups(groups[:30])),
        shape(
            "730 generated sessions",
            shapes.GENERATE,
            _GENERATING,
            id=str(generating),
            **{"from": FIRST_DAY.isoformat(), "through": shapes.LAST_GENERATED_DAY.isoformat()},
        ),
        shape("compliance of 200 groups in four weeks", shapes.FOUR_WEEKS),
        replace(shape("a denied field of 200 groups", shapes.DENIED), permissions=_WITHOUT_ENROLLMENTS),
    ]


async def _node_ids(clinic: BenchmarkClinic) -> list[str]:
    """Return the ids of 28 records: groups, sessions, enrollments and patients in turn."""
    connection = await clinic.postgres.connect(clinic.database)
    ids = [
        [
            str(row[0])
            for row in await connection.fetch(
                f"SELECT id FROM {table} WHERE organization_id = $1 ORDER BY id LIMIT 7",
                ORGANIZATION,
            )
        ]
        for table in ("pm_group_definitions", "pm_group_schedule", "pm_group_enrollments", "pm_group_patients")
    ]
    await connection.close()
    groups, sessions, enrollments, patients = ids
    patients = [PATIENT_IDS.prefix + patient for patient in patients]
    return [id_ for four in zip(groups, sessions, enrollments, patients, strict=True) for id_ in four]


def _cost(postgres: Postgres, server: RunningServer, workload: Workload, seconds: float) -> Cost:
    spec = server.load_spec(workload, clients=1, seconds=0)
    latencies: list[float] = []

    def respond() -> Any:
        if workload.organization == _GENERATING:
            asyncio.run(_delete_sessions(postgres))
        sent_at = time.perf_counter()
        data = fetch_data(spec)
        latencies.append(time.perf_counter() - sent_at)
        return data

    for _ in range(_WARM_UP):
        data = respond()
    if workload.organization == _GENERATING:
        asyncio.run(_delete_sessions(postgres))
    statements = asyncio.run(statements_of(postgres, lambda: fetch_data(spec)))
    latencies.clear()
    started = server.cpu_seconds()
    # The system counts CPU time in steps of 10 ms, so a single request is too short to measure.
    while server.cpu_seconds() < started + seconds and sum(latencies) < _MAX_WAIT * seconds:
        respond()
    cpu_ms = (server.cpu_seconds() - started) * 1000 / len(latencies)
    return Cost(sum(1 for _ in _scalars(data)), cpu_ms, statistics.median(latencies) * 1000, len(statements))


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    else:
        yield value


async def _meet_daily(postgres: Postgres, group: UUID) -> None:
    connection = await postgres.connect(BenchmarkClinic.database)
    await connection.execute(
        "UPDATE pm_group_definitions SET recurrence_rule = 'FREQ=DAILY', recurrence_start_date = $2,"
        " recurrence_start_time = '09:00', recurrence_excluded_dates = '[]' WHERE id = $1",
        group,
        FIRST_DAY,
    )
    await connection.close()


async def _delete_sessions(postgres: Postgres) -> None:
    connection = await postgres.connect(BenchmarkClinic.database)
    await connection.execute("SET session_replication_role = replica")  # triggers protect the history
    for table in ("pm_group_schedule", "pm_group_outbox", "pm_group_audit_log"):
        await connection.execute(f"DELETE FROM {table} WHERE organization_id = $1", _GENERATING)
    await connection.close()
