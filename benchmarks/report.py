"""The results as tables and JSON. All published figures about the project's speed come from here."""

from collections.abc import Sequence
from typing import Any

from benchmarks.comparison import Comparison
from benchmarks.interference import Interference
from benchmarks.measure import Case, Results, median_of, ratio
from benchmarks.servers import LIMIT

_HEADS = ("median ms", "p99 ms", "responses/s", "latency", "throughput", "CPU ms", "statements")


def comparison_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each workload, number of clients and server, with its ratios to the limit in the same rounds."""
    return [
        {
            **_figures(case, comparison.results),
            **_ratios(case, Case(case.workload, case.clients, LIMIT), comparison.results),
            "statements": comparison.statements[case.server, case.workload],
            "peak_memory_mb": comparison.memory[case.server] / 1e6,
        }
        for case in comparison.results
    ]


def growth_rows(results: Results) -> list[dict[str, Any]]:
    """Return a row for each page and clinic, with its ratios to the first clinic, which is the small one."""
    first = next(iter(results)).server
    return [
        {**_figures(case, results), **_ratios(case, Case(case.workload, case.clients, first), results)}
        for case in results
    ]


def comparison_table(rows: Sequence[dict[str, Any]], left_out: Sequence[str]) -> str:
    """Return the comparison by workload, and the peak memory."""
    lines = [_line("", _HEADS)]
    previous = ""
    for row in rows:
        title = f"{row['workload']}, {row['clients']} client{'s' if row['clients'] > 1 else ''}"
        if title != previous:
            lines.append(title)
            previous = title
        figures = (
            f"{row['median_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['answers_per_second']:.1f}",
            f"{row['latency_ratio']:.2f}", f"{row['throughput_ratio']:.2f}", f"{row['work_ms']:.2f}",
            f"{row['statements']}",
        )  # fmt: skip
        lines.append(_line(f"  {row['server']}", figures))
    lines.append("peak memory, MB")
    memory = {row["server"]: row["peak_memory_mb"] for row in rows}
    lines += [_line(f"  {server}", (f"{megabytes:.0f}",)) for server, megabytes in memory.items()]
    return "\n".join([*lines, *left_out])


def growth_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the pages in the small clinic and in the grown one."""
    lines = [_line("", ("median ms", "p99 ms", "latency"))]
    for row in rows:
        figures = (f"{row['median_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['latency_ratio']:.2f}")
        lines.append(_line(f"  {row['workload']}, {row['server']}", figures))
    return "\n".join(lines)


def interference_table(result: Interference) -> str:
    """Return the latency of small queries alone and beside a large report."""
    return "\n".join(
        [
            _line("", ("median ms", "p99 ms")),
            _line("  small queries alone", (f"{result.alone[0]:.2f}", f"{result.alone[1]:.2f}")),
            _line("  small queries beside it", (f"{result.beside[0]:.2f}", f"{result.beside[1]:.2f}")),
            f"  longest wait of a request without database access: {result.longest_wait:.1f} ms",
            f"  pages of 200 groups read: {result.pages}",
            f"  memory before, and peak: {result.memory_before / 1e6:.0f} MB, {result.memory_after / 1e6:.0f} MB",
        ]
    )


def _figures(case: Case, results: Results) -> dict[str, Any]:
    rounds = results[case]
    return {
        "workload": case.workload,
        "clients": case.clients,
        "server": case.server,
        "median_ms": median_of(rounds, lambda figures: figures.median),
        "p99_ms": median_of(rounds, lambda figures: figures.p99),
        "answers_per_second": median_of(rounds, lambda figures: figures.throughput),
        "work_ms": median_of(rounds, lambda figures: figures.cpu_ms),
    }


def _ratios(case: Case, baseline: Case, results: Results) -> dict[str, float]:
    rounds = results[case]
    baseline_rounds = results.get(baseline, rounds)
    return {
        "latency_ratio": ratio(rounds, baseline_rounds, lambda figures: figures.median),
        "throughput_ratio": ratio(rounds, baseline_rounds, lambda figures: figures.throughput),
    }


def _line(name: str, figures: Sequence[str]) -> str:
    return f"{name:32}" + "".join(f"{figure:>11}" for figure in figures)
