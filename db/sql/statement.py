"""SQL statements, which are built once with SQLAlchemy and compiled once for each database.

SQLAlchemy builds, hashes and compiles a construct at each execution, which costs more than the database takes to run
it. A `Statement` is built once. To run it, the driver takes its text and puts the parameters in order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    String,
    Text,
    TypeDecorator,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, FromClause, Select
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement in one database's SQL.

    Attributes:
        text: The SQL, with placeholders for parameters.
        parameters: For each placeholder the parameter's name, the function that converts its value for the driver
            (None: no conversion), whether a value is required, and the default of one that is not.
        readers: For each column of a row the function that converts its value for Python (None: no conversion). None
            if no column needs one.
    """

    text: str
    parameters: tuple[tuple[str, Convert | None, bool, Any], ...]
    readers: tuple[Convert | None, ...] | None

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values of the placeholders, in order. Raise KeyError if a required value is missing."""
        arguments = []
        for name, write, required, default in self.parameters:
            value = values[name] if required else default
            arguments.append(value if write is None else write(value))
        return arguments

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the rows with their values as Python objects."""
        if self.readers is None:
            return rows
        readers = self.readers
        return [
            tuple(
                value if read is None or value is None else read(value)
                for read, value in zip(readers, row, strict=True)
            )
            for row in rows
        ]


class Statement:
    """A statement with named parameters. Its rows are sequences, in the order of its columns."""

    def __init__(
        self, construct: ClauseElement, columns: Sequence[str] = (), *, sqlite: ClauseElement | None = None
    ) -> None:
        """Wrap a construct. It is compiled when it first runs.

        Args:
            construct: The statement.
            columns: The columns that an insert or an update sets from parameters of the same names, in addition to
                those that the construct itself sets.
            sqlite: The statement for SQLite, if it needs another one.
        """
        self._construct = construct
        self._columns = list(columns) or None
        self._on_sqlite = construct if sqlite is None else sqlite
        self._compiled: dict[str, CompiledStatement] = {}

    def compiled(self, dialect: Dialect) -> CompiledStatement:
        """Return the statement in the database's SQL. The first call compiles it."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        return compiled

    @property
    def width(self) -> int:
        """The number of columns of a SELECT; 0 for other statements."""
        return len(self._construct.selected_columns) if isinstance(self._construct, Select) else 0

    def _compile(self, dialect: Dialect) -> CompiledStatement:
        construct = self._on_sqlite if dialect.name == "sqlite" else self._construct
        compiled = construct.compile(dialect=dialect, column_keys=self._columns)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("DDL has no parameters and cannot be a Statement")
        parameters = []
        for name in compiled.positiontup or ():
            kind = compiled.binds[name].type.dialect_impl(dialect)
            required = compiled.binds[name].required
            parameters.append((name, kind.bind_processor(dialect), required, compiled.params[name]))
        columns = construct.selected_columns if isinstance(construct, Select) else ()
        readers = tuple(_reader(column.type, dialect) for column in columns)
        return CompiledStatement(str(compiled), tuple(parameters), readers if any(readers) else None)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    # asyncpg returns Python objects already: UUIDs, dates, instants with their zone, and JSON by SQLAlchemy's codec.
    return None if dialect.name == "postgresql" else kind.dialect_impl(dialect).result_processor(dialect, None)


class Listed(TypeDecorator[Any]):
    """A list as one parameter: an array on PostgreSQL (of texts, its literal), a JSON array on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the database's type of the parameter."""
        is_array = dialect.name == "postgresql" and not self.is_of_texts
        return dialect.type_descriptor(ARRAY(self.item) if is_array else Text())

    @property
    def is_of_texts(self) -> bool:
        """Whether the items are texts."""
        return isinstance(self.item, String)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return the list for the driver. On SQLite UUIDs are written in hexadecimal, and dates as ISO 8601."""
        if dialect.name == "postgresql":
            return _array_literal(value) if self.is_of_texts else list(value)
        return orjson.dumps([item.hex if isinstance(item, UUID) else item for item in value]).decode()


def _array_literal(texts: Sequence[str]) -> str:
    """Return PostgreSQL's literal of an array of texts. The driver takes 20 times as long to encode a long array."""
    if not texts:
        return "{}"
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') > 2 * (len(texts) - 1):
        joined = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return f'{{"{joined}"}}'


def constant(value: str) -> ColumnElement[str]:
    """Return a constant, such as a status, as part of the statement's text, so that a partial index can match."""
    return literal_column(f"'{value}'", String())


def of_organization(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the organization of the transaction. Every statement has it."""
    return equals(table.c.organization_id)


def equals(column: ColumnElement[Any], parameter: str = "") -> ColumnElement[bool]:
    """Return the condition that a column has a parameter's value. By default the parameter has the column's name."""
    condition: ColumnElement[bool] = column == bindparam(parameter or column.key, type_=column.type)
    return condition


class DaysLater(ColumnElement[date]):
    """The date some days after that of a column; before it, if the number is negative."""

    inherit_cache = False
    type = Date()

    def __init__(self, column: ColumnElement[date], days: int) -> None:
        self.column = column
        self.days = days


@compiles(DaysLater, "postgresql")
def _date_later(element: DaysLater, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.column, **options)} + ({element.days}))"


@compiles(DaysLater, "sqlite")
def _text_of_date_later(element: DaysLater, compiler: SQLCompiler, **options: Any) -> str:
    return f"date({compiler.process(element.column, **options)}, '{element.days} days')"


def as_array(values: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a parameter that is a list as an array of PostgreSQL."""
    is_literal = isinstance(values.type, Listed) and values.type.is_of_texts
    return cast(values, ARRAY(Text)) if is_literal else values


class AnyOf(ColumnElement[bool]):
    """The condition that a column is in a list. The list is one parameter, so its length does not change the SQL."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        self.column = column
        self.values = bindparam(parameter, type_=Listed(column.type))


@compiles(AnyOf, "postgresql")
def _any(element: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column == any_(as_array(element.values)), **options)


@compiles(AnyOf, "sqlite")
def _any_of_json(element: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    values = select(func.json_each(element.values).table_valued("value").c.value)
    return compiler.process(element.column.in_(values), **options)
