"""Errors of input values. They say what is expected and where, and never repeat the value.

graphql-core's messages quote the value and, if one field is wrong, the whole input object. A value may contain the name
of a patient, and clients log messages. So this module checks the values of variables and the literals of documents.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias

from graphql import (
    SKIP,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLSchema,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    VariableNode,
    VisitorAction,
    coerce_input_value,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    is_specified_scalar_type,
    type_from_ast,
    value_from_ast_untyped,
)
from graphql.pyutils import did_you_mean, suggestion_list
from graphql.utilities.coerce_input_value import coerce_input_literal

MAX_ERRORS: Final = 10
"""Clients correct the first errors first, and every error makes the response longer."""
_EXPECTED: Final[Mapping[str, str]] = {
    "Boolean": "Expected true or false.",
    "Float": "Expected a number.",
    "ID": "Expected a string or an integer.",
    "Int": "Expected an integer between -2147483648 and 2147483647.",
    "String": "Expected a string.",
}
_NULL_VARIABLE: Final = "A variable is null or missing, but its value is used where null is not allowed."

_Path: TypeAlias = tuple[str | int, ...]
"""Names of input fields and indexes of lists."""


class InputError(GraphQLError):
    """An error of a value in the request. The message does not contain the value."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """A fault of a value. A literal has the node of the faulty part."""

    message: str
    path: _Path = ()
    node: Node | None = None


class LiteralValuesRule(ValuesOfCorrectTypeRule):
    """The validation rule that literals have the type of their position."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report the faults of a literal."""
        if input_type is not None:
            for fault in _faults(node, input_type, ()):
                self.report_error(GraphQLError(fault.message, fault.node))
        return SKIP


def restated_errors(
    errors: Sequence[GraphQLError],
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
) -> list[GraphQLError]:
    """Return the errors of an execution, with an InputError for each one about a variable.

    Errors without a path are about variables, and nothing was executed.
    """
    if all(error.path is None for error in errors):
        invalid: list[GraphQLError] = [*islice(_variable_errors(schema, operation, variables or {}), MAX_ERRORS)]
        if invalid:
            return invalid
    return [_restated(error) for error in errors]


def _variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Iterator[InputError]:
    for definition in operation.variable_definitions or ():
        name, type_ = definition.variable.name.value, type_from_ast(schema, definition.type)
        for fault in _variable_faults(definition, type_, variables):
            place = f" at '{'.'.join(map(str, fault.path))}'" if fault.path else ""
            message = f"A variable of type '{type_}' is invalid{place}. {fault.message}"
            yield InputError(message, definition, extensions=_place(name, fault.path))


def _variable_faults(definition: VariableDefinitionNode, type_: Any, variables: Mapping[str, Any]) -> Iterator[_Fault]:
    name = definition.variable.name.value
    if name in variables:
        yield from _faults(variables[name], type_, ())
    elif is_non_null_type(type_) and definition.default_value is None:
        yield _Fault("A value is required.")


def _restated(error: GraphQLError) -> GraphQLError:
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    # In a valid document, only a variable can make an argument of a field or a directive invalid.
    node = cause.nodes[0] if isinstance(cause, GraphQLError) and cause.nodes else None
    if error.path is not None and not isinstance(node, ValueNode):
        return error
    extensions = _place(node.name.value, ()) if isinstance(node, VariableNode) else None
    return InputError(_NULL_VARIABLE, node, path=error.path, extensions=extensions)


def _place(variable: str, path: _Path) -> dict[str, Any]:
    return {"variable": variable, "path": [variable, *path]}


def _faults(value: object, type_: GraphQLInputType, path: _Path) -> Iterator[_Fault]:
    """Yield the faults of a value: the literal of a document, or a JSON value."""
    if isinstance(value, VariableNode):
        return  # another rule compares the variable's type with the position's type
    node = value if isinstance(value, Node) else None
    is_null = value is None or isinstance(value, NullValueNode)
    if is_non_null_type(type_):
        if is_null:
            yield _Fault("Expected a value that is not null.", path, node)
        else:
            yield from _faults(value, type_.of_type, path)
    elif is_null:
        return
    elif is_list_type(type_):
        items = value.values if isinstance(value, ListValueNode) else value
        if isinstance(items, list | tuple):
            for index, item in enumerate(items):
                yield from _faults(item, type_.of_type, (*path, index))
        else:  # a single value counts as a list of one element
            yield from _faults(value, type_.of_type, path)
    elif is_input_object_type(type_):
        yield from _object_faults(value, type_, path)
    elif is_leaf_type(type_) and not _has_type(value, type_):
        yield _Fault(_expected(value, type_), path, node)


def _object_faults(value: object, type_: GraphQLInputObjectType, path: _Path) -> Iterator[_Fault]:
    node = value if isinstance(value, Node) else None
    members = _members(value)
    if members is None:
        yield _Fault(f"Expected an object of type '{type_}'.", path, node)
        return
    for name, field in type_.fields.items():
        if name in members:
            yield from _faults(members[name], field.type, (*path, name))
        elif is_required_input_field(field):
            yield _Fault(f"The field '{name}' of '{type_}' is required.", (*path, name), node)
    for name in (name for name in members if name not in type_.fields):
        suggestion = did_you_mean(suggestion_list(name, list(type_.fields)))
        yield _Fault(f"'{type_}' does not have this field.{suggestion}", path, _field_node(value, name))
    known = [members[name] for name in type_.fields if name in members]
    if type_.is_one_of and (len(known) != 1 or known[0] is None or isinstance(known[0], NullValueNode)):
        yield _Fault(f"Expected exactly one field of '{type_}', with a value that is not null.", path, node)


def _members(value: object) -> Mapping[str, object] | None:
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    return value if isinstance(value, dict) else None


def _field_node(value: object, name: str) -> Node | None:
    fields = value.fields if isinstance(value, ObjectValueNode) else ()
    return next((field for field in fields if field.name.value == name), None)


def _has_type(value: object, type_: GraphQLLeafType) -> bool:
    if isinstance(value, ValueNode):
        return coerce_input_literal(value, type_) is not Undefined
    return coerce_input_value(value, type_) is not Undefined


def _expected(value: object, type_: GraphQLLeafType) -> str:
    if isinstance(type_, GraphQLEnumType):
        return f"Expected one of {', '.join(type_.values)}."
    if is_specified_scalar_type(type_):
        return _EXPECTED[type_.name]
    try:
        type_.coerce_input_value(value_from_ast_untyped(value) if isinstance(value, ValueNode) else value)
    except GraphQLError as error:
        return error.message  # written in schema.scalars
    return f"Expected a value of type '{type_}'."
