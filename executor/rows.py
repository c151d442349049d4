"""Lists that come as rows with a layout, so that what is selected can be read without making an object of each row.

A resolver may give any class of its own that looks like `RowList`. To graphql-core it is an ordinary list of objects;
the compiled executor looks at its rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeGuard, runtime_checkable


class RowLayout(Protocol):
    """Where the attributes of an object are in a row. One layout serves many lists: it is told by its identity."""

    @property
    def record_class(self) -> type:
        """The class of the objects."""
        ...

    @property
    def make_record(self) -> Callable[[Any], Any]:
        """Makes the object of a row."""
        ...

    @property
    def columns(self) -> Mapping[str, int]:
        """The index of the column that holds an attribute, for those attributes that a column holds as it is."""
        ...

    @property
    def code_columns(self) -> Mapping[str, tuple[int, Mapping[Any, Any]]]:
        """For those that a column holds a code of, such as an enumeration's: the index, and the values by code."""
        ...

    @property
    def text_columns(self) -> Mapping[str, tuple[int, type]]:
        """For those that a column holds the text of, as a scalar writes it: the index, and the class of the values.

        It serves fields of a type that is marked to write this class (`serialized_by`), and for UUID those of type ID.
        """
        ...


@runtime_checkable
class RowList(Protocol):
    """A list of objects that are made, each time one is asked for, of rows."""

    @property
    def layout(self) -> RowLayout:
        """Where the objects' attributes are in a row."""
        ...

    @property
    def rows(self) -> Sequence[Any]:
        """The rows, each a sequence of values."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Return the objects."""
        ...

    def __getitem__(self, part: slice, /) -> "RowList":
        """Return a part of the list."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...


def is_row_list(value: object) -> TypeGuard[RowList]:
    """Return whether the value is a list of rows. Asking a protocol takes longer than completing a row."""
    known = _known.get(type(value))
    if known is None:
        if len(_known) >= _KEPT:
            _known.clear()
        known = _known[type(value)] = isinstance(value, RowList)
    return known


_known: dict[type, bool] = {}
# Whoever makes up classes on the way shall not fill the memory.
_KEPT = 256
