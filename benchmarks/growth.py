"""Whether the pages that people open stay as fast when the schedule has grown for years."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.comparison import Effort
from benchmarks.data_set import FIRST_DAY, DataSet, person
from benchmarks.measure import Results, Turn, measure
from benchmarks.queries import CALENDAR, GROUP_PAGE, PATIENT_SEARCH
from benchmarks.servers import Kind, running
from benchmarks.workloads import Workload

_QUESTIONS = 50


def compare_sizes(
    clinics: list[tuple[Kind, DataSet]], folder: Path, effort: Effort, tell: Callable[[str], None]
) -> Results:
    """Return the figures of each page in each clinic, with one client."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(kind, folder)) for kind, _ in clinics]
        pages = [_pages(data_set) for _, data_set in clinics]
        turns = [
            Turn(workload, 1, server)
            for of_each in zip(*pages, strict=True)
            for server, workload in zip(servers, of_each, strict=True)
        ]
        return measure(turns, rounds=effort.rounds, seconds=effort.seconds, tell=tell)


def _pages(data_set: DataSet) -> list[Workload]:
    """Return the same questions for clinics of all sizes, spread over each one's groups, weeks and patients."""
    size = data_set.size
    # Ten sessions follow in the smallest clinic too.
    weeks = [turn * (size.sessions // 3 - 3) // _QUESTIONS for turn in range(_QUESTIONS)]
    days = [(FIRST_DAY + timedelta(weeks=week)).isoformat() for week in weeks]
    groups = [data_set.groups[turn * size.groups // _QUESTIONS] for turn in range(_QUESTIONS)]
    patients = [size.patients // 2 + turn for turn in range(_QUESTIONS)]
    return [
        _page("calendar", data_set, CALENDAR, [{"from": day} for day in days], '"occurrences"'),
        _page(
            "group's page",
            data_set,
            GROUP_PAGE,
            [{"id": str(group), "from": day} for group, day in zip(groups, days, strict=True)],
            '"capacity"',
        ),
        _page(
            "search by name", data_set, PATIENT_SEARCH, [{"text": person(number)} for number in patients], '"patient-'
        ),
        _page(
            "search by number",
            data_set,
            PATIENT_SEARCH,
            [{"text": f"mr-{number:07}"} for number in patients],
            '"patient-',
        ),
    ]


def _page(name: str, data_set: DataSet, document: str, variables: list[dict[str, str]], expected: str) -> Workload:
    return Workload(name, data_set.organization, document, variables, expected)
