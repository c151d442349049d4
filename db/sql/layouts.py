"""Lists of records that stay rows until somebody wants the records: a long list is often read a column at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Generic, NoReturn, TypeVar, overload

from sqlalchemy import ColumnElement

Record = TypeVar("Record")

# Many more than clients use; a caller who tries every selection cannot fill the memory.
LAYOUTS_KEPT: Final = 500


@dataclass(frozen=True, eq=False)
class Layout(Generic[Record]):
    """How records lie in rows. One layout serves all lists of its kind: it is told by its identity.

    Attributes:
        record_class: The class of the records, a dataclass.
        selected: The columns of the database that a row holds, in their order.
        make_record: Makes the record of a row.
        codes: For fields that a column holds a code of, such as an enumeration's: the values by code.
        converted: Fields that a column of their name holds in another form; only `make_record` knows their values.
        texts: The class of the value, for fields that a column of their name holds the text of
            (`domain.selections.Fields`).
        columns: The index of the column that holds a field, for those fields that a column holds as it is.
        code_columns: The index of the column, and the values by code, for those in `codes`.
        text_columns: The index of the column, and the class, for those in `texts`.
    """

    record_class: type[Record]
    selected: tuple[ColumnElement[Any], ...]
    make_record: Callable[[Any], Record]
    codes: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    converted: frozenset[str] = frozenset()
    texts: Mapping[str, type] = field(default_factory=dict)
    columns: Mapping[str, int] = field(init=False)
    code_columns: Mapping[str, tuple[int, Mapping[Any, Any]]] = field(init=False)
    text_columns: Mapping[str, tuple[int, type]] = field(init=False)

    def __post_init__(self) -> None:
        names = self.record_class.__annotations__.keys() - self.converted - self.codes.keys() - self.texts.keys()
        at = {str(column.key): index for index, column in enumerate(self.selected)}
        object.__setattr__(self, "columns", {name: index for name, index in at.items() if name in names})
        object.__setattr__(self, "code_columns", {name: (at[name], values) for name, values in self.codes.items()})
        object.__setattr__(self, "text_columns", {name: (at[name], kind) for name, kind in self.texts.items()})

    def column(self, name: str) -> int:
        """Return the index of the column that holds a field, as it is or coded. Raise KeyError where none does."""
        return self.code_columns[name][0] if name in self.code_columns else self.columns[name]


@lru_cache(LAYOUTS_KEPT)
def only(layout: Layout[Record], names: frozenset[str]) -> Layout[Record]:
    """Return the layout of rows that hold these fields, and the first column, alone. No record can be made of them.

    Raise KeyError for a field that no column holds.
    """
    selected = tuple(layout.selected[index] for index in sorted({0, *map(layout.column, names)}))
    codes = {name: layout.codes[name] for name in names & layout.codes.keys()}
    return Layout(layout.record_class, selected, make_nothing, codes)


def make_nothing(_row: object) -> NoReturn:
    """Stand for what makes records, where rows hold some fields alone."""
    raise TypeError("of these rows only some columns were read")


class Records(Sequence[Record]):
    """Rows as a list of records, each made when it is asked for."""

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
        """Return a field that a column holds as it is, of each record in turn."""
        return map(itemgetter(self.layout.columns[name]), self.rows)
