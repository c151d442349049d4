"""Rows as records. A list stays rows until a record is needed: long lists are often read a column at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Generic, NoReturn, TypeVar, overload

from sqlalchemy import ColumnElement

Record = TypeVar("Record")

CACHED_LAYOUTS: Final = 500
"""Many more than clients use. A client that tries every selection cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of records to read, if not all are needed.

    Attributes:
        values: The fields whose values are used.
        texts: The fields that are only written to the response. Their text is enough: ids in canonical form, dates,
            times and instants by ISO 8601, instants in UTC.
        joined: The fields of other records to read with each record, by the name of the reference (`Listing`).
    """

    values: frozenset[str]
    texts: frozenset[str] = frozenset()
    joined: frozenset[tuple[str, "Fields"]] = frozenset()

    def with_value(self, name: str) -> "Fields":
        """Return these fields and the value of another one."""
        return replace(self, values=self.values | {name})

    def union(self, other: "Fields") -> "Fields":
        """Return these fields and others."""
        joined = dict(self.joined)
        for name, fields in other.joined:
            joined[name] = joined[name].union(fields) if name in joined else fields
        values, texts = self.values | other.values, self.texts | other.texts
        return Fields(values, texts - values, frozenset(joined.items()))

    def with_texts(self, names: Iterable[str]) -> "Fields":
        """Return these fields and the texts of others."""
        return replace(self, texts=(self.texts | frozenset(names)) - self.values)

    @property
    def names(self) -> frozenset[str]:
        """The names of all these fields, without those of other records."""
        return self.values | self.texts


@dataclass(frozen=True, eq=False)
class Layout(Generic[Record]):
    """The columns of rows, and how a row becomes a record. Layouts are compared by identity.

    Attributes:
        record_class: The class of the records, a dataclass.
        selected: The database columns of a row, in their order.
        make_record: Makes the record of a row.
        codes: The values by code, for fields whose column holds a code, such as that of an enumeration.
        converted: The fields whose column holds another form of the value. Only `make_record` knows their values.
        texts: The class of the value, for fields whose column holds its text (see `Fields`).
        computed: The functions of a row, for fields that are computed from it.
        row_layouts: The layouts of other records made of the same row, for fields that hold them.
        first_column: The index in the row of the first of its columns.
        columns: The index of the column, for fields whose column holds the value itself.
        code_columns: The index of the column and the values by code, for the fields in `codes`.
        text_columns: The index of the column and the class, for the fields in `texts`.
    """

    record_class: type[Record]
    selected: tuple[ColumnElement[Any], ...]
    make_record: Callable[[Any], Record]
    codes: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    converted: frozenset[str] = frozenset()
    texts: Mapping[str, type] = field(default_factory=dict)
    computed: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    row_layouts: Mapping[str, "Layout[Any]"] = field(default_factory=dict)
    first_column: int = 0
    columns: Mapping[str, int] = field(init=False)
    code_columns: Mapping[str, tuple[int, Mapping[Any, Any]]] = field(init=False)
    text_columns: Mapping[str, tuple[int, type]] = field(init=False)

    def __post_init__(self) -> None:
        names = self.record_class.__annotations__.keys() - self.converted - self.codes.keys() - self.texts.keys()
        at = {str(column.key): index for index, column in enumerate(self.selected, self.first_column)}
        object.__setattr__(self, "columns", {name: index for name, index in at.items() if name in names})
        object.__setattr__(self, "code_columns", {name: (at[name], values) for name, values in self.codes.items()})
        object.__setattr__(self, "text_columns", {name: (at[name], kind) for name, kind in self.texts.items()})

    def column(self, name: str) -> int:
        """Return the index of the column that holds a field's value, code or text. Raise KeyError if none does."""
        if name in self.code_columns:
            return self.code_columns[name][0]
        return self.text_columns[name][0] if name in self.text_columns else self.columns[name]


@lru_cache(CACHED_LAYOUTS)
def partial_layout(layout: Layout[Record], names: frozenset[str]) -> Layout[Record]:
    """Return the layout of rows that hold only these fields and the first column. No record can be made of them.

    Raise KeyError for a field that no column holds.
    """
    selected = tuple(layout.selected[index] for index in sorted({0, *map(layout.column, names)}))
    codes = {name: layout.codes[name] for name in names & layout.codes.keys()}
    return Layout(layout.record_class, selected, refuse_to_make, codes)


@lru_cache(CACHED_LAYOUTS)
def joined_layout(layout: Layout[Record], joined: tuple[tuple[str, Layout[Any]], ...]) -> Layout[Record]:
    """Return the layout of rows that also hold the columns of other records, by the names of the references."""
    row_layouts: dict[str, Layout[Any]] = {}
    width = len(layout.selected)
    for name, other in joined:
        row_layouts[name] = replace(other, first_column=width)
        width += len(other.selected)
    return replace(layout, row_layouts=row_layouts)


def refuse_to_make(_row: object) -> NoReturn:
    """Raise TypeError: rows of some fields are not enough for a record."""
    raise TypeError("only some columns of these rows were read")


class Records(Sequence[Record]):
    """Rows as a sequence of records, each made when it is needed."""

    __slots__ = ("layout", "rows")

    def __init__(self, layout: Layout[Record], rows: Sequence[Any]) -> None:
        self.layout = layout
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return map(self.layout.make_record, self.rows)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> "Records[Record]": ...
    def __getitem__(self, index: int | slice) -> "Record | Records[Record]":
        if isinstance(index, slice):
            return Records(self.layout, self.rows[index])
        return self.layout.make_record(self.rows[index])

    def values(self, name: str) -> Iterator[Any]:
        """Return the values of a field in `Layout.columns`, one for each record."""
        return map(itemgetter(self.layout.columns[name]), self.rows)
