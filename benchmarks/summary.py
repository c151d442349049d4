"""Summarizes a comparison in a Markdown table with a row for each server, for docs/performance.md."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.workloads import ENROLL_NAME, REPORT_NAME, SMALL_NAME

_COLUMNS = (
    ("report, 1 client: latency", REPORT_NAME, 1, "latency_ratio"),
    ("report, 8 clients: throughput", REPORT_NAME, 8, "throughput_ratio"),
    ("small, 8 clients: throughput", SMALL_NAME, 8, "throughput_ratio"),
    ("enroll, 8 clients: throughput", ENROLL_NAME, 8, "throughput_ratio"),
)
"""The columns: title, workload, number of clients, and ratio to the limit."""


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table of ratios. A cell is empty if the server does not support the workload."""
    by_case = {(row["server"], row["workload"], row["clients"]): row for row in rows}
    heads = ["server", *(head for head, *_ in _COLUMNS), "statements of a report", "peak memory"]
    lines = [_line(heads), _line("---" for _ in heads)]
    for server, memory in {row["server"]: row["peak_memory_mb"] for row in rows}.items():
        figures = [
            f"{row[figure]:.2f}" if (row := by_case.get((server, workload, clients))) else ""
            for _, workload, clients, figure in _COLUMNS
        ]
        report = by_case.get((server, REPORT_NAME, 1))
        lines.append(_line([server, *figures, str(report["statements"]) if report else "", f"{memory:.0f} MB"]))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
