"""Measures how long reconciling two years of a calendar takes, compared with the same rows written by hand."""

import asyncio
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks.clinic_database import insert_data_sets
from benchmarks.data_set import DataSet, DataSetSize
from benchmarks.postgres import Postgres
from benchmarks.preparation import BenchmarkClinic
from benchmarks.responses import fetch_data
from benchmarks.servers import ours, run_server
from benchmarks.workloads import Workload
from domain.plan import last_day_of_window

_ORGANIZATION: Final = "reconciling"
_ROUNDS: Final = 7
_HOURS: Final = (9, 13)
"""Each round moves all sessions from one of these hours to the other."""
_RECONCILE: Final = """
mutation Reconcile($id: ID!, $from: Date!, $through: Date!) {
  reconcileOccurrences(input: {groupDefinitionId: $id, from: $from, through: $through}) {
    createdCount updatedCount userErrors { code message }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The results, in milliseconds: medians of several rounds.

    Attributes:
        sessions: How many sessions are moved, each with an entry of the history and an event.
        reconcile_ms: Until the client has the response of `reconcileOccurrences`.
        by_hand_ms: The same rows, read and written by prepared statements in one transaction.
    """

    sessions: int
    reconcile_ms: float
    by_hand_ms: float

    def as_json(self) -> dict[str, Any]:
        """Return the results for the JSON file."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"reconciling 24 months: {self.sessions} sessions moved in {self.reconcile_ms:.0f} ms,"
            f" {self.reconcile_ms / self.by_hand_ms:.1f} times the {self.by_hand_ms:.0f} ms of the same rows by hand"
        )


def measure_reconciliation(clinic: BenchmarkClinic, folder: Path, log: Callable[[str], None]) -> Reconciliation:
    """Return how long it takes to move two years of sessions, five a week, to another time of the day."""
    data_set = DataSet(_ORGANIZATION, DataSetSize(groups=1, sessions=0, enrolled=0, disenrolled=0, patients=1))
    asyncio.run(insert_data_sets(clinic.url, [data_set]))
    [group] = data_set.groups
    first = datetime.now(UTC).date() + timedelta(days=2)  # not in the past in any time zone
    variables = {"id": str(group), "from": str(first), "through": str(last_day_of_window(first))}
    workload = Workload("reconcile", _ORGANIZATION, _RECONCILE, [variables], '"userErrors":[]')
    reconciled, by_hand = [], []
    with run_server(ours("compiled", clinic.url), folder) as server:
        spec = server.load_spec(workload, clients=1, seconds=0)
        for number in range(_ROUNDS + 1):  # the first round creates the sessions
            asyncio.run(_meet_at(clinic.postgres, group, _HOURS[number % 2]))
            started = time.perf_counter()
            counts = fetch_data(spec)["reconcileOccurrences"]
            reconciled.append(time.perf_counter() - started)
            by_hand.append(asyncio.run(_write_by_hand(clinic.postgres, group)))
    moved = counts["updatedCount"]
    log(f"  {moved} sessions")
    return Reconciliation(moved, statistics.median(reconciled[1:]) * 1000, statistics.median(by_hand[1:]) * 1000)


async def _meet_at(postgres: Postgres, group: uuid.UUID, hour: int) -> None:
    connection = await postgres.connect(BenchmarkClinic.database)
    await connection.execute(
        "UPDATE pm_group_definitions SET recurrence_rule = 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',"
        " recurrence_start_date = '2026-01-01', recurrence_start_time = make_time($2, 0, 0),"
        " recurrence_excluded_dates = '[]' WHERE id = $1",
        group,
        hour,
    )
    await connection.close()


async def _write_by_hand(postgres: Postgres, group: uuid.UUID) -> float:
    """Write what the last request wrote once more: each session, its latest history entry and its latest event.

    Return the seconds. The rows of the history and of the outbox get new ids.
    """
    connection = await postgres.connect(BenchmarkClinic.database)
    history, events = await _latest_rows(connection, group)
    started = time.perf_counter()
    async with connection.transaction():
        sessions = await connection.fetch(
            "SELECT * FROM pm_group_schedule WHERE group_definition_id = $1 ORDER BY session_date FOR UPDATE", group
        )
        await connection.executemany(
            "UPDATE pm_group_schedule SET session_date = $2, start_time = $3, end_time = $4, time_zone = $5,"
            " starts_at = $6, ends_at = $7, facilitator_id = $8, co_facilitator_id = $9, location_id = $10,"
            " status = $11, version = $12, updated_at = $13 WHERE id = $1",
            [
                [
                    *(row[name] for name in ("id", "session_date", "start_time", "end_time", "time_zone")),
                    *(row[name] for name in ("starts_at", "ends_at", "facilitator_id", "co_facilitator_id")),
                    *(row[name] for name in ("location_id", "status", "version", "updated_at")),
                ]
                for row in sessions
            ],
        )
        await connection.executemany(
            "INSERT INTO pm_group_audit_log (id, organization_id, entity_type, entity_id, at, actor_id, correlation_id,"
            " action, changes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [[uuid.uuid4(), *row] for row in history],
        )
        await connection.executemany(
            "INSERT INTO pm_group_outbox (id, organization_id, group_definition_id, transaction_id, event, envelope,"
            " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [[uuid.uuid4(), *row] for row in events],
        )
    seconds = time.perf_counter() - started
    await connection.close()
    return seconds


async def _latest_rows(connection: asyncpg.Connection, group: uuid.UUID) -> tuple[list[Any], list[Any]]:
    history = await connection.fetch(
        "SELECT DISTINCT ON (entity_id) organization_id, entity_type, entity_id, at, actor_id, correlation_id, action,"
        " changes FROM pm_group_audit_log WHERE organization_id = $1 AND entity_type = 'occurrence'"
        " ORDER BY entity_id, at DESC",
        _ORGANIZATION,
    )
    events = await connection.fetch(
        "SELECT DISTINCT ON (envelope -> 'payload' ->> 'schedule_id') organization_id, group_definition_id,"
        " transaction_id, event, envelope, created_at FROM pm_group_outbox WHERE group_definition_id = $1"
        " ORDER BY envelope -> 'payload' ->> 'schedule_id', sequence DESC",
        group,
    )
    return [tuple(row) for row in history], [tuple(row) for row in events]
