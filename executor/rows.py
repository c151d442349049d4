"""Lists of rows with a layout. The executor reads the selected columns without creating an object for each row.

A resolver may return any class with the attributes of `RowList`. For graphql-core it is an ordinary list of objects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeGuard, runtime_checkable


class RowLayout(Protocol):
    """Where a row holds the attributes of an object. Lists should share layouts: code is compiled for each layout."""

    @property
    def record_class(self) -> type:
        """The class of the objects."""
        ...

    @property
    def make_record(self) -> Callable[[Any], Any]:
        """Creates the object of a row."""
        ...

    @property
    def columns(self) -> Mapping[str, int]:
        """For each attribute that a column holds unchanged: the index of the column."""
        ...

    @property
    def code_columns(self) -> Mapping[str, tuple[int, Mapping[Any, Any]]]:
        """For each attribute that a column holds as a code, such as an enum's: the index, and the values by code."""
        ...

    @property
    def text_columns(self) -> Mapping[str, tuple[int, type]]:
        """For each attribute that a column holds as serialized text: the index, and the class of the value.

        The text is used for fields of a scalar that is declared to serialize this class (`serialized_by`), and for
        fields of type ID if the class is UUID.
        """
        ...

    @property
    def computed(self) -> Mapping[str, Callable[[Any], Any]]:
        """For each attribute that is computed from the row only if it is selected: the function of the row."""
        ...

    @property
    def row_layouts(self) -> Mapping[str, "RowLayout"]:
        """For each attribute whose object is made of the same row: the layout of that object."""
        ...


@runtime_checkable
class RowList(Protocol):
    """A list of objects that are created from rows on access."""

    @property
    def layout(self) -> RowLayout:
        """Where a row holds the objects' attributes."""
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
        """Return the number of rows."""
        ...


# Classes that are created at run time must not fill the memory.
_MAX_CLASSES: Final = 256
_is_row_list_class: dict[type, bool] = {}


def is_row_list(value: object) -> TypeGuard[RowList]:
    """Return whether the value is a `RowList`."""
    # An isinstance check with a protocol takes longer than completing a row.
    result = _is_row_list_class.get(type(value))
    if result is None:
        if len(_is_row_list_class) >= _MAX_CLASSES:
            _is_row_list_class.clear()
        result = _is_row_list_class[type(value)] = isinstance(value, RowList)
    return result
