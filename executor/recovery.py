"""Completes values one by one, after compiled code has met one that it does not complete.

It does what graphql-core does when it completes a field, and leaves a `Failed` in place of each value that fails. A
null in a non-null position propagates to the nearest nullable parent: the fields after it are not resolved, and the
failures before it remain.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphql import GraphQLError, Undefined
from graphql.execution import Executor
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import is_awaitable, is_iterable

from executor.bailout import Bailout
from executor.failures import Failed, FieldFailure, NullPropagation, failures_below
from executor.fields import Batched, Call, TypeName
from executor.leaves import close_coroutine
from executor.region import Region, State
from executor.rows import is_row_list
from executor.selection import Leaf, ListOf, OneOf, SelectedField, Selection, Shape


def complete_with_failures(region: Region, values: Iterable[Any], state: State) -> list[Any]:
    """Complete a list of values as `region.complete` does. The result may contain `Failed`.

    Raise Bailout for a value that only graphql-core completes.
    """
    recovery = _Recovery(region, state)
    return [
        recovery.attempt(region.field, recovery.complete, region.shape, value, region.field)
        for value in _objects(values)
    ]


class _Recovery:
    def __init__(self, region: Region, state: State) -> None:
        self._region = region
        self._state = state

    def attempt(self, field: SelectedField | None, complete: Callable[..., Any], *arguments: Any) -> Any:
        """Return what the function returns for the arguments. If it fails, return a Failed for the field."""
        lengths = [(slot, len(self._state[slot])) for slot in self._region.batch_slots]
        failures: Sequence[FieldFailure]
        try:
            return complete(*arguments)
        except (Bailout, RecursionError):
            raise
        except NullPropagation as propagation:
            failures = propagation.failures
        except Exception as exception:  # any resolver's
            if field is None:
                raise Bailout("a value of a field that graphql-core executes") from exception
            failures = [FieldFailure((), exception, field.nodes)]
        # The objects below are discarded, so their batch fields are not resolved.
        for slot, length in lengths:
            del self._state[slot][length:]
        return Failed(failures)

    def complete(self, shape: Shape, value: Any, field: SelectedField | None) -> Any:
        """Complete a value. Raise NullPropagation, or the field's own exception."""
        if isinstance(value, Exception):
            raise value
        if is_awaitable(value):
            close_coroutine(value)
            raise Bailout("an awaitable in place of a value")
        if value is None or value is Undefined:
            if shape.nullable:
                return None
            raise TypeError(f"Cannot return null for non-nullable field {_place(field)}.")
        if isinstance(shape, Leaf):
            return Executor.complete_leaf_value(shape.type, value)
        if isinstance(shape, OneOf):
            return self._one_of(shape, value, field)
        return self._list(shape, value, field) if isinstance(shape, ListOf) else self._object(shape, value, field)

    def _one_of(self, shape: OneOf, value: Any, field: SelectedField | None) -> dict[str, Any]:
        selection, slot = shape.selection_of(value), self._region.selections_slot
        if selection is None or slot is None:
            raise Bailout("an object of no type of the interface")
        completed = self._object(selection, value, field)
        self._state[slot][id(completed)] = selection
        return completed

    def _list(self, shape: ListOf, values: Any, field: SelectedField | None) -> list[Any]:
        if not (type(values) is list or type(values) is tuple or is_row_list(values)):
            if is_iterable(values) or hasattr(values, "__aiter__"):
                raise Bailout("an iterable of another class")
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{_place(field)}'.")
        completed: list[Any] = []
        for index, value in enumerate(_objects(values)):
            item = self.attempt(field, self.complete, shape.item, value, field)
            if type(item) is Failed and not shape.item.nullable:
                raise _propagation(completed, index, item)
            completed.append(item)
        return completed

    def _object(self, selection: Selection, value: Any, field: SelectedField | None) -> dict[str, Any]:
        if selection.record_class is not None and not isinstance(value, selection.record_class):
            details = field.all_details if field is not None else []
            raise invalid_return_type_error(selection.object_type, value, details)
        completed: dict[str, Any] = {}
        for selected in selection.fields:
            item = self.attempt(selected, self._field, selected, value)
            if type(item) is Failed and not selected.shape.nullable:
                self._check_arguments(selection, completed)
                raise _propagation(completed, selected.name, item)
            completed[selected.name] = item
        self._collect_batch_fields(selection, value, completed)
        return completed

    @staticmethod
    def _check_arguments(selection: Selection, completed: dict[str, Any]) -> None:
        """Raise Bailout if a batch field of a discarded object has arguments: graphql-core reports invalid ones."""
        for field in selection.fields[: len(completed)]:
            if isinstance(field.field.kind, Batched) and field.details.node.arguments:
                raise Bailout("the arguments of a batch field of a discarded object")

    def _field(self, field: SelectedField, parent: Any) -> Any:
        kind = field.field.kind
        if isinstance(kind, TypeName):
            return kind.name
        if isinstance(kind, Batched):
            return None
        refusal = self._state[self._region.guard_slots[field]] if field in self._region.guard_slots else None
        if refusal is not None:
            return refusal
        value = self._state[self._region.call_slots[field]](parent) if isinstance(kind, Call) else kind.read(parent)
        return self.complete(field.shape, value, field)

    def _collect_batch_fields(self, selection: Selection, value: Any, completed: dict[str, Any]) -> None:
        fields = self._region.batch_fields_of.get(selection, ())
        try:
            keys = [value if field.batch.by is None else getattr(value, field.batch.by) for field in fields]
        except Exception as exception:  # the key's attribute may be a property
            raise Bailout("the key of a batch field") from exception
        for index, (field, key) in enumerate(zip(fields, keys, strict=True)):
            if index == 0:
                self._state[field.objects_slot].append(completed)
            self._state[field.keys_slot].append(key)


def _objects(values: Iterable[Any]) -> Iterable[Any]:
    """Return the values. Raise Bailout if no objects can be created from rows, for example if columns are missing."""
    if not is_row_list(values):
        return values
    try:
        return list(values)
    except Exception as exception:  # the layout's
        raise Bailout("rows of which no objects can be created") from exception


def _place(field: SelectedField | None) -> str:
    return f"{field.parent_type}.{field.details.node.name.value}" if field is not None else ""


def _propagation(completed: dict[str, Any] | list[Any], key: str | int, item: Failed) -> NullPropagation:
    return NullPropagation([*failures_below(completed), *(failure.below(key) for failure in item.failures)])
