"""What was measured, as tables and as JSON. Every figure that the project tells of its speed is one of these."""

from collections.abc import Sequence
from typing import Any

from benchmarks.beside import Beside
from benchmarks.comparison import Comparison
from benchmarks.measure import Case, Results, median_of, ratio
from benchmarks.servers import LIMIT

_HEADS = ("median ms", "p99 ms", "answers/s", "latency", "throughput", "work ms", "statements")


def comparison_rows(found: Comparison) -> list[dict[str, Any]]:
    """Return a row for each server, question and number of clients, with its ratios to the limit in the same rounds."""
    return [
        {
            **_figures(case, found.results),
            **_ratios(case, Case(case.workload, case.clients, LIMIT), found.results),
            "statements": found.statements[case.server, case.workload],
            "peak_memory_mb": found.memory[case.server] / 1e6,
        }
        for case in found.results
    ]


def growth_rows(found: Results) -> list[dict[str, Any]]:
    """Return a row for each page and clinic, with its ratios to the first clinic, the small one."""
    first = next(iter(found)).server
    return [
        {**_figures(case, found), **_ratios(case, Case(case.workload, case.clients, first), found)} for case in found
    ]


def comparison_table(rows: Sequence[dict[str, Any]], left_out: Sequence[str]) -> str:
    """Return the comparison, question by question, and the memory at the end."""
    lines = [_line("", _HEADS)]
    previous = ""
    for row in rows:
        asked = f"{row['workload']}, {row['clients']} client{'s' if row['clients'] > 1 else ''}"
        if asked != previous:
            lines.append(asked)
            previous = asked
        figures = (
            f"{row['median_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['answers_per_second']:.1f}",
            f"{row['latency_ratio']:.2f}", f"{row['throughput_ratio']:.2f}", f"{row['work_ms']:.2f}",
            f"{row['statements']}",
        )  # fmt: skip
        lines.append(_line(f"  {row['server']}", figures))
    lines.append("peak memory, MB")
    memory = {row["server"]: row["peak_memory_mb"] for row in rows}
    lines += [_line(f"  {server}", (f"{held:.0f}",)) for server, held in memory.items()]
    return "\n".join([*lines, *left_out])


def growth_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the pages, each at the small clinic and at the grown one."""
    lines = [_line("", ("median ms", "p99 ms", "latency"))]
    for row in rows:
        figures = (f"{row['median_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['latency_ratio']:.2f}")
        lines.append(_line(f"  {row['workload']}, {row['server']}", figures))
    return "\n".join(lines)


def beside_table(found: Beside) -> str:
    """Return what others notice of a large report."""
    return "\n".join(
        [
            _line("", ("median ms", "p99 ms")),
            _line("  small queries alone", (f"{found.alone[0]:.2f}", f"{found.alone[1]:.2f}")),
            _line("  small queries beside it", (f"{found.beside[0]:.2f}", f"{found.beside[1]:.2f}")),
            f"  longest wait of a request that asks no database: {found.longest_wait:.1f} ms",
            f"  pages of 200 groups read meanwhile: {found.pages}",
            f"  memory before and at most: {found.memory_before / 1e6:.0f} MB, {found.memory_after / 1e6:.0f} MB",
        ]
    )


def _figures(case: Case, results: Results) -> dict[str, Any]:
    rounds = results[case]
    return {
        "workload": case.workload,
        "clients": case.clients,
        "server": case.server,
        "median_ms": median_of(rounds, lambda each: each.median),
        "p99_ms": median_of(rounds, lambda each: each.p99),
        "answers_per_second": median_of(rounds, lambda each: each.throughput),
        "work_ms": median_of(rounds, lambda each: each.work),
    }


def _ratios(case: Case, to: Case, results: Results) -> dict[str, float]:
    rounds = results[case]
    others = results.get(to, rounds)
    return {
        "latency_ratio": ratio(rounds, others, lambda each: each.median),
        "throughput_ratio": ratio(rounds, others, lambda each: each.throughput),
    }


def _line(name: str, figures: Sequence[str]) -> str:
    return f"{name:32}" + "".join(f"{figure:>11}" for figure in figures)
