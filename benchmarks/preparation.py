"""Prepares a comparison: the database, the recorded statements of an enrollment, and a check of all responses."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import asyncpg
import orjson

from benchmarks import data_set
from benchmarks.clinic_database import create_clinic_database
from benchmarks.data_set import CREATED_AT, DataSet
from benchmarks.load import UnexpectedResponse
from benchmarks.postgres import Postgres
from benchmarks.replay import RecordedEnrollment
from benchmarks.responses import fetch_data, same_values
from benchmarks.servers import RunningServer, ours, run_server
from benchmarks.statement_log import statements_of
from benchmarks.workloads import ENROLLING, ORGANIZATION, Workload, workloads

_NEW_PATIENTS = 20


class BenchmarkClinic:
    """The database of a comparison, and its workloads."""

    database: Final = "clinic"

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres
        self.report = DataSet(ORGANIZATION, data_set.REPORT)
        enrolling = DataSet(ENROLLING, data_set.ENROLLING)
        self.url = asyncio.run(create_clinic_database(postgres, self.database, [self.report, enrolling]))
        first = enrolling.size.groups * enrolling.size.enrolled
        patients = [f"patient-{number}" for number in range(first, first + _NEW_PATIENTS)]
        self.workloads = workloads(self.report.groups, enrolling.groups, patients)

    def count_statements(self, server: RunningServer, workload: Workload) -> int:
        """Return the number of statements that a warm server sends for one response."""
        spec = server.load_spec(workload, clients=1, seconds=0)
        fetch_data(spec)
        statements = asyncio.run(statements_of(self.postgres, lambda: fetch_data(spec, 1 % len(spec.bodies))))
        self.undo(workload)
        return len(statements)

    def record_enrollment(self, folder: Path) -> Path:
        """Return a file with the statements that this project's warm server sends for an enrollment."""
        enroll = next(workload for workload in self.workloads if workload.organization == ENROLLING)
        with run_server(ours("recorded", self.url), folder) as server:
            spec = server.load_spec(enroll, clients=1, seconds=0)
            fetch_data(spec)
            statements = asyncio.run(statements_of(self.postgres, lambda: fetch_data(spec, 1)))
        self.undo(enroll)
        file = folder / "enrollment.json"
        file.write_bytes(orjson.dumps(asdict(RecordedEnrollment(**enroll.variables[1], statements=statements))))
        return file

    def undo(self, workload: Workload) -> None:
        """Undo the changes of a workload, so that every run starts with the same rows."""
        if workload.organization == ENROLLING:
            asyncio.run(self._delete_enrollments())

    async def _delete_enrollments(self) -> None:
        connection: asyncpg.Connection = await self.postgres.connect(self.database)
        await connection.execute("SET session_replication_role = replica")  # triggers protect the history
        for table, column in (
            ("pm_group_enrollments", "created_at"),
            ("pm_group_outbox", "created_at"),
            ("pm_group_audit_log", "at"),
        ):
            await connection.execute(f"DELETE FROM {table} WHERE {column} > $1", CREATED_AT)
            await connection.execute(f"VACUUM {table}")
        await connection.close()


def check_responses(servers: Sequence[RunningServer], workloads: Sequence[Workload]) -> None:
    """Raise UnexpectedResponse if servers respond differently to a query."""
    for workload in workloads:
        if workload.organization == ENROLLING:
            continue
        expected = fetch_data(servers[0].load_spec(workload, 1, 0))
        for server in servers[1:]:
            if workload.name in server.spec.unsupported:
                continue
            if not same_values(fetch_data(server.load_spec(workload, 1, 0)), expected):
                names = f"{server.spec.name} and {servers[0].spec.name}"
                raise UnexpectedResponse(f"{names} respond differently to {workload.name}")
