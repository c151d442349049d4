"""The errors of a response: created from the failures in completed values, in the order of the response.

graphql-core reports errors in the order in which fields fail. Fields that wait for data fail in the order in which it
arrives, which depends on timing. Here the errors are in the order of their places in the response. This is also
graphql-core's order if no field waits.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLError
from graphql.error import located_error
from graphql.pyutils import Path

from executor.bailout import Bailout
from executor.execution_context import ExecutionContext
from executor.failures import Failed, FieldFailure
from executor.fields import TypeName
from executor.selection import ListOf, OneOf, SelectedField, Selection, Shape

# A place in the response: the place of the parent, and a name or an index.
_Place = Path | tuple[Any, str | int] | None


def replace_failures(
    context: ExecutionContext, shape: Shape, values: list[Any], places: Iterable[_Place]
) -> list[GraphQLError]:
    """Replace the failures in completed values by nulls. Return their errors.

    Raise Bailout if the errors depend on timing, or if the parent of the values must become null.
    """
    replacement = _Replacement(context)
    for index, place in enumerate(places):
        if replacement.visit(values, index, shape, place):
            raise Bailout("null propagates to a field that graphql-core executes")
    replacement.apply()
    return replacement.errors


def replace_failures_of_query(
    context: ExecutionContext, shape: Shape, data: dict[str, Any]
) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """Replace the failures in the data of a query by nulls. Return the data, which may be null, and the errors."""
    replacement = _Replacement(context)
    if replacement.visit([data], 0, shape, None):
        if len(replacement.errors) > 1:
            raise _timing()
        return None, replacement.errors
    replacement.apply()
    return data, replacement.errors


def sort_errors(data: Mapping[str, Any] | None, errors: list[GraphQLError]) -> list[GraphQLError]:
    """Return the errors in the order of their places in the response. Errors below one null keep their order."""
    return sorted(errors, key=lambda error: _order(data, error.path or ())) if len(errors) > 1 else errors


def _order(value: Any, path: Iterable[str | int]) -> list[int]:
    order: list[int] = []
    for key in path:
        if isinstance(value, dict) and key in value:
            order.append(list(value).index(key))
        elif isinstance(value, list) and isinstance(key, int):
            order.append(key)
        else:
            break
        value = value[key]
    return order


class _Replacement:
    """One pass over completed values.

    Attributes:
        errors: The errors found so far.
    """

    def __init__(self, context: ExecutionContext) -> None:
        self.errors: list[GraphQLError] = []
        self._context = context
        self._nulls: list[tuple[Any, str | int]] = []
        self._fields: dict[Selection, list[SelectedField]] = {}
        self._templates: dict[tuple[int, int], GraphQLError] = {}

    def apply(self) -> None:
        """Write the nulls. Only now: several parents may share an object."""
        for container, key in self._nulls:
            container[key] = None

    def visit(self, container: Any, key: str | int, shape: Shape, place: _Place) -> bool:
        """Visit the value that a container holds in a place. Return whether its parent must become null."""
        value = container[key]
        if type(value) is Failed:
            self.errors += [self._error(failure, place) for failure in value.failures]
        else:
            before = len(self.errors)
            if not self._visit_below(value, shape, place):
                return False
            if shape.nullable and len(self.errors) > before + 1:
                # Which of the errors come before the null, and which are discarded?
                raise _timing()
        if shape.nullable:
            self._nulls.append((container, key))
        return not shape.nullable

    def _visit_below(self, value: Any, shape: Shape, place: _Place) -> bool:
        """Visit everything in a value. Return whether the value must become null."""
        propagates = False
        if isinstance(shape, OneOf) and type(value) is dict:
            shape = self._context.selections[id(value)]
        if isinstance(shape, Selection):
            if type(value) is dict:  # neither null nor encoded
                for field in self._fields_to_visit(shape):
                    propagates |= self.visit(value, field.name, field.shape, (place, field.name))
        elif isinstance(shape, ListOf) and type(value) is list:
            for index in range(len(value)):
                propagates |= self.visit(value, index, shape.item, (place, index))
        return propagates

    def _fields_to_visit(self, selection: Selection) -> list[SelectedField]:
        """Return the fields that may have failed, or contain any that may."""
        fields = self._fields.get(selection)
        if fields is None:
            everywhere, refusals = self._context.has_failures, self._context.refusals.keys()
            fields = self._fields[selection] = [
                field
                for field in selection.fields
                if not isinstance(field.field.kind, TypeName) and (everywhere or not field.guards.isdisjoint(refusals))
            ]
        return fields

    def _error(self, failure: FieldFailure, place: _Place) -> GraphQLError:
        path = [*_path(place), *failure.path]
        key = (id(failure.exception), id(failure.nodes))
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = located_error(failure.exception, failure.nodes, path)
            return template
        return _copy(template, path) if template is not failure.exception else template


def _path(place: _Place) -> list[str | int]:
    path: list[str | int] = []
    while place is not None:
        path.append(place[1])
        place = place[0]
    path.reverse()
    return path


def _copy(template: GraphQLError, path: list[str | int]) -> GraphQLError:
    """Return the same error at another path. Finding the line and column takes much longer."""
    error = GraphQLError.__new__(GraphQLError, *template.args)
    error.message, error.path, error.locations = template.message, path, template.locations
    error.nodes, error.source, error.positions = template.nodes, template.source, template.positions
    error.original_error, error.cause, error.extensions = template.original_error, template.cause, template.extensions
    error.__cause__, error.__context__ = template.__cause__, template.__context__
    error.__traceback__ = template.__traceback__
    return error


def _timing() -> Bailout:
    return Bailout("which errors are reported depends on timing")
