"""Requests that select everything in the schema, with a marker in every text argument."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLType,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
    is_required_argument,
)

from schema.execute import graphql_schema
from schema.schema import schema

MARKER = "Zephyrine-Quux"
"""A text that occurs neither in the program and its libraries nor on the machine."""
_SCALARS: dict[str, Any] = {
    "String": f"a {MARKER} of a text",
    "ID": f"{MARKER}-id",
    "Int": 2,
    "Float": 1.5,
    "Boolean": True,
    "Date": "2031-03-14",
    "Time": "09:00:00",
    "DateTime": "2031-03-14T09:00:00Z",
}
_DEEPEST = 7


@dataclass(frozen=True, slots=True)
class Planted:
    """A request: its document, its variables, and the root field that it selects."""

    field: str
    document: str
    variables: dict[str, Any]


def planted_requests() -> Iterator[Planted]:
    """Yield requests for every root field: with each argument, with all arguments, as literals and as variables."""
    core = graphql_schema(schema)
    for operation, root in (("query", core.query_type), ("mutation", core.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            for chosen in _choices(field):
                selection = _selection(field.type, frozenset(), 1)
                values = {argument: _value(field.args[argument].type) for argument in chosen}
                literals = ", ".join(f"{argument}: {_literal(field.args[argument].type)}" for argument in chosen)
                yield Planted(name, f"{operation} {{ {name}{_in_parentheses(literals)}{selection} }}", {})
                if not chosen:
                    continue
                declared = ", ".join(f"${argument}: {field.args[argument].type}" for argument in chosen)
                used = ", ".join(f"{argument}: ${argument}" for argument in chosen)
                yield Planted(name, f"{operation} Ask({declared}) {{ {name}({used}){selection} }}", values)


def _choices(field: GraphQLField) -> list[list[str]]:
    required = [name for name, argument in field.args.items() if is_required_argument(argument)]
    optional = [name for name in field.args if name not in required and name not in {"last", "first"}]
    each = [[*required, name] for name in optional]
    return [required, *each, [*required, *optional]] if optional else [required]


def _selection(type_: GraphQLType, above: frozenset[str], depth: int) -> str:
    named = get_named_type(type_)
    assert named is not None
    if is_leaf_type(named):
        return ""
    assert is_object_type(named) or is_interface_type(named)
    selected = ["__typename"]
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if depth == _DEEPEST or inner.name in above or (name == "edges" and depth > 2):
            continue
        arguments = ", ".join(
            f"{argument}: {_literal(found.type)}"
            for argument, found in field.args.items()
            # An invalid cursor fails its field, so nested fields are selected without one.
            if argument != "last" and (argument not in {"after", "before"} or depth % 2)
        )
        deeper = _selection(field.type, above | {named.name}, depth + 1)
        if deeper or is_leaf_type(inner):
            selected.append(f"{name}{_in_parentheses(arguments)}{deeper}")
    if is_interface_type(named):
        # Only one of them, because fields of the same name differ between types.
        possible = graphql_schema(schema).get_possible_types(named)[0]
        selected.append(f"... on {possible.name}{_selection(possible, above, depth + 1)}")
    return f" {{ {' '.join(selected)} }}"


def _in_parentheses(arguments: str) -> str:
    return f"({arguments})" if arguments else ""


def _value(declared: Any) -> Any:
    type_ = get_nullable_type(declared)
    if is_list_type(type_):
        return [_value(type_.of_type)]
    if is_input_object_type(type_):
        return {name: _value(field.type) for name, field in type_.fields.items()}
    if is_enum_type(type_):
        return next(iter(type_.values))
    return _SCALARS[get_named_type(type_).name]


def _literal(declared: Any) -> str:
    type_ = get_nullable_type(declared)
    if is_list_type(type_):
        return f"[{_literal(type_.of_type)}]"
    if is_input_object_type(type_):
        return "{" + ", ".join(f"{name}: {_literal(field.type)}" for name, field in type_.fields.items()) + "}"
    return str(_value(declared)) if is_enum_type(type_) else json.dumps(_value(declared))
