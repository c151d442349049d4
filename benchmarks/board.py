"""Measures the board of a program and a forecast, compared with hand-written SQL that returns the same facts."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg
from uuid_utils.compat import uuid7

from benchmarks.clinic_database import insert_data_sets
from benchmarks.data_set import COLUMNS, CREATED_AT, DataSet, DataSetSize, Row
from benchmarks.load import UnexpectedResponse
from benchmarks.preparation import BenchmarkClinic
from benchmarks.responses import fetch_data
from benchmarks.servers import RunningServer, ours, run_server
from benchmarks.workloads import Workload

_ORGANIZATION: Final = "programs"
_ROUNDS: Final = 15
_PROGRAMS: Final = 100
"""The IOP groups. As many groups of skills count toward IOP. Each patient has a seat in one of each."""
_SIZE: Final = DataSetSize(groups=2 * _PROGRAMS, sessions=27, enrolled=20, disenrolled=0, patients=20 * _PROGRAMS)
_FORECAST_WEEKS: Final = 8
_PHOENIX: Final = timedelta(hours=7)
_BOARD: Final = """query Board($week: Date!) { programCompliance(program: IOP, weekOf: $week, first: 50) {
  totalCount nodes { patient { displayName } status outlook hours hoursPast days } } }"""
_FORECAST_FIELD: Final = "complianceForecast"
_FORECAST: Final = """query Forecast($from: Date!) { groupDefinitions(filter: {groupType: [IOP]}, first: 200) {
  nodes { name complianceForecast(from: $from, weeks: 8) { weekStart status hours days } } } }"""
_BOARD_BY_HAND: Final = """
WITH attended AS MATERIALIZED (
  SELECT DISTINCT e.patient_id, s.id, s.starts_at, s.ends_at
  FROM pm_group_definitions g
  JOIN pm_group_enrollments e ON e.organization_id = g.organization_id AND e.group_definition_id = g.id
  JOIN pm_group_schedule s ON s.group_definition_id = g.id
  WHERE g.organization_id = $1 AND (g.group_type = 'IOP' OR g.counts_toward IN ('IOP', 'IOP,PHP'))
    AND s.status <> 'CANCELLED' AND s.session_date BETWEEN $2 AND $2 + 6
    AND e.deleted_at IS NULL AND e.enrolled_at <= s.starts_at
    AND (e.disenrolled_at IS NULL OR e.disenrolled_at > s.starts_at)
    AND (e.start_date IS NULL OR e.start_date <= s.session_date)
    AND (e.end_date IS NULL OR e.end_date >= s.session_date)
), without AS (  -- each patient's week: with all sessions, with those that are over, and without each remaining one
  SELECT patient_id, 0 AS kind, NULL::uuid AS lost, starts_at, ends_at FROM attended
  UNION ALL
  SELECT patient_id, 1, NULL, starts_at, ends_at FROM attended WHERE ends_at <= $3
  UNION ALL
  SELECT a.patient_id, 2, b.id, a.starts_at, a.ends_at
  FROM attended a JOIN attended b ON b.patient_id = a.patient_id AND b.id <> a.id AND b.ends_at > $3
), pieces AS (  -- overlapping time once: each session from where the ones before it end
  SELECT patient_id, kind, lost, (starts_at AT TIME ZONE 'America/Phoenix')::date AS day,
    greatest(interval '0', ends_at - greatest(starts_at, max(ends_at) OVER (
      PARTITION BY patient_id, kind, lost ORDER BY starts_at, ends_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ))) AS length
  FROM without
), days AS (
  SELECT patient_id, kind, lost, day, extract(epoch FROM sum(length)) / 3600 AS hours
  FROM pieces GROUP BY patient_id, kind, lost, day
), weeks AS (
  SELECT patient_id, kind, lost, sum(hours) AS hours, count(*) AS days,
    sum(hours) >= 9 AND count(*) >= 3 AND min(hours) >= 3 AS suffices
  FROM days GROUP BY patient_id, kind, lost
), board AS (
  SELECT patient_id, max(hours) FILTER (WHERE kind = 0) AS hours,
    coalesce(max(hours) FILTER (WHERE kind = 1), 0) AS hours_past,
    max(days) FILTER (WHERE kind = 0) AS days, bool_or(suffices) FILTER (WHERE kind = 0) AS suffices,
    CASE
      WHEN bool_or(suffices) FILTER (WHERE kind = 1) THEN 3
      WHEN NOT bool_or(suffices) FILTER (WHERE kind = 0) THEN 0
      WHEN NOT bool_and(suffices) FILTER (WHERE kind = 2) THEN 1
      ELSE 2
    END AS rank
  FROM weeks GROUP BY patient_id
)
SELECT p.display_name, b.suffices, b.rank, b.hours, b.hours_past, b.days, count(*) OVER () AS total
FROM board b JOIN pm_group_patients p ON p.organization_id = $1 AND p.id = b.patient_id
ORDER BY b.rank, greatest(0, 9 - b.hours) DESC, p.search_text, p.id
LIMIT 50
"""
_FORECAST_BY_HAND: Final = """
WITH days AS (
  SELECT g.id, g.name, g.search_text, ($2::date + 7 * ((s.session_date - $2::date) / 7)) AS week_start, s.session_date,
    extract(epoch FROM sum(s.ends_at - s.starts_at)) / 3600 AS hours
  FROM pm_group_definitions g
  LEFT JOIN pm_group_schedule s ON s.group_definition_id = g.id AND s.status <> 'CANCELLED'
    AND s.session_date BETWEEN $2 AND $2 + 55
  WHERE g.organization_id = $1 AND g.group_type = 'IOP' AND g.deleted_at IS NULL
  GROUP BY g.id, g.name, g.search_text, s.session_date
)
SELECT name, week_start, sum(hours) AS hours, count(*) AS days,
  sum(hours) >= 9 AND count(*) >= 3 AND min(hours) >= 3 AS suffices
FROM days GROUP BY id, name, search_text, week_start ORDER BY search_text, id, week_start
"""
_OUTLOOKS: Final = ("CANNOT_BE_MET", "AT_RISK", "ON_TRACK", "MET")


@dataclass(frozen=True, slots=True)
class BoardTimes:
    """The results, in milliseconds: medians of several rounds.

    Attributes:
        patients: How many patients the board has.
        board_ms: Until the client has a page of the board.
        board_by_hand_ms: The same facts by one prepared statement.
        groups: How many groups the forecast has.
        forecast_ms: Until the client has the forecast.
        forecast_by_hand_ms: The same facts by one prepared statement.
    """

    patients: int
    board_ms: float
    board_by_hand_ms: float
    groups: int
    forecast_ms: float
    forecast_by_hand_ms: float

    def as_json(self) -> dict[str, Any]:
        """Return the results for the JSON file."""
        return asdict(self)

    def __str__(self) -> str:
        board, forecast = self.board_ms / self.board_by_hand_ms, self.forecast_ms / self.forecast_by_hand_ms
        return (
            f"the board of {self.patients:,} patients: {self.board_ms:.0f} ms,"
            f" {board:.1f} times the {self.board_by_hand_ms:.0f} ms of hand-written SQL\n"
            f"the forecast of {self.groups} groups, {_FORECAST_WEEKS} weeks each: {self.forecast_ms:.0f} ms,"
            f" {forecast:.1f} times the {self.forecast_by_hand_ms:.0f} ms of hand-written SQL"
        )


class _Programs(DataSet):
    """A clinic of IOP groups and of groups of skills that count toward IOP. Some sessions are cancelled."""

    def __init__(self, first_day: date) -> None:
        super().__init__(_ORGANIZATION, _SIZE)
        self._first_day = first_day

    def group_definitions(self) -> Iterator[Row]:
        kind = COLUMNS["pm_group_definitions"].index("group_type")
        for number, row in enumerate(super().group_definitions()):
            group_type = "IOP" if number < _PROGRAMS else "SKILLS_TRAINING"
            yield (*row[:kind], group_type, *row[kind + 1 :])

    def sessions(self) -> Iterator[Row]:
        for index in range(self.size.sessions):
            day = self._first_day + timedelta(weeks=index // 3, days=(1, 3, 5)[index % 3])
            for number, group in enumerate(self.groups):
                # The groups of skills begin half an hour before the others end.
                is_program = number < _PROGRAMS
                start, end = (wall_time(9), wall_time(12)) if is_program else (wall_time(11, 30), wall_time(13))
                starts_at, ends_at = (datetime.combine(day, clock, UTC) + _PHOENIX for clock in (start, end))
                is_cancelled = is_program and (number + index) % 8 == 0
                status = ("CANCELLED", "The room was closed", CREATED_AT) if is_cancelled else ("SCHEDULED", None, None)
                yield (
                    uuid7(), self.organization, group, day, start, end, "America/Phoenix", starts_at, ends_at,
                    "staff-1", None, None, *status, 1, CREATED_AT, CREATED_AT,
                )  # fmt: skip


def measure_board(clinic: BenchmarkClinic, folder: Path, log: Callable[[str], None]) -> BoardTimes:
    """Return how long the board of next week and a forecast take. Raise UnexpectedResponse if the facts differ."""
    today = datetime.now(UTC).date()
    sunday = today + timedelta(days=(6 - today.weekday()) or 7)
    asyncio.run(insert_data_sets(clinic.url, [_Programs(sunday)]))
    asyncio.run(_count_skills(clinic))
    with run_server(ours("compiled", clinic.url), folder) as server:
        board, board_ms = _request(server, _BOARD, {"week": str(sunday)}, '"programCompliance"')
        forecast, forecast_ms = _request(server, _FORECAST, {"from": str(sunday)}, '"complianceForecast"')
    weeks, board_by_hand_ms = asyncio.run(_by_hand(clinic, _BOARD_BY_HAND, sunday, datetime.now(UTC)))
    coming, forecast_by_hand_ms = asyncio.run(_by_hand(clinic, _FORECAST_BY_HAND, sunday))
    page, groups = board["programCompliance"], forecast["groupDefinitions"]["nodes"]
    _check("the board", [_week_facts(node, page["totalCount"]) for node in page["nodes"]], weeks)
    _check(
        "the forecast", [_forecast_facts(group, week) for group in groups for week in group[_FORECAST_FIELD]], coming
    )
    log(f"  {page['totalCount']} patients, {len(groups)} groups")
    return BoardTimes(page["totalCount"], board_ms, board_by_hand_ms, len(groups), forecast_ms, forecast_by_hand_ms)


def _request(server: RunningServer, query: str, variables: dict[str, str], expected: str) -> tuple[Any, float]:
    """Return the data of a response, and the median of the milliseconds until the client has it."""
    spec = server.load_spec(Workload("board", _ORGANIZATION, query, [variables], expected), clients=1, seconds=0)
    seconds = []
    for _ in range(_ROUNDS + 1):  # the first round prepares the statements
        started = time.perf_counter()
        data = fetch_data(spec)
        seconds.append(time.perf_counter() - started)
    return data, statistics.median(seconds[1:]) * 1000


async def _by_hand(clinic: BenchmarkClinic, query: str, *parameters: Any) -> tuple[list[tuple[Any, ...]], float]:
    """Return the rows of a prepared statement, and the median of its milliseconds."""
    connection: asyncpg.Connection = await clinic.postgres.connect(clinic.database)
    statement = await connection.prepare(query)
    seconds = []
    for _ in range(_ROUNDS + 1):
        started = time.perf_counter()
        rows = await statement.fetch(_ORGANIZATION, *parameters)
        seconds.append(time.perf_counter() - started)
    await connection.close()
    return [tuple(row) for row in rows], statistics.median(seconds[1:]) * 1000


async def _count_skills(clinic: BenchmarkClinic) -> None:
    connection: asyncpg.Connection = await clinic.postgres.connect(clinic.database)
    await connection.execute(
        "UPDATE pm_group_definitions SET counts_toward = 'IOP' WHERE organization_id = $1 AND group_type <> 'IOP'",
        _ORGANIZATION,
    )
    await connection.execute("ANALYZE pm_group_definitions")
    await connection.close()


def _week_facts(week: dict[str, Any], total: int) -> tuple[Any, ...]:
    """Return the facts of a patient's week in the response, in the order of the columns of the statement."""
    is_met, rank = week["status"] == "COMPLIANT", _OUTLOOKS.index(week["outlook"])
    return week["patient"]["displayName"], is_met, rank, week["hours"], week["hoursPast"], week["days"], total


def _forecast_facts(group: dict[str, Any], week: dict[str, Any]) -> tuple[Any, ...]:
    first_day = date.fromisoformat(week["weekStart"])
    return group["name"], first_day, week["hours"], week["days"], week["status"] == "COMPLIANT"


def _check(name: str, facts: list[tuple[Any, ...]], rows: list[tuple[Any, ...]]) -> None:
    by_hand = [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in rows]
    if facts != by_hand:
        raise UnexpectedResponse(f"{name} differs: {facts[:3]} and {by_hand[:3]}")
