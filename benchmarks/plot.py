"""The comparison as a picture: for each question, bars with each server's ratio to the limit."""

from collections.abc import Sequence
from html import escape
from typing import Any

_WIDTH, _NAME, _BAR, _GAP = 760, 210, 18, 6
_COLORS = {"limit": "#9aa5b1", "ours": "#1f7a5c", "other": "#b9c4cf"}


def plot(rows: Sequence[dict[str, Any]]) -> str:
    """Gives an SVG of the rows of a comparison: latency by one client, throughput by several."""
    parts: list[str] = []
    y = 8
    for workload, clients in dict.fromkeys((row["workload"], row["clients"]) for row in rows):
        of_panel = [row for row in rows if (row["workload"], row["clients"]) == (workload, clients)]
        if clients == 1:
            figure, title = (
                "latency_ratio",
                f"{workload}, one client: latency, as a multiple of the limit's (less is better)",
            )
        else:
            figure, title = "throughput_ratio", f"{workload}, {clients} clients: throughput, as a share of the limit's"
        parts.append(f'<text x="8" y="{y + 14}" font-weight="600">{escape(title)}</text>')
        y += 26
        longest = max(row[figure] for row in of_panel)
        for row in of_panel:
            length = max(1.0, row[figure] / longest * (_WIDTH - _NAME - 80))
            parts.append(
                f'<text x="{_NAME - 8}" y="{y + 13}" text-anchor="end">{escape(row["server"])}</text>'
                f'<rect x="{_NAME}" y="{y}" width="{length:.1f}" height="{_BAR}" fill="{_color(row["server"])}"/>'
                f'<text x="{_NAME + length + 6:.1f}" y="{y + 13}">{row[figure]:.2f}</text>'
            )
            y += _BAR + _GAP
        y += 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" viewBox="0 0 {_WIDTH} {y}"'
        ' font-family="system-ui, sans-serif" font-size="12" fill="#1f2933">'
        f'<rect width="{_WIDTH}" height="{y}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _color(server: str) -> str:
    kind = server.partition(",")[0]
    return _COLORS.get(kind, _COLORS["other"])
