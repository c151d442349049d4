"""Compares the latency of common pages in a small clinic and in one with years of sessions."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.comparison import Effort
from benchmarks.data_set import FIRST_DAY, DataSet, person
from benchmarks.measure import Results, Run, measure
from benchmarks.queries import CALENDAR, GROUP_PAGE, PATIENT_SEARCH
from benchmarks.servers import ServerSpec, run_server
from benchmarks.workloads import Workload

_REQUESTS = 50


def compare_sizes(
    clinics: list[tuple[ServerSpec, DataSet]], folder: Path, effort: Effort, log: Callable[[str], None]
) -> Results:
    """Return the figures of each page in each clinic, with one client."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(run_server(spec, folder)) for spec, _ in clinics]
        pages = [_pages(data_set) for _, data_set in clinics]
        runs = [
            Run(workload, 1, server)
            for same_page in zip(*pages, strict=True)
            for server, workload in zip(servers, same_page, strict=True)
        ]
        return measure(runs, rounds=effort.rounds, seconds=effort.seconds, log=log)


def _pages(data_set: DataSet) -> list[Workload]:
    """Return the workload of each page. Its requests are spread over the groups, weeks and patients of the clinic."""
    size = data_set.size
    # Ten sessions follow every day, also in the smallest clinic.
    weeks = [number * (size.sessions // 3 - 3) // _REQUESTS for number in range(_REQUESTS)]
    days = [(FIRST_DAY + timedelta(weeks=week)).isoformat() for week in weeks]
    groups = [data_set.groups[number * size.groups // _REQUESTS] for number in range(_REQUESTS)]
    patients = [size.patients // 2 + number for number in range(_REQUESTS)]
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
            "search by name", data_set, PATIENT_SEARCH, [{"text": person(number)} for number in patients], '"patient:'
        ),
        _page(
            "search by number",
            data_set,
            PATIENT_SEARCH,
            [{"text": f"mr-{number:07}"} for number in patients],
            '"patient:',
        ),
    ]


def _page(name: str, data_set: DataSet, document: str, variables: list[dict[str, str]], expected: str) -> Workload:
    return Workload(name, data_set.organization, document, variables, expected)
