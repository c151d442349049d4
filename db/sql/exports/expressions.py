"""SQL expressions that the two databases write differently."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    Integer,
    Interval,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from db.sql.exports.columns import Kind
from db.tables.columns import Instant

_FIVE_DECIMALS: Final = TIMESTAMP(timezone=True, precision=5)
_MICROSECOND: Final = literal_column("INTERVAL '1 microsecond'", Interval())
FORMULA_STARTS: Final = "=+-@\t\r"
"""The first characters of a cell that spreadsheets run as a formula (OWASP, CSV injection)."""
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


def as_json(kind: Kind, expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value as PostgreSQL writes it in JSON. Instants are in ISO 8601 with six decimals, in UTC."""
    if kind is Kind.INSTANT:
        return _six_decimals(expression, func.to_json, lambda text: cast(text, JSON))
    return expression


def _six_decimals(
    instant: ColumnElement[Any],
    write: Callable[[ColumnElement[Any]], ColumnElement[Any]],
    read: Callable[[ColumnElement[Any]], ColumnElement[Any]],
) -> ColumnElement[Any]:
    """Return an instant in ISO 8601, with all decimals of its seconds.

    Readers such as pandas expect one format in a column, but PostgreSQL leaves out zeros at the end. So such an instant
    is written with a last decimal of one, which is then replaced. `to_char` would take twice as long.

    Args:
        instant: The instant.
        write: Writes it in the session's time zone, which is UTC.
        read: Converts a text to the type that `write` returns.
    """
    one, zero = (literal_column(f"'{digit}+'", String()) for digit in "10")
    ends_in_zero = instant == cast(instant, _FIVE_DECIMALS)
    written = func.replace(cast(write(instant + _MICROSECOND), Text), one, zero)
    return case((ends_in_zero, read(written)), else_=write(instant))


def _iso_text(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an instant as the text of its JSON."""
    return func.to_jsonb(instant).op("#>>")(literal_column("'{}'", String()))


def as_cell(kind: Kind, expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as PostgreSQL writes it in a CSV cell. A text that could be a formula gets an apostrophe."""
    if kind is Kind.BOOLEAN:
        return cast(expression, Text)
    if kind is Kind.TEXT:
        code = func.ascii(expression)
        starts = [literal_column(str(start), Integer()) for start in sorted(map(ord, FORMULA_STARTS))]
        # The first comparison is only for speed.
        is_formula = and_(code <= starts[-1], code.in_(starts))
        return case((is_formula, _APOSTROPHE.concat(expression)), else_=expression)
    if kind is Kind.INSTANT:
        return _six_decimals(expression, _iso_text, lambda text: text)
    return expression
