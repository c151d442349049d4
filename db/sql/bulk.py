"""Many rows as one parameter: a JSON array of objects, which a statement reads like a table.

A statement for each row of a long waitlist would take seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Column, ColumnElement, Text, TypeDecorator, bindparam, column, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.selectable import FromClause

PARAMETER: Final = "rows"


class JsonRows(TypeDecorator[Any]):
    """Rows as JSON. Their values are texts, numbers, ids, and what JSON has."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the type of the parameter."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return the rows with ids in the form that columns hold them in."""
        rows = [{name: each.hex if isinstance(each, UUID) else each for name, each in row.items()} for row in value]
        return rows if dialect.name == "postgresql" else orjson.dumps(rows).decode()


def json_rows(
    columns: Sequence[Column[Any]], *, postgresql: bool
) -> tuple[FromClause, Mapping[str, ColumnElement[Any]]]:
    """Return the rows of the parameter `rows` as a table, and its columns by name, typed as these are."""
    if postgresql:
        typed = [column(each.name, each.type) for each in columns]
        parameter = bindparam(PARAMETER, type_=JsonRows())
        table = func.jsonb_to_recordset(parameter).table_valued(*typed, name="given").render_derived(with_types=True)
        return table, {each.name: table.c[each.name] for each in columns}
    rows = func.json_each(bindparam(PARAMETER, type_=JsonRows())).table_valued("value", name="given")
    return rows, {each.name: func.json_extract(rows.c.value, literal_column(f"'$.{each.name}'")) for each in columns}
