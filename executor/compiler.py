"""Generates the functions that complete a selection, up to its batch fields.

For `{ id name author { name } }` on a list of objects, with an author that a batch resolves by author_id, it generates:

    def many_8(values, state):
        completed = []
        append = completed.append
        for x in values:
            append({
                "id": (t if type(t := x.id) is str else complete_6(t)),
                "name": (t if type(t := x.name) is str else complete_7(t)),
                "author": None,
            } if type(x) in classes_4 else other_5(x, state))
        state[0].extend(completed)
        keys = [x.author_id for x in values]
        state[1].extend(keys)
        return completed

Afterwards `batches` fills in the authors, with the objects and the keys in the state. For rows with a layout, `x.name`
is `x[4]`.
"""

from collections.abc import Callable
from functools import cached_property
from math import isfinite
from typing import Any
from uuid import UUID

from graphql import Undefined

from executor.accepted_classes import MAX_CLASSES, AcceptedClasses
from executor.access import ObjectAccess, RowAccess
from executor.bailout import Bailout
from executor.fields import Attribute, Batched, Call, TypeName
from executor.leaves import UUID_CLASSES, close_coroutine, leaf_code, text_column_code
from executor.namespace import Namespace
from executor.region import BatchField, CompleteValues, Encode, Region, State
from executor.rows import RowLayout, RowList, is_row_list
from executor.selected_attributes import attributes_of, share_attributes
from executor.selection import Leaf, ListOf, OneOf, SelectedField, Selection, Shape, can_be_joined, holds_list

# From the expression that reads a value, makes the expression that completes it.
ValueCode = Callable[[str, Namespace], str]


def compile_region(shape: Shape, encode: Encode | None = None, field: SelectedField | None = None) -> Region:
    """Compile the code that completes a list of values.

    Args:
        shape: The shape of each value.
        field: The field whose values they are; None if graphql-core executes it.
        encode: Converts a part of the response for the response's JSON encoder; None if all values must be plain.
    """
    region = Region(shape, field)
    region.complete = _Compiler(region, encode).values(shape)
    return region


def compile_query(selection: Selection, encode: Encode | None = None) -> Region:
    """Compile a whole query. The values of its root fields stay plain; only parts of them are encoded.

    Aliases with the same fragments share a region: their values are completed together, as those of a list are.
    """
    region = Region(selection)
    region.complete = _Compiler(region, encode, {}).values(selection)
    lookaheads = sum(field.batch.pass_lookahead for field in region.batch_fields)
    for field in region.batch_fields:
        field.encode = None
        field.covers_query = len(region.batch_fields) == 1
        field.is_only_lookahead = lookaheads == 1
    return region


class _Compiler:
    """Generates the functions of one region."""

    def __init__(self, region: Region, encode: Encode | None, shared: dict[Shape, Region] | None = None) -> None:
        """Take the region to compile, and a dict if its batch fields with the same shape share a region."""
        self.region = region
        self._shared = shared
        self.encode = encode
        self.namespace = Namespace(UUID=UUID, uuid_classes=UUID_CLASSES, isfinite=isfinite, Undefined=Undefined)

    def region_below(self, field: SelectedField) -> Region:
        """Return the region that completes the values of a batch field."""
        if self._shared is None or not isinstance(field.shape, Selection | OneOf):
            return compile_region(field.shape, self.encode, field)
        if field.shape not in self._shared:
            self._shared[field.shape] = compile_region(field.shape, self.encode, field)
        region = self._shared[field.shape]
        if region.field is not field:
            region.field = None
            self.region.shares_regions = True
        return region

    def values(self, shape: Shape) -> CompleteValues:
        """Return the function that completes a list of values."""
        if isinstance(shape, Selection):
            return self._list(ListOf(shape, nullable=False), is_direct=True)
        value = self.value(shape)("x", self.namespace)
        return self.namespace.define("values", "values", [f"return [{value} for x in values]"])

    def value(self, shape: Shape) -> ValueCode:
        """Return what generates the expression that completes a value."""
        if isinstance(shape, Leaf):
            has_encoder = self.encode is not None
            return lambda value, namespace: leaf_code(shape, value, namespace, has_encoder=has_encoder)
        if isinstance(shape, Selection):
            return _SelectionCode(self, shape).value()
        if isinstance(shape, OneOf):
            return self._one_of(shape)
        name = self.namespace.add(self._list(shape), "complete")
        return lambda value, _namespace: f"{name}({value}, state)"

    def _one_of(self, shape: OneOf) -> ValueCode:
        """Return what generates the expression that completes an object by the selection on its type."""
        if self.region.selections_slot is None:
            self.region.selections_slot = self.region.new_slot()
        slot = self.region.selections_slot
        codes = {selection: _SelectionCode(self, selection).one() for selection in shape.selections}
        by_class: dict[type, tuple[Selection, CompleteValues]] = {}

        def find(value: object) -> tuple[Selection, CompleteValues]:
            selection = shape.selection_of(value)
            if selection is None:
                close_coroutine(value)
                raise Bailout("an object of no type of the interface")
            if len(by_class) >= MAX_CLASSES:
                by_class.clear()
            by_class[type(value)] = selection, codes[selection]
            return by_class[type(value)]

        def one_of(value: object, state: State) -> dict[str, Any] | None:
            if shape.nullable and (value is None or value is Undefined):
                return None
            selection, complete = by_class.get(type(value)) or find(value)
            completed: dict[str, Any] = complete(value, state)
            state[slot][id(completed)] = selection
            return completed

        name = self.namespace.add(one_of, "one_of")
        return lambda value, _namespace: f"{name}({value}, state)"

    def _list(self, shape: ListOf, *, is_direct: bool = False) -> CompleteValues:
        code = _SelectionCode(self, shape.item, is_direct=is_direct) if isinstance(shape.item, Selection) else None
        many = code.many() if code else self.values(shape.item)

        def other(values: object, state: State) -> list[Any] | None:
            if shape.nullable and (values is None or values is Undefined):
                return None
            if code is not None and is_row_list(values):
                return code.complete_rows(values, state)
            close_coroutine(values)
            raise Bailout("not a list")

        return self.namespace.define(
            "list",
            "values",
            [
                "if type(values) is list or type(values) is tuple:",
                f"    return {self.namespace.add(many, 'many')}(values, state)",
                f"return {self.namespace.add(other, 'other')}(values, state)",
            ],
        )


class _SelectionCode:
    """Generates the functions that complete one selection: on an object, on many objects, and on many rows."""

    def __init__(self, compiler: _Compiler, selection: Selection, *, is_direct: bool = False) -> None:
        """Set `is_direct` if the selection is on the region's values themselves."""
        self._is_direct = is_direct
        self._region, self._namespace = compiler.region, compiler.namespace
        self._selection = selection
        self._accepted = AcceptedClasses(selection)
        self._row_functions: dict[RowLayout, CompleteValues] = {}
        self._value_codes: dict[str, ValueCode] = {}
        self._objects_below: dict[str, _SelectionCode] = {}
        self._call_slots: dict[str, int] = {}
        self._batch_fields: list[BatchField] = []
        self._region.batch_fields_of[selection] = self._batch_fields
        for field in selection.fields:
            self._prepare(field, compiler)
        share_attributes(self._batch_fields)
        self._objects = ObjectAccess(selection.fields, self._call_slots, self._namespace)

    def value(self) -> ValueCode:
        """Return what generates the expression that completes one object."""
        name = self._namespace.add(self.one(), "complete")
        return lambda value, _namespace: f"{name}({value}, state)"

    def of_row(self, layout: RowLayout, namespace: Namespace) -> str:
        """Return the expression that completes the object of the row x."""
        rows = self._row_access(layout, namespace)
        completed, collect = self._object_code(rows), self._collect(rows)
        if not rows.needs_record and not collect:
            return completed  # a call for each row would take longer than the object itself
        record = [rows.record] if rows.needs_record else []
        function = namespace.define("row", "x", [*record, f"completed = {completed}", *collect, "return completed"])
        return f"{namespace.add(function, 'complete')}(x, state)"

    def _collect(self, access: ObjectAccess | RowAccess) -> list[str]:
        """Return the statements that collect the completed object and its keys for the batch fields."""
        fields = self._fields_to_resolve(access)
        collect = [f"state[{fields[0].objects_slot}].append(completed)"] if fields else []
        return collect + [f"state[{field.keys_slot}].append({access.key(field.batch.by)})" for field in fields]

    def one(self) -> CompleteValues:
        """Return the function that completes one object."""
        objects = self._objects
        classes = self._namespace.add(self._accepted.classes, "classes")
        is_missing = self._namespace.add(self._accepted.is_missing, "is_missing")
        return self._namespace.define(
            "one",
            "x",
            [
                f"if type(x) not in {classes} and {is_missing}(x):",
                "    return None",
                f"completed = {self._object_code(objects)}",
                *self._collect(objects),
                "return completed",
            ],
        )

    def many(self) -> CompleteValues:
        """Return the function that completes a list of objects."""
        objects = self._objects

        def other(value: object, state: State) -> Any:
            return None if self._accepted.is_missing(value) else self._complete_checked(value, state)

        classes, other_name = (
            self._namespace.add(self._accepted.classes, "classes"),
            self._namespace.add(other, "other"),
        )
        append = f"append({self._object_code(objects)} if type(x) in {classes} else {other_name}(x, state))"
        return self._define_loop("many", [append], objects, nullable=self._selection.nullable)

    def complete_rows(self, values: RowList, state: State) -> list[Any]:
        """Complete a list of rows by the function for its layout."""
        function = self._row_functions.get(values.layout)
        if function is None:
            if len(self._row_functions) >= MAX_CLASSES:
                self._row_functions.clear()
            function = self._row_functions[values.layout] = self._define_rows(values.layout)
        completed: list[Any] = function(values.rows, state)
        return completed

    def _prepare(self, field: SelectedField, compiler: _Compiler) -> None:
        region, kind = self._region, field.field.kind
        region.guards.extend(field.field.guards)
        if not field.shape.nullable:
            region.required_guards.extend(field.field.guards)
        if isinstance(kind, Batched):
            self._add_batch_field(field, kind, compiler)
            if kind.batch.joined is None or not can_be_joined(field.shape):
                return
        if field.field.guards:
            region.guard_slots[field] = region.new_slot()
        if isinstance(kind, Call):
            self._call_slots[field.name] = region.call_slots[field] = region.new_slot()
        if isinstance(field.shape, Selection):
            self._objects_below[field.name] = _SelectionCode(compiler, field.shape)
            if not isinstance(kind, Batched):
                self._value_codes[field.name] = self._objects_below[field.name].value()
        elif not isinstance(kind, TypeName):
            self._value_codes[field.name] = compiler.value(field.shape)

    def _add_batch_field(self, field: SelectedField, kind: Batched, compiler: _Compiler) -> None:
        region = self._region
        below = compiler.region_below(field)
        region.guards.extend(below.guards)
        region.required_guards.extend(below.required_guards)
        batch_field = BatchField(
            selected=field,
            batch=kind.batch,
            region=below,
            # All batch fields of the selection share the slot of the objects.
            objects_slot=self._batch_fields[0].objects_slot if self._batch_fields else region.new_slot(),
            keys_slot=region.new_slot(),
            attributes=attributes_of(field.shape),
            is_direct=self._is_direct,
            encode=compiler.encode if holds_list(field.shape) else None,
        )
        region.batch_slots += [batch_field.objects_slot, batch_field.keys_slot]
        self._batch_fields.append(batch_field)
        region.batch_fields.append(batch_field)

    def _object_code(self, access: ObjectAccess | RowAccess) -> str:
        """Return the expression that creates the response's object."""
        items = (f"{field.name!r}: {self._guarded_code(field, access)}" for field in self._selection.fields)
        return "{" + ", ".join(items) + "}"

    def _guarded_code(self, field: SelectedField, access: ObjectAccess | RowAccess) -> str:
        if isinstance(field.field.kind, Batched) and self._joined_layout(field, access) is None:
            return "None"
        code = self._field_code(field, access)
        slot = self._region.guard_slots.get(field)
        return code if slot is None else f"(state[{slot}] or {code})"

    def _joined_layout(self, field: SelectedField, access: ObjectAccess | RowAccess) -> RowLayout | None:
        """Return the layout of a batch field's record, if the row x holds it."""
        kind = field.field.kind
        if not isinstance(kind, Batched) or kind.batch.joined is None or field.name not in self._objects_below:
            return None
        return access.row_layout(kind.batch.joined) if isinstance(access, RowAccess) else None

    def _fields_to_resolve(self, access: ObjectAccess | RowAccess) -> list[BatchField]:
        """Return the batch fields whose records the row x does not hold."""
        return [field for field in self._batch_fields if self._joined_layout(field.selected, access) is None]

    def _field_code(self, field: SelectedField, access: ObjectAccess | RowAccess) -> str:
        kind, shape = field.field.kind, field.shape
        if isinstance(kind, TypeName):
            return repr(kind.name)
        layout = self._joined_layout(field, access)
        if layout is not None:
            return self._objects_below[field.name].of_row(layout, access.namespace)
        convert = kind.convert if isinstance(kind, Attribute) else None
        if isinstance(access, RowAccess) and isinstance(kind, Attribute) and not convert and isinstance(shape, Leaf):
            names_by_code = access.names_by_code(kind.name, shape)
            if names_by_code is not None:
                column, names = names_by_code
                return leaf_code(shape, column, access.namespace, names)
            text = access.text(kind.name, shape)
            if text is not None:
                return text_column_code(shape, text, access.namespace)
        if isinstance(access, RowAccess) and isinstance(kind, Attribute) and isinstance(shape, Selection):
            layout = access.row_layout(kind.name)
            if layout is not None:
                return self._objects_below[field.name].of_row(layout, access.namespace)
        value = access.attribute(kind.name, field) if isinstance(kind, Attribute) else access.call(field.name)
        if convert is not None:
            value = f"{access.namespace.add(convert, 'convert')}({value})"
        return self._value_codes[field.name](value, access.namespace)

    def _row_access(self, layout: RowLayout, namespace: Namespace) -> RowAccess:
        record_class = self._selection.record_class
        if record_class is not None and not issubclass(layout.record_class, record_class):
            raise Bailout("rows of another class")
        return RowAccess(layout, self._call_slots, namespace)

    def _define_rows(self, layout: RowLayout) -> CompleteValues:
        # Everything defined for a layout is freed with it.
        rows = self._row_access(layout, self._namespace.child())
        append = f"append({self._object_code(rows)})"
        return self._define_loop("rows", [*([rows.record] if rows.needs_record else []), append], rows, nullable=False)

    def _define_loop(
        self, prefix: str, body: list[str], access: ObjectAccess | RowAccess, *, nullable: bool
    ) -> CompleteValues:
        fields = self._fields_to_resolve(access)
        slots_by_key: dict[str, list[int]] = {}
        lines = ["completed = []", "append = completed.append", "for x in values:", *(f"    {line}" for line in body)]
        objects = "completed"
        if fields and nullable:
            objects = "[value for value in completed if value is not None]"
            lines.append("values = [x for x in values if x is not None and x is not Undefined]")
        if fields:
            lines.append(f"state[{fields[0].objects_slot}].extend({objects})")
        for field in fields:
            slots_by_key.setdefault(access.key(field.batch.by), []).append(field.keys_slot)
        for key, slots in slots_by_key.items():
            # Fields with the same key share the list: the key may be a record that is created from a row.
            lines += [f"keys = [{key} for x in values]", *(f"state[{slot}].extend(keys)" for slot in slots)]
        return access.namespace.define(prefix, "values", [*lines, "return completed"])

    @cached_property
    def _complete_checked(self) -> CompleteValues:
        """The function that completes one object whose class has been checked."""
        return self._namespace.define("checked", "x", [f"return {self._object_code(self._objects)}"])
