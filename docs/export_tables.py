"""Write the tables of the exports' columns into docs/exports.md: `make diagram`."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "exports.md"
START: Final = "<!-- columns: written by make diagram -->\n"
END: Final = "<!-- end of columns -->\n"


def tables() -> str:
    """Return a section for each export: its permissions, its order, its window and its columns."""
    from db.sql.exports.catalog import EXPORTS
    from db.sql.exports.columns import Area, Export, ExportColumn
    from resolvers.exports.request import KEYS

    def needs(export: Export) -> str:
        if not export.areas:
            return "one of the three `view` permissions; rows of other areas are left out"
        return " and ".join(f"`{KEYS[area]}`" for area in Area if area in export.areas)

    def cells(column: ExportColumn) -> str:
        on_request = ""
        if column.optional:
            extra = f"; needs `{KEYS[column.area]}`" if column.area is not None else ""
            on_request = f" *On request{extra}.*"
        return f"| `{column.name}` | {column.kind} | {column.description}{on_request} |\n"

    return "\n".join(
        f"### {export.name}\n\nEach row is {export.row}.\n\n"
        f"- Permission: {needs(export)}\n- Order: {export.order}\n"
        f"- `from` and `through`: {export.window or 'none'}\n"
        f"- `updatedSince`: {'yes' if export.has_updates else 'none'}\n\n"
        f"| column | type | what |\n|---|---|---|\n{''.join(map(cells, export.columns))}"
        for export in EXPORTS.values()
    )


def written(page: str) -> str:
    """Return the page with the current tables."""
    before, _, rest = page.partition(START)
    return f"{before}{START}{tables()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(written(PAGE.read_text()))
