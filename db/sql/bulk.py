"""Many rows as one parameter: a JSON array of objects, which a statement reads like a table.

With one statement for each row, the renumbering of a long waitlist would take seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Column, ColumnElement, Text, TypeDecorator, bindparam, column, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.selectable import FromClause


class JsonArray(TypeDecorator[Any]):
    """Rows as JSON. Their values are UUIDs, dataclasses, or values of JSON."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the database's type of the parameter."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return the rows for the driver, with UUIDs in the format of the database."""
        if dialect.name == "postgresql":
            return value  # the encoder of JSONB writes UUIDs
        # SQLite's columns hold UUIDs in hexadecimal.
        return orjson.dumps([{name: _hex(item) for name, item in row.items()} for row in value]).decode()


def _hex(item: Any) -> Any:
    return item.hex if isinstance(item, UUID) else item


def json_rows(
    parameter: str, columns: Sequence[Column[Any]], *, postgresql: bool
) -> tuple[FromClause, Mapping[str, ColumnElement[Any]]]:
    """Return the rows of a parameter as a table, and the table's columns by name, with the types of these columns."""
    rows = bindparam(parameter, type_=JsonArray())
    if postgresql:
        typed = [column(source.name, source.type) for source in columns]
        table = func.jsonb_to_recordset(rows).table_valued(*typed, name="new").render_derived(with_types=True)
        return table, {source.name: table.c[source.name] for source in columns}
    table = func.json_each(rows).table_valued("value", name="new")
    return table, {
        source.name: func.json_extract(table.c.value, literal_column(f"'$.{source.name}'")) for source in columns
    }
