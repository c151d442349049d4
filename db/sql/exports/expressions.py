"""SQL expressions that the two databases write differently."""

from datetime import date
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Date, Integer, String, Text, bindparam, case, cast, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from db.sql.exports.columns import Kind
from db.tables.columns import Instant

_INSTANT_FORMAT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
FORMULA_STARTS: Final = "=+-@\t\r"
"""The first characters of a cell that spreadsheets run as a formula (OWASP, CSV injection)."""
_FORMULA: Final = literal_column(r"E'^([-=+@\t\r])'", String())
_WITH_APOSTROPHE: Final = literal_column(r"E'''\\1'", String())
_APOSTROPHE: Final = literal_column("''''", String())


class EachDatabase(ColumnElement[Any]):
    """An expression that has another form on each database."""

    inherit_cache = False

    def __init__(self, postgresql: ColumnElement[Any], sqlite: ColumnElement[Any], kind: TypeEngine[Any]) -> None:
        self.postgresql = postgresql
        self.sqlite = sqlite
        self.type = kind


@compiles(EachDatabase, "postgresql")
def _on_postgresql(element: EachDatabase, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.postgresql.self_group(), **options)


@compiles(EachDatabase, "sqlite")
def _on_sqlite(element: EachDatabase, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.sqlite.self_group(), **options)


def latest(first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the later one of two instants."""
    return EachDatabase(func.greatest(first, second), func.max(first, second), first.type)


def words(names: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return names that a column separates by commas, separated by spaces; NULL if there are none."""
    comma, space = literal_column("','", String()), literal_column("' '", String())
    return func.nullif(func.replace(names, comma, space), literal_column("''", String()), type_=Text())


def json_words(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the texts of a JSON array, separated by spaces."""
    name = f"{column.table.name}.{column.name}"
    elements = f"json_array_elements_text({name}) AS words (word)"
    postgresql = f"(SELECT string_agg(word, ' ' ORDER BY word) FROM {elements})"  # noqa: S608 - a column's name
    ordered = f"(SELECT value FROM json_each({name}) ORDER BY value)"  # noqa: S608 - a column's name
    sqlite = f"(SELECT group_concat(value, ' ') FROM {ordered})"  # noqa: S608 - a column's name
    return EachDatabase(literal_column(postgresql, Text()), literal_column(sqlite, Text()), Text())


def utc_day(instant: ColumnElement[Any]) -> ColumnElement[date]:
    """Return the date of an instant in UTC."""
    zone = literal_column("'UTC'", String())
    return EachDatabase(cast(func.timezone(zone, instant), Date), func.date(instant), Date())


def date_parameter(name: str) -> ColumnElement[date]:
    """Return a parameter with a date."""
    return bindparam(name, type_=Date())


def changed_since(updated_at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that an instant is not before the parameter `updated_since`."""
    return updated_at >= bindparam("updated_since", type_=Instant())


def as_text(kind: Kind, expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value as PostgreSQL writes it in JSON: instants in ISO 8601 with six decimals, in UTC."""
    if kind is Kind.INSTANT:
        # The session's time zone is UTC. Readers such as pandas expect all values of a column in one format.
        return func.to_char(expression, literal_column(f"'{_INSTANT_FORMAT}'", String()))
    return expression


def as_cell(kind: Kind, expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value as PostgreSQL writes it in a CSV cell. A text that could be a formula gets an apostrophe."""
    if kind is Kind.BOOLEAN:
        return cast(expression, Text)
    if kind is Kind.TEXT:
        if not isinstance(expression, Column):
            # A regular expression takes longer than CASE, but evaluates a subquery only once.
            return func.regexp_replace(expression, _FORMULA, _WITH_APOSTROPHE, type_=Text())
        starts = [literal_column(str(ord(character)), Integer()) for character in FORMULA_STARTS]
        return case((func.ascii(expression).in_(starts), _APOSTROPHE.concat(expression)), else_=expression)
    return as_text(kind, expression)
