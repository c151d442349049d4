"""The arguments of compiled fields, and the lookahead built from them. Both are cached if all requests share them."""

from typing import Any, Final

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    specified_scalar_types,
)
from graphql.execution.values import get_argument_values

from executor.execution_context import ExecutionContext
from executor.extensions import Lookahead, LookaheadField
from executor.failures import Failed, FieldFailure
from executor.region import BatchField, Region
from executor.selected_attributes import attributes_of
from executor.selection import SelectedField

_PLAIN_LITERALS: Final = (IntValueNode, FloatValueNode, StringValueNode, BooleanValueNode, EnumValueNode, NullValueNode)


def field_arguments(context: ExecutionContext, selected: SelectedField) -> dict[str, Any]:
    """Return the keyword arguments of a field's resolver."""
    definition, details = selected.definition, selected.details
    if not definition.args:
        return {}
    values = get_argument_values(definition, details.node, context.variable_values, None, context.hide_suggestions)
    return selected.field.resolver_arguments(context.schema, values)


def refused_value(context: ExecutionContext, selected: SelectedField) -> Failed | None:
    """Return the value of a field that a guard refuses; None if all guards pass."""
    refusal = context.refusal(selected)
    if refusal is None:
        return None
    field_arguments(context, selected)  # graphql-core reports an invalid argument before it calls the guard
    return Failed([FieldFailure((), refusal, selected.nodes)])


def batch_arguments(context: ExecutionContext, field: BatchField) -> dict[str, Any]:
    """Return the keyword arguments of a batch field's `resolve_many`, except for the lookahead."""
    if field.batch.pass_selected and not context.refusals.keys().isdisjoint(field.region.guards):
        # A refused field must not be read together with its parent.
        selected = attributes_of(field.selected.shape, with_joined=False)
        return {**field_arguments(context, field.selected), "selected": selected}
    cached = field.arguments
    if cached is not None:
        if not field.variables:
            return cached
        coerced = context.variable_values.coerced
        values = {name: coerced.get(variable) for name, variable in field.variables.items()}
        if None not in values.values():
            return {**cached, **values}
    arguments = field_arguments(context, field.selected)
    if field.batch.pass_selected:
        arguments["selected"] = field.attributes
    if cached is None:
        _cache_arguments(context, field, arguments)
    return arguments


def lookahead_of(context: ExecutionContext, field: BatchField) -> Lookahead:
    """Return the batches below a batch field."""
    if field.lookahead is not None and not context.refusals:
        return field.lookahead
    lookahead = Lookahead(_lookahead_fields(context, field.region), field.covers_query, field.is_only_lookahead)
    if not context.refusals and _all_requests_share_arguments(field.region):
        field.lookahead = lookahead
    return lookahead


def _lookahead_fields(context: ExecutionContext, region: Region) -> tuple[LookaheadField, ...]:
    return tuple(
        LookaheadField(
            field.batch, batch_arguments(context, field), field.is_direct, _lookahead_fields(context, field.region)
        )
        for field in region.batch_fields
        if context.refusal(field.selected) is None
    )


def _all_requests_share_arguments(region: Region) -> bool:
    return all(
        field.arguments is not None and not field.variables and _all_requests_share_arguments(field.region)
        for field in region.batch_fields
    )


def _cache_arguments(context: ExecutionContext, field: BatchField, arguments: dict[str, Any]) -> None:
    """Cache the arguments if all requests have the same, except for variables that are passed on unchanged."""
    selected, coerced = field.selected, context.variable_values.coerced
    names = selected.field.python_names(context.schema)
    variables: dict[str, str] = {}
    for argument in selected.details.node.arguments or ():
        schema_name, node = argument.name.value, argument.value
        if isinstance(node, VariableNode):
            type_, name = selected.definition.args[schema_name].type, names[schema_name]
            variables[name] = node.name.value
            # Strawberry passes values of builtin scalars on to the resolver unchanged.
            value = arguments.get(name)
            is_unchanged = value is not None and value is coerced.get(node.name.value)
            if not is_unchanged or get_nullable_type(type_) not in specified_scalar_types.values():
                return
        elif not _is_constant(node):
            return
    field.variables, field.arguments = variables, arguments


def _is_constant(node: ValueNode) -> bool:
    """Return whether a value contains no variable."""
    if isinstance(node, ListValueNode):
        return all(map(_is_constant, node.values))
    if isinstance(node, ObjectValueNode):
        return all(_is_constant(field.value) for field in node.fields)
    return isinstance(node, _PLAIN_LITERALS)
