"""Selections of everything reachable from a type, along every path without a cycle."""

from collections.abc import Mapping
from types import MappingProxyType

from graphql import (
    GraphQLArgument,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
)

_REQUIRED = {"Date": '"2033-07-01"', "Int": "8", "Boolean": "true"}
_SMALL = {"weeks": "1"}
"""Optional arguments that keep responses small: each group on each path has that many weeks."""


def whole_selections(schema: GraphQLSchema, type_: GraphQLNamedType) -> list[str]:
    """Return the selection of everything reachable from a type. For an interface, return one per implementing type."""
    if not is_interface_type(type_):
        return [_selection(type_, frozenset())]
    # Not in one document, because fields of the same name differ in type.
    return [
        f"{{ ... on {possible.name}{_selection(possible, frozenset())} }}"
        for possible in schema.get_possible_types(type_)
    ]


def _selection(type_: GraphQLNamedType, above: frozenset[str]) -> str:
    if is_leaf_type(type_):
        return ""
    assert is_object_type(type_), f"cannot select fields of {type_}"
    selected = ["__typename"]
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if inner.name not in above | {type_.name}:
            selected.append(f"{name}{required_arguments(field.args)}{_selection(inner, above | {type_.name})}")
    return f" {{ {' '.join(selected)} }}"


def required_arguments(arguments: dict[str, GraphQLArgument], known: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the required arguments of a field, in parentheses. `known` has values by argument name."""
    required = [
        f"{name}: {known.get(name) or _SMALL.get(name) or _required(name, argument)}"
        for name, argument in arguments.items()
        if is_required_argument(argument) or name in _SMALL
    ]
    return f"({', '.join(required)})" if required else ""


def _required(name: str, argument: GraphQLArgument) -> str:
    type_ = get_named_type(argument.type)
    if is_enum_type(type_):
        return str(next(iter(type_.values)))
    assert type_.name in _REQUIRED, f"add a value for the argument {name}: {argument.type}"
    return _REQUIRED[type_.name]
