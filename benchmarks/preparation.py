"""What comes before the measuring: the database, the statements of an enrollment, and whether all answer the same."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import orjson

from benchmarks import data_set
from benchmarks.answers import answer, same_values
from benchmarks.data_set import MADE_AT, DataSet
from benchmarks.fill import create_clinic_database
from benchmarks.load import UnexpectedAnswer
from benchmarks.postgres import Postgres
from benchmarks.replay import Enrollment
from benchmarks.servers import Running, ours, running
from benchmarks.statement_log import statements_of
from benchmarks.workloads import ENROLLING, ORGANIZATION, Workload, workloads

_DATABASE = "clinic"
_NEW_PATIENTS = 20


class Clinic:
    """The database that the servers are compared on, and what they are asked about it."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.report = DataSet(ORGANIZATION, data_set.REPORT)
        enrolling = DataSet(ENROLLING, data_set.ENROLLING)
        self.url = asyncio.run(create_clinic_database(postgres, _DATABASE, [self.report, enrolling]))
        first = enrolling.size.groups * enrolling.size.enrolled
        patients = [f"patient-{number}" for number in range(first, first + _NEW_PATIENTS)]
        self.workloads = workloads(self.report.groups, enrolling.groups, patients)

    def statements(self, server: Running, workload: Workload) -> int:
        """Return how many statements the server sends for one answer, once it is warm."""
        order = server.order(workload, clients=1, seconds=0)
        answer(order)
        sent = asyncio.run(statements_of(self._postgres, lambda: answer(order, 1 % len(order.bodies))))
        self.undo(workload)
        return len(sent)

    def record_enrollment(self, folder: Path) -> Path:
        """Return a file with the statements that our server sends for an enrollment, once it is warm."""
        enroll = next(workload for workload in self.workloads if workload.organization == ENROLLING)
        with running(ours("recorded", self.url), folder) as server:
            order = server.order(enroll, clients=1, seconds=0)
            answer(order)
            sent = asyncio.run(statements_of(self._postgres, lambda: answer(order, 1)))
        self.undo(enroll)
        recorded = folder / "enrollment.json"
        recorded.write_bytes(orjson.dumps(asdict(Enrollment(**enroll.variables[1], statements=sent))))
        return recorded

    def undo(self, workload: Workload) -> None:
        """Take back what the workload has changed, so that every turn starts from the same rows."""
        if workload.organization == ENROLLING:
            asyncio.run(self._forget_enrollments())

    async def _forget_enrollments(self) -> None:
        connection: asyncpg.Connection = await self._postgres.connect(_DATABASE)
        await connection.execute("SET session_replication_role = replica")  # history refuses to be deleted
        for table, column in (
            ("pm_group_enrollments", "created_at"),
            ("pm_group_outbox", "created_at"),
            ("pm_group_audit_log", "at"),
        ):
            await connection.execute(f"DELETE FROM {table} WHERE {column} > $1", MADE_AT)
            await connection.execute(f"VACUUM {table}")
        await connection.close()


def compare_answers(servers: Sequence[Running], workloads: Sequence[Workload]) -> None:
    """Raise UnexpectedAnswer where a server's answer is not the first one's, for what is only read."""
    for workload in workloads:
        if workload.organization == ENROLLING:
            continue
        expected = answer(servers[0].order(workload, 1, 0))
        for server in servers[1:]:
            if workload.name in server.kind.leaves_out:
                continue
            if not same_values(answer(server.order(workload, 1, 0)), expected):
                raise UnexpectedAnswer(
                    f"{server.kind.name} answers {workload.name} otherwise than {servers[0].kind.name}"
                )
