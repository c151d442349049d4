"""The source of the functions that read a selection, and all below it, up to where data must be got.

For `{ id name author { name } }` on a list of objects, with an author that is resolved for many parents at
once by author_id, this is what runs:

    def many_8(values, state):
        found = []
        append = found.append
        for x in values:
            append({
                "id": (t if type(t := x.id) is str else complete_6(t)),
                "name": (t if type(t := x.name) is str else complete_7(t)),
                "author": None,
            } if type(x) in classes_4 else other_5(x, state))
        state[0].extend(found)
        state[1].extend([x.author_id for x in values])
        return found

`batches` then fills in by the places and the keys in the state. Of rows with a layout, `x.name` is `x[4]`.
"""

from collections.abc import Callable
from functools import cached_property
from math import isfinite
from typing import Any
from uuid import UUID

from graphql import GraphQLEnumType, Undefined
from graphql.pyutils import is_awaitable

from executor.bailout import Bailout
from executor.fields import Attribute, Call, Many, TypeName
from executor.leaves import UUIDS, dispose, enum_name, leaf_code, writes_class, written_code
from executor.namespace import Namespace
from executor.plan import Leaf, ListOf, SelectedField, Selection, Shape, holds_list
from executor.region import BatchOfRegion, Read, Region, State, Write
from executor.rows import RowLayout, RowList, is_row_list
from executor.selected_attributes import attributes_of

# Makes of the expression that reads a value the one that completes it, with the names that the code may use.
Completing = Callable[[str, Namespace], str]

# Whoever makes up classes or layouts on the way shall not fill the memory.
_KEPT = 32


def compile_region(shape: Shape, write: Write | None = None) -> Region:
    """Compile what completes a list of values, each of the shape.

    Args:
        shape: What the values are completed to.
        write: Writes a part of the answer for the response's JSON encoder; None where all values are to be plain.
    """
    region = Region()
    region.read = _Compiler(region, write).values(shape)
    return region


def compile_query(selection: Selection, write: Write | None = None) -> Region:
    """Compile a whole query. Its fields are written by whoever sends the answer; before, only parts of them."""
    region = compile_region(selection, write)
    for batch in region.batches:
        batch.write = None
        batch.alone = len(region.batches) == 1
    return region


class _Compiler:
    """Writes the functions of one region."""

    def __init__(self, region: Region, write: Write | None) -> None:
        self.region = region
        self.write = write
        self.names = Namespace(UUID=UUID, uuids=UUIDS, isfinite=isfinite, Undefined=Undefined)

    def values(self, shape: Shape) -> Read:
        """Return the function that completes a list of values."""
        if isinstance(shape, Selection):
            return self._list(ListOf(shape, nullable=False), of_values=True)
        return self.names.define("values", "values", [f"return [{self.value(shape)('x', self.names)} for x in values]"])

    def value(self, shape: Shape) -> Completing:
        """Return what makes of the expression that reads a value the expression that completes it."""
        if isinstance(shape, Leaf):
            return lambda read, names: leaf_code(shape, read, names, encoder_writes=self.write is not None)
        reader = _Reader(self, shape).one() if isinstance(shape, Selection) else self._list(shape)
        name = self.names.of(reader, "complete")
        return lambda read, _names: f"{name}({read}, state)"

    def _list(self, shape: ListOf, *, of_values: bool = False) -> Read:
        reader = _Reader(self, shape.item, of_values=of_values) if isinstance(shape.item, Selection) else None
        many = reader.many() if reader else self.values(shape.item)

        def other(values: object, state: State) -> list[Any] | None:
            if shape.nullable and (values is None or values is Undefined):
                return None
            if reader is not None and is_row_list(values):
                return reader.rows(values, state)
            dispose(values)
            raise Bailout("not a list")

        return self.names.define(
            "list",
            "values",
            [
                "if type(values) is list or type(values) is tuple:",
                f"    return {self.names.of(many, 'many')}(values, state)",
                f"return {self.names.of(other, 'other')}(values, state)",
            ],
        )


class _Reader:
    """The functions that read one selection: of one object, of many, of many rows."""

    def __init__(self, compiler: _Compiler, selection: Selection, *, of_values: bool = False) -> None:
        """Take the selection, and whether it is the region's own values that it is made on."""
        self._of_values = of_values
        self._region, self._names = compiler.region, compiler.names
        self._selection = selection
        self._classes: set[type] = set()
        self._layouts: dict[RowLayout, Read] = {}
        self._complete: dict[str, Completing] = {}
        self._calls: dict[str, int] = {}
        self._batches: list[BatchOfRegion] = []
        for selected in selection.fields:
            self._prepare(selected, compiler)
        self._objects = _Objects(self._calls, _read_again(selection), self._names)

    def one(self) -> Read:
        """Return the function that completes one object."""
        objects = self._objects
        fill = [f"state[{self._batches[0].places}].append(found)"] if self._batches else []
        fill += [f"state[{each.keys}].append({objects.key(each.many.batch.by)})" for each in self._batches]
        classes, is_missing = self._names.of(self._classes, "classes"), self._names.of(self._is_missing, "is_missing")
        return self._names.define(
            "one",
            "x",
            [
                f"if type(x) not in {classes} and {is_missing}(x):",
                "    return None",
                f"found = {self._code(objects)}",
                *fill,
                "return found",
            ],
        )

    def many(self) -> Read:
        """Return the function that completes a list of objects."""
        objects = self._objects

        def other(value: object, state: State) -> Any:
            return None if self._is_missing(value) else self._build(value, state)

        classes, other_name = self._names.of(self._classes, "classes"), self._names.of(other, "other")
        return self._define_loop(
            "many",
            [f"append({self._code(objects)} if type(x) in {classes} else {other_name}(x, state))"],
            objects,
            nulls=self._selection.nullable,
        )

    def rows(self, values: RowList, state: State) -> list[Any]:
        """Complete a list of rows by the function for its layout."""
        read = self._layouts.get(values.layout)
        if read is None:
            if len(self._layouts) >= _KEPT:
                self._layouts.clear()
            read = self._layouts[values.layout] = self._read_rows(values.layout)
        completed: list[Any] = read(values.rows, state)
        return completed

    def _prepare(self, selected: SelectedField, compiler: _Compiler) -> None:
        region, kind = self._region, selected.field.kind
        region.guards.extend(selected.field.guards)
        if isinstance(kind, Many):
            places = self._batches[0].places if self._batches else region.place()
            below = compile_region(selected.shape, compiler.write)
            region.guards.extend(below.guards)
            looked_at = attributes_of(selected.shape)
            write = compiler.write if holds_list(selected.shape) else None
            keys = region.place()
            self._batches.append(BatchOfRegion(selected, kind, below, places, keys, looked_at, self._of_values, write))
            region.batches.append(self._batches[-1])
            return
        if isinstance(kind, Call):
            self._calls[selected.name] = region.place()
            region.calls.append((self._calls[selected.name], selected, kind))
        if not isinstance(kind, TypeName):
            self._complete[selected.name] = compiler.value(selected.shape)

    def _code(self, source: "_Objects | _Rows") -> str:
        """Return the expression that makes the answer's object."""
        return "{" + ", ".join(f"{each.name!r}: {self._field(each, source)}" for each in self._selection.fields) + "}"

    def _field(self, selected: SelectedField, source: "_Objects | _Rows") -> str:
        kind, shape = selected.field.kind, selected.shape
        if isinstance(kind, TypeName):
            return repr(kind.name)
        if isinstance(kind, Many):
            return "None"
        if isinstance(source, _Rows) and isinstance(kind, Attribute) and isinstance(shape, Leaf):
            coded = source.names_by_code(kind.name, shape)
            if coded is not None:
                column, members = coded
                return leaf_code(shape, column, source.names, members)
            written = source.written(kind.name, shape)
            if written is not None:
                return written_code(shape, written, source.names)
        read = source.attribute(kind.name, selected) if isinstance(kind, Attribute) else source.call(selected.name)
        return self._complete[selected.name](read, source.names)

    def _read_rows(self, layout: RowLayout) -> Read:
        if self._selection.kind is not None and not issubclass(layout.record_class, self._selection.kind):
            raise Bailout("rows of another class")
        # What is defined for a layout is forgotten with it.
        rows = _Rows(self._calls, layout, self._names.inner())
        code = f"append({self._code(rows)})"
        make = [f"r = {rows.make}(x)"] if "r" in rows.used else []
        return self._define_loop("rows", [*make, code], rows, nulls=False)

    def _define_loop(self, kind: str, body: list[str], source: "_Objects | _Rows", *, nulls: bool) -> Read:
        lines = ["found = []", "append = found.append", "for x in values:", *(f"    {line}" for line in body)]
        kept = "found"
        if self._batches:
            if nulls:
                kept = "[each for each in found if each is not None]"
                lines.append("values = [x for x in values if x is not None and x is not Undefined]")
            lines.append(f"state[{self._batches[0].places}].extend({kept})")
        lines += [
            f"state[{each.keys}].extend([{source.key(each.many.batch.by)} for x in values])" for each in self._batches
        ]
        return source.names.define(kind, "values", [*lines, "return found"])

    @cached_property
    def _build(self) -> Read:
        """What completes an object of a class that was not met yet."""
        return self._names.define("build", "x", [f"return {self._code(self._objects)}"])

    def _is_missing(self, value: object) -> bool:
        """Return whether the value is null, where that may be; else looks at its class, once for each class."""
        if value is None or value is Undefined:
            if self._selection.nullable:
                return True
            raise Bailout("null where none may be")
        kind = self._selection.kind
        if isinstance(value, Exception) or is_awaitable(value) or not (kind is None or isinstance(value, kind)):
            dispose(value)
            raise Bailout("an exception, something to await, or an object of another class")
        if len(self._classes) >= _KEPT:
            self._classes.clear()
        self._classes.add(type(value))
        return False


def _read_again(selection: Selection) -> dict[str, SelectedField]:
    """Return the attributes that several fields are, each with the first of these."""
    first: dict[str, SelectedField] = {}
    again: dict[str, SelectedField] = {}
    for selected in selection.fields:
        kind = selected.field.kind
        if isinstance(kind, Attribute) and first.setdefault(kind.name, selected) is not selected:
            again[kind.name] = first[kind.name]
    return again


class _Objects:
    """How the object x is read."""

    def __init__(self, calls: dict[str, int], read_again: dict[str, SelectedField], names: Namespace) -> None:
        self._calls = calls
        self._read_again = read_again
        self.names = names

    def attribute(self, name: str, selected: SelectedField) -> str:
        """Return the expression of an attribute, which may be long to come by: it is read for one of its fields."""
        if name not in self._read_again:
            return f"x.{name}"
        return f"(v_{name} := x.{name})" if self._read_again[name] is selected else f"v_{name}"

    def call(self, response_name: str) -> str:
        """Return the expression of a `Call` field's value."""
        return f"state[{self._calls[response_name]}](x)"

    def key(self, by: str | None) -> str:
        """Return the expression of what a batch's value depends on."""
        return "x" if by is None else f"x.{by}"


class _Rows:
    """How the row x is read; r is the object made of it, where one is needed."""

    def __init__(self, calls: dict[str, int], layout: RowLayout, names: Namespace) -> None:
        self._calls = calls
        self._layout = layout
        self.names = names
        self.make = names.of(layout.make_record, "make")
        self.used: set[str] = set()

    def attribute(self, name: str, _selected: SelectedField) -> str:
        """Return the expression of an attribute."""
        return self._attribute(name, "r")

    def _attribute(self, name: str, record: str) -> str:
        if name in self._layout.columns:
            return f"x[{self._layout.columns[name]}]"
        if name in self._layout.code_columns:
            column, values = self._layout.code_columns[name]
            return f"{self.names.of({None: None, **values}, 'values')}[x[{column}]]"
        if name in self._layout.text_columns:
            raise Bailout("a text in the place of a value")
        self.used.add(record)
        return f"{record}.{name}"

    def names_by_code(self, name: str, leaf: Leaf) -> tuple[str, dict[Any, str]] | None:
        """Return, of an enum that a column holds the codes of, the column, and the name in the answer of each code."""
        if name not in self._layout.code_columns or not isinstance(leaf.type, GraphQLEnumType):
            return None
        column, values = self._layout.code_columns[name]
        named = {code: enum_name(leaf.type, value) for code, value in values.items()}
        return f"x[{column}]", {code: each for code, each in named.items() if each}

    def written(self, name: str, leaf: Leaf) -> str | None:
        """Return the column that holds the text of an attribute as the scalar writes it."""
        if name not in self._layout.text_columns:
            return None
        column, kind = self._layout.text_columns[name]
        return f"x[{column}]" if writes_class(leaf, kind) else None

    def call(self, response_name: str) -> str:
        """Return the expression of a `Call` field's value."""
        self.used.add("r")
        return f"state[{self._calls[response_name]}](r)"

    def key(self, by: str | None) -> str:
        """Return the expression of what a batch's value depends on."""
        made = f"{self.make}(x)"
        return made if by is None else self._attribute(by, made)
