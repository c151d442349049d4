"""What was measured, as a table to read and as JSON."""

from typing import Any

from benchmarks.measure import Case, Results, median_of, ratio

_LIMIT = "limit"


def rows(results: Results) -> list[dict[str, Any]]:
    """Gives a row for each server, question and number of clients, with its ratios to the limit in the same rounds."""
    return [_row(case, results) for case in results]


def table(results: Results, memory: dict[str, int], statements: dict[tuple[str, str], int]) -> str:
    """Gives all of it as text."""
    heads = ("median ms", "p99 ms", "answers/s", "latency", "throughput", "work ms", "statements")
    lines = [" " * 28 + "".join(f"{head:>11}" for head in heads)]
    previous: tuple[str, int] | None = None
    for row in rows(results):
        group = (row["workload"], row["clients"])
        if group != previous:
            lines.append(f"{group[0]}, {group[1]} client{'s' if group[1] > 1 else ''}")
            previous = group
        asked = statements.get((row["server"], row["workload"]), "")
        figures = (
            f"{row['median_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['answers_per_second']:.1f}",
            f"{row['latency_to_limit']:.2f}", f"{row['throughput_to_limit']:.2f}", f"{row['work_ms']:.2f}", f"{asked}",
        )  # fmt: skip
        lines.append(f"  {row['server']:26}" + "".join(f"{figure:>11}" for figure in figures))
    lines.append("peak memory, MB")
    lines += [f"  {server:26} {held / 1e6:10.0f}" for server, held in memory.items()]
    return "\n".join(lines)


def _row(case: Case, results: Results) -> dict[str, Any]:
    found = results[case]
    limit = results.get(Case(case.workload, case.clients, _LIMIT), found)
    return {
        "workload": case.workload,
        "clients": case.clients,
        "server": case.server,
        "median_ms": median_of(found, lambda each: each.median),
        "p99_ms": median_of(found, lambda each: each.p99),
        "answers_per_second": median_of(found, lambda each: each.throughput),
        "work_ms": median_of(found, lambda each: each.work),
        "latency_to_limit": ratio(found, limit, lambda each: each.median),
        "throughput_to_limit": ratio(found, limit, lambda each: each.throughput),
    }
