"""The expressions that read objects and rows in generated code."""

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLEnumType

from executor.bailout import Bailout
from executor.fields import Attribute
from executor.leaves import enum_name, serializes_class
from executor.namespace import Namespace
from executor.rows import RowLayout
from executor.selection import Leaf, SelectedField


class ObjectAccess:
    """Reads the object x.

    An attribute that several fields select is read once, since it may be an expensive property: `v_name` holds its
    value after the first field.
    """

    def __init__(self, fields: Iterable[SelectedField], call_slots: dict[str, int], namespace: Namespace) -> None:
        self.namespace = namespace
        self._call_slots = call_slots
        self._first_readers = _first_readers(fields)

    def attribute(self, name: str, field: SelectedField) -> str:
        """Return the expression of an attribute for a field."""
        if name not in self._first_readers:
            return f"x.{name}"
        return f"(v_{name} := x.{name})" if self._first_readers[name] is field else f"v_{name}"

    def call(self, response_name: str) -> str:
        """Return the expression of a `Call` field's value."""
        return f"state[{self._call_slots[response_name]}](x)"

    def key(self, by: str | None) -> str:
        """Return the expression of a batch field's key."""
        return "x" if by is None else f"x.{by}"


class RowAccess:
    """Reads the row x. The code creates the object r from the row if `needs_record` is set afterwards."""

    def __init__(self, layout: RowLayout, call_slots: dict[str, int], namespace: Namespace) -> None:
        self.namespace = namespace
        self.needs_record = False
        self._layout = layout
        self._call_slots = call_slots
        self._make_record = namespace.add(layout.make_record, "make_record")

    @property
    def record(self) -> str:
        """The statement that creates the object."""
        return f"r = {self._make_record}(x)"

    def attribute(self, name: str, _field: SelectedField) -> str:
        """Return the expression of an attribute."""
        column = self._column(name)
        if column is not None:
            return column
        self.needs_record = True
        return f"r.{name}"

    def names_by_code(self, name: str, leaf: Leaf) -> tuple[str, dict[Any, str]] | None:
        """Return the column that holds an enum's codes, and the names in the response by code; else None."""
        if name not in self._layout.code_columns or not isinstance(leaf.type, GraphQLEnumType):
            return None
        index, values = self._layout.code_columns[name]
        names = {code: enum_name(leaf.type, value) for code, value in values.items()}
        return f"x[{index}]", {code: name for code, name in names.items() if name}

    def text(self, name: str, leaf: Leaf) -> str | None:
        """Return the column that holds an attribute as the text that the scalar would serialize; None if none does."""
        if name not in self._layout.text_columns:
            return None
        index, value_class = self._layout.text_columns[name]
        return f"x[{index}]" if serializes_class(leaf, value_class) else None

    def row_layout(self, name: str) -> RowLayout | None:
        """Return the layout of an attribute whose object is made of the same row; None for any other attribute."""
        return self._layout.row_layouts.get(name)

    def call(self, response_name: str) -> str:
        """Return the expression of a `Call` field's value."""
        self.needs_record = True
        return f"state[{self._call_slots[response_name]}](r)"

    def key(self, by: str | None) -> str:
        """Return the expression of a batch field's key."""
        record = f"{self._make_record}(x)"
        if by is None:
            return record
        return self._column(by) or f"{record}.{by}"

    def _column(self, name: str) -> str | None:
        """Return the expression of an attribute that a column holds; None if only the object has it."""
        if name in self._layout.columns:
            return f"x[{self._layout.columns[name]}]"
        if name in self._layout.computed:
            return f"{self.namespace.add(self._layout.computed[name], 'compute')}(x)"
        if name in self._layout.code_columns:
            index, values = self._layout.code_columns[name]
            return f"{self.namespace.add({None: None, **values}, 'values')}[x[{index}]]"
        if name in self._layout.text_columns:
            raise Bailout("a text column in place of a value")
        return None


def _first_readers(fields: Iterable[SelectedField]) -> dict[str, SelectedField]:
    """Return the attributes that several fields select, each with the first of these fields."""
    first: dict[str, SelectedField] = {}
    repeated: dict[str, SelectedField] = {}
    for field in fields:
        kind = field.field.kind
        # A guarded field may not be evaluated.
        if not isinstance(kind, Attribute) or field.field.guards:
            continue
        if first.setdefault(kind.name, field) is not field:
            repeated[kind.name] = first[kind.name]
    return repeated
