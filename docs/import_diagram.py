"""Draw the imports between all rooms into docs/architecture.md: `make diagram`.

A room is a top-level package. Its parts are the packages and modules directly in it. An arrow means that a module of
one part imports a module of the other. An arrow that follows from others is not drawn.
"""

import sys
from pathlib import Path
from typing import Final

import grimp

PAGE: Final = Path(__file__).resolve().parent / "architecture.md"
START: Final = "<!-- imports: written by make diagram -->\n"
END: Final = "<!-- end of imports -->\n"
ROOMS: Final = ("server", "schema", "resolvers", "db", "domain", "executor")
FLAT_ROOMS: Final = frozenset({"domain", "executor"})
"""Rooms without packages inside."""

Arrows = set[tuple[str, str]]


def imports_between_parts() -> Arrows:
    """Return the pairs of different parts of which the first imports the second."""
    graph = grimp.build_graph(*ROOMS)
    return {
        (importer, imported)
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
        if (importer := _part(module)) != (imported := _part(other))
    }


def draw(arrows: Arrows) -> str:
    """Return a diagram of the rooms, one of the parts of each room, and a table of the imports across rooms."""
    rooms = {(_room(one), _room(other)) for one, other in arrows if _room(one) != _room(other)}
    sections = ["Between rooms:\n", _flow_chart(rooms)]
    for room in ROOMS:
        inside = {pair for pair in arrows if {_room(part) for part in pair} == {room} and room not in pair}
        if inside:
            sections += [f"\nInside `{room}`:\n", _flow_chart(inside)]
    sections += ["\nFrom one room to another:\n", "| part | imports |\n|---|---|"]
    for importer in sorted({one for one, _ in arrows}):
        foreign = sorted(other for one, other in arrows if one == importer and _room(other) != _room(importer))
        if foreign:
            sections.append(f"| {importer} | {', '.join(foreign)} |")
    return "\n".join([*sections, ""])


def insert(diagram: str, page: str) -> str:
    """Return the page with this diagram between its markers."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}{diagram}{END}{after}"


def without_implied(arrows: Arrows) -> Arrows:
    """Return the arrows without those whose end is reached over others."""
    needed = set(arrows)
    for arrow in sorted(arrows):
        if _reaches(needed - {arrow}, *arrow):
            needed.discard(arrow)
    return needed


def _reaches(arrows: Arrows, start: str, end: str) -> bool:
    reached, waiting = {start}, [start]
    while waiting:
        part = waiting.pop()
        following = {other for one, other in arrows if one == part} - reached
        reached |= following
        waiting += following
    return end in reached


def _flow_chart(arrows: Arrows) -> str:
    lines = [f"  {_node(one)} --> {_node(other)}" for one, other in sorted(without_implied(arrows))]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _node(part: str) -> str:
    return f"{part.replace('.', '_')}[{part.rpartition('.')[2]}]"


def _part(module: str) -> str:
    room = _room(module)
    return room if room in FLAT_ROOMS else ".".join(module.split(".")[:2])


def _room(part: str) -> str:
    return part.partition(".")[0]


def main() -> int:
    """Write the diagram into the page. With `--check`, write nothing and return 1 if the page is out of date."""
    page = PAGE.read_text()
    current = insert(draw(imports_between_parts()), page)
    if "--check" in sys.argv:
        if current != page:
            sys.stderr.write("docs/architecture.md is out of date. Run make diagram.\n")
        return int(current != page)
    PAGE.write_text(current)
    return 0


if __name__ == "__main__":
    sys.exit(main())
