"""Selections of everything reachable from a type, by every combination of permissions on the way."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    get_directive_values,
    get_named_type,
    is_enum_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
)

_WHOLE_SELECTIONS = 2
_REQUIRED = {"Date": '"2033-07-01"', "Int": "8", "Boolean": "true"}
_SMALL = {"weeks": "1"}
"""Optional arguments that keep responses small: each group on each path has that many weeks."""


def whole_selections(schema: GraphQLSchema, type_: GraphQLNamedType) -> list[str]:
    """Return the selection of everything reachable from a type. For an interface, return one per implementing type.

    Each record is selected as a whole behind each combination of required permissions, a few times at most. Further
    occurrences of it, and those below itself, are selected without the records that it leads to: all paths would be
    millions.
    """
    if not is_interface_type(type_):
        return [_Selections(schema).of(type_)]
    # Not in one document, because fields of the same name differ in type.
    return [
        f"{{ ... on {possible.name}{_Selections(schema).of(possible)} }}"
        for possible in schema.get_possible_types(type_)
    ]


class _Selections:
    def __init__(self, schema: GraphQLSchema) -> None:
        self._permission = schema.get_directive("requiresPermission")
        self._expanded: Counter[tuple[str, frozenset[str]]] = Counter()

    def of(
        self, type_: GraphQLNamedType, keys: frozenset[str] = frozenset(), above: frozenset[str] = frozenset()
    ) -> str:
        """Return the selection of a type, behind fields that require these keys and below these types."""
        if is_leaf_type(type_):
            return ""
        assert is_object_type(type_), f"cannot select fields of {type_}"
        whole = type_.name not in above and self._expanded[type_.name, keys] < _WHOLE_SELECTIONS
        if not type_.name.endswith(("Connection", "Edge")):
            self._expanded[type_.name, keys] += 1
            above |= {type_.name}
        selected = ["__typename"]
        for name, field in type_.fields.items():
            inner = get_named_type(field.type)
            if whole or is_leaf_type(inner):
                below = self.of(inner, keys | self._keys(field), above)
                selected.append(f"{name}{required_arguments(field.args)}{below}")
        return f" {{ {' '.join(selected)} }}"

    def _keys(self, field: GraphQLField) -> frozenset[str]:
        if self._permission is None or field.ast_node is None:
            return frozenset()
        arguments = get_directive_values(self._permission, field.ast_node)
        return frozenset() if arguments is None else frozenset({arguments["key"]})


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
