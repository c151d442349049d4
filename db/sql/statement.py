"""SQL statements: written once as SQLAlchemy constructs, compiled once to each database's text.

SQLAlchemy builds, hashes and compiles a construct each time it is executed, which costs more than the database takes
to answer. A `Statement` is built once; running it is looking up its text and putting its parameters in order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, String, Text, TypeDecorator, any_, bindparam, func, literal_column, select
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement, FromClause, Select
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement as one database takes it.

    Attributes:
        text: The SQL, with marks where parameters go.
        parameters: For each mark the parameter's name, how its value is written, whether it must be given, and the
            value of one that need not be.
        readers: How each column of a row is read, None where as it comes; None where all are.
    """

    text: str
    parameters: tuple[tuple[str, Convert | None, bool, Any], ...]
    readers: tuple[Convert | None, ...] | None

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the values of the marks, in their order. Raise KeyError where one is missing."""
        values = []
        for name, write, required, constant in self.parameters:
            value = given[name] if required else constant
            values.append(value if write is None else write(value))
        return values

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the rows with their values as Python knows them."""
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

    def __init__(self, construct: ClauseElement, columns: Sequence[str] = ()) -> None:
        """Compile nothing yet.

        Args:
            construct: The statement.
            columns: For an insert the columns that parameters of the same names give, beside those with values.
        """
        self._construct = construct
        self._columns = list(columns) or None
        self._compiled: dict[str, CompiledStatement] = {}

    def compiled(self, dialect: Dialect) -> CompiledStatement:
        """Return the statement as the database takes it; compiled when it is first asked for."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    @property
    def width(self) -> int:
        """How many columns a row has, of a statement that selects."""
        return len(self._construct.selected_columns) if isinstance(self._construct, Select) else 0

    def _compile(self, dialect: Dialect) -> CompiledStatement:
        compiled = self._construct.compile(dialect=dialect, column_keys=self._columns)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("only statements that take parameters are compiled here")
        parameters = []
        for name in compiled.positiontup or ():
            kind = compiled.binds[name].type.dialect_impl(dialect)
            required = compiled.binds[name].required
            parameters.append((name, kind.bind_processor(dialect), required, compiled.params[name]))
        columns = self._construct.selected_columns if isinstance(self._construct, Select) else ()
        readers = tuple(_reader(column.type, dialect) for column in columns)
        return CompiledStatement(str(compiled), tuple(parameters), readers if any(readers) else None)


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    # asyncpg gives what Python knows already: ids, dates, instants with their zone, and JSON by SQLAlchemy's codec.
    return None if dialect.name == "postgresql" else kind.dialect_impl(dialect).result_processor(dialect, None)


class Listed(TypeDecorator[Any]):
    """Many values as one parameter: an array on PostgreSQL, a JSON array on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that the database has for it."""
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return the values, ids in the form that columns hold them in."""
        if dialect.name == "postgresql":
            return list(value)
        return orjson.dumps([each if isinstance(each, str) else each.hex for each in value]).decode()


def constant(value: str) -> ColumnElement[str]:
    """Return a constant, such as a status, as part of the statement's text, so that a partial index can match."""
    return literal_column(f"'{value}'", String())


def of_organization(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row is the organization that the statement is for's. No statement goes without it."""
    condition: ColumnElement[bool] = table.c.organization_id == bindparam(
        "organization_id", type_=table.c.organization_id.type
    )
    return condition


class AnyOf(ColumnElement[bool]):
    """The condition that a column is one of a list, with one parameter however long the list is."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        self.column = column
        self.values = bindparam(parameter, type_=Listed(column.type))


@compiles(AnyOf, "postgresql")
def _any(element: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column == any_(element.values), **options)


@compiles(AnyOf, "sqlite")
def _any_of_json(element: AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    values = select(func.json_each(element.values).table_valued("value").c.value)
    return compiler.process(element.column.in_(values), **options)
