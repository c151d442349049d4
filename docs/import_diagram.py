"""Draw the imports between all rooms into docs/architecture.md: `make diagram`.

A room is a package of the project, a sub-room a package inside it. An arrow means that a module of one imports a module
of the other.
"""

import sys
from pathlib import Path
from typing import Final

import grimp

PAGE: Final = Path(__file__).resolve().parent / "architecture.md"
START: Final = "<!-- imports: written by make diagram -->\n"
END: Final = "<!-- end of imports -->\n"
ROOMS: Final = ("server", "schema", "resolvers", "db", "domain", "executor")

Arrows = set[tuple[str, str]]


def imports_between_rooms() -> Arrows:
    """Return the pairs of different sub-rooms of which the first imports the second."""
    graph = grimp.build_graph(*ROOMS)
    packages = {name for name in graph.modules if graph.find_children(name)}
    return {
        (importer, imported)
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
        if (importer := _room(module, packages)) != (imported := _room(other, packages))
    }


def drawn(arrows: Arrows) -> str:
    """Return the imports as a diagram of the rooms, one of each room's sub-rooms, and a table of what crosses rooms."""
    tops = {(_top(one), _top(other)) for one, other in arrows if _top(one) != _top(other)}
    parts = ["Between rooms:\n", _flow_chart(tops)]
    for room in ROOMS:
        inside = {pair for pair in arrows if {_top(pair[0]), _top(pair[1])} == {room}}
        if inside:
            parts += [f"\nInside `{room}`:\n", _flow_chart(inside)]
    parts += ["\nFrom one room to another:\n", "| room | imports |\n|---|---|"]
    for importer in sorted({one for one, _ in arrows}):
        foreign = sorted(other for one, other in arrows if one == importer and _top(other) != _top(importer))
        if foreign:
            parts.append(f"| {importer} | {', '.join(foreign)} |")
    return "\n".join([*parts, ""])


def page_with(diagram: str, page: str) -> str:
    """Return the page with this diagram between its markers."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}{diagram}{END}{after}"


def _flow_chart(arrows: Arrows) -> str:
    lines = [f"  {_id(one)}[{one}] --> {_id(other)}[{other}]" for one, other in sorted(arrows)]
    return "\n".join(["```mermaid", "flowchart LR", *lines, "```"])


def _room(module: str, packages: set[str]) -> str:
    package = module if module in packages else module.rpartition(".")[0]
    return ".".join(package.split(".")[:2])


def _top(room: str) -> str:
    return room.partition(".")[0]


def _id(room: str) -> str:
    return room.replace(".", "_")


def main() -> int:
    """Write the diagram into the page. With `--check` write nothing, and return 1 where the page is out of date."""
    page = PAGE.read_text()
    wanted = page_with(drawn(imports_between_rooms()), page)
    if "--check" in sys.argv:
        if wanted != page:
            sys.stderr.write("docs/architecture.md is out of date: run make diagram\n")
        return int(wanted != page)
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
