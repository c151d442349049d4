"""Plots a comparison: for each workload, bars with the ratio of each server to the limit."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

_WIDTH, _NAME, _BAR, _ROW = 760, 210, 18, 24
_MAX_RATIO = 8.0
"""Bars of larger ratios are cut off here, so that the short bars can be compared."""

_COLORS = {"limit": "#9aa5b1", "ours": "#1f7a5c", "other": "#b9c4cf"}


def plot(rows: Sequence[dict[str, Any]]) -> str:
    """Return an SVG of the rows of a comparison: latency by one client, throughput by several."""
    parts: list[str] = []
    y = 8
    for workload, clients in dict.fromkeys((row["workload"], row["clients"]) for row in rows):
        if clients == 1:
            figure, title = "latency_ratio", f"{workload}: latency / limit, 1 client (less is better)"
        else:
            figure, title = "throughput_ratio", f"{workload}: throughput / limit, {clients} clients (more is better)"
        ratios = {
            row["server"]: row[figure] for row in rows if (row["workload"], row["clients"]) == (workload, clients)
        }
        parts.append(f'<text x="8" y="{y + 14}" font-weight="600">{escape(title)}</text>')
        parts += _bars(ratios, y + 26)
        y += 40 + len(ratios) * _ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}"'
        ' font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">'
        f'<rect width="{_WIDTH}" height="{y}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _bars(ratios: dict[str, float], y: int) -> Iterator[str]:
    longest = min(_MAX_RATIO, max(ratios.values()))
    for index, (server, ratio) in enumerate(ratios.items()):
        top = y + index * _ROW
        length = max(1.0, min(ratio / longest, 1.0) * (_WIDTH - _NAME - 80))
        cut_off = " …" if ratio > longest else ""
        yield (
            f'<text x="{_NAME - 8}" y="{top + 13}" text-anchor="end">{escape(server)}</text>'
            f'<rect x="{_NAME}" y="{top}" width="{length:.1f}" height="{_BAR}" fill="{_color(server)}"/>'
            f'<text x="{_NAME + length + 6:.1f}" y="{top + 13}">{ratio:.2f}{cut_off}</text>'
        )


def _color(server: str) -> str:
    name = server.partition(",")[0]
    return _COLORS.get(name, _COLORS["other"])
