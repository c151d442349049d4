"""Requests with markers: valid ones that select everything in the schema, and invalid ones of every kind."""

import json
import re
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
"""A text that occurs nowhere in the program, its libraries, or the files of the machine."""
MARKER_NAME = MARKER.replace("-", "_")
"""The marker as a name of GraphQL."""
MARKER_NUMBER = 731_942_658
MARKERS = re.compile(f"{MARKER[:9]}.{MARKER[10:]}|{MARKER_NUMBER}|{MARKER_NUMBER:,}", re.IGNORECASE)
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
                yield Planted(name, f"{operation} Planted({declared}) {{ {name}({used}){selection} }}", values)


def planted_mistakes() -> Iterator[Planted]:
    """Yield requests with a marker of the wrong type in every argument and input field, as a literal and a variable."""
    core = graphql_schema(schema)
    for operation, root in (("query", core.query_type), ("mutation", core.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            selection = _faults_selection(field.type)
            required = [argument for argument in field.args if is_required_argument(field.args[argument])]
            for argument, definition in field.args.items():
                others = [other for other in required if other != argument]
                literals = [f"{other}: {_literal(field.args[other].type)}" for other in others]
                for mistake in _mistakes(definition.type):
                    used = ", ".join([*literals, f"{argument}: ${MARKER_NAME}"])
                    query = f"{operation} (${MARKER_NAME}: {definition.type}) {{ {name}({used}){selection} }}"
                    yield Planted(name, query, {MARKER_NAME: mistake})
                    used = ", ".join([*literals, f"{argument}: {_as_literal(mistake)}"])
                    yield Planted(name, f"{operation} {{ {name}({used}){selection} }}", {})


def _faults_selection(type_: GraphQLType) -> str:
    fields = getattr(get_named_type(type_), "fields", {})
    return " { userErrors { message field } }" if "userErrors" in fields else " { __typename }" if fields else ""


def _mistakes(declared: Any) -> Iterator[Any]:
    yield from (MARKER, -MARKER_NUMBER, MARKER_NUMBER + 0.5, [MARKER], {MARKER_NAME: MARKER})
    type_ = get_nullable_type(declared)
    if is_list_type(type_):
        yield from ([mistake] for mistake in _mistakes(type_.of_type))
    elif is_input_object_type(type_):
        valid = _value(type_)
        yield {**valid, MARKER_NAME: MARKER}
        for name, field in type_.fields.items():
            yield {key: value for key, value in valid.items() if key != name}
            yield from ({**valid, name: mistake} for mistake in (*_mistakes(field.type), None))


def _as_literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_as_literal(inner)}" for name, inner in value.items()) + "}"
    return f"[{', '.join(map(_as_literal, value))}]" if isinstance(value, list) else json.dumps(value)


INVALID_DOCUMENTS = tuple(
    document.replace("NAME", MARKER_NAME).replace("TEXT", MARKER).replace("NUMBER", str(MARKER_NUMBER))
    for document in (
        "{ NAME }",
        "{ viewer { NAME: NAME } }",
        "{ viewer { id(NAME: NUMBER) } }",
        "{ viewer { ...NAME } }",
        "{ viewer { ... on NAME { id } } }",
        "{ viewer { id } } fragment NAME on Viewer { id }",
        "{ ...NAME } fragment NAME on Query { ...NAME }",
        "{ viewer { ...NAME } } fragment NAME on Patient { id }",
        "{ viewer { ...NAME } } fragment NAME on Int { id }",
        "{ viewer { id } } fragment NAME on Query { viewer { id } } fragment NAME on Query { viewer { id } }",
        "query NAME($NAME: Int) { viewer { id } }",
        "query NAME($NAME: Int, $NAME: Int) { viewer { id } }",
        "query NAME { node(id: $NAME) { id } }",
        "query NAME($NAME: Int) { node(id: $NAME) { id } }",
        "query NAME($NAME: NAME) { node(id: $NAME) { id } }",
        "query NAME($NAME: Viewer) { node(id: $NAME) { id } }",
        'query NAME($NAME: Int = "TEXT") { groupDefinitions(first: $NAME) { totalCount } }',
        "query NAME { viewer { id } } query NAME { viewer { id } }",
        "query NAME { viewer { id } } { viewer { id } }",
        "{ viewer @NAME { id } }",
        "{ viewer @skip(if: true, NAME: NUMBER) { id } }",
        '{ viewer @skip(if: "TEXT") { id } }',
        "{ viewer { NAME: id NAME: organizationId } }",
        '{ NAME: node(id: "a TEXT") { id } NAME: node(id: "b TEXT") { id } }',
        "type NAME { id: ID } { viewer { id } }",
        "subscription NAME { viewer { id } }",
        "{ groupDefinitions(filter: {groupType: NAME, groupType: NAME}) { totalCount } }",
        '{ patients(search: "TEXT", search: "TEXT") { totalCount } }',
        '{ NAME: patients(after: "TEXT") { totalCount } }',
        "{ NAME: patients(first: -NUMBER) { totalCount } }",
        "NAME",
        "{ viewer(NAME: NAME NAME) }",
        'query NAME "TEXT" { viewer { id } }',
        """{ viewer { id "it's ' TEXT" } }""",
        "query ($NAME: Int = $NAME) { viewer { id } }",
        "{ viewer(a: 1.NAME) { id } }",
        "{ viewer(a: .NUMBER) { id } }",
        "{ viewer(a: NUMBERx) { id } }",
        "{ viewer(a: 0NUMBER) { id } }",
        '{ viewer(a: "\\TEXT") { id } }',
        "{ viewer(a: 'TEXT') { id } }",
        "{ ..NAME }",
        "extend NAME",
        '"TEXT" { viewer { id } }',
        '{ viewer(a: """TEXT',
        "{ viewer { id } # TEXT",
    )
)
"""Documents that do not parse, are not valid, or have a field that fails."""


def reported_text(body: dict[str, Any]) -> str:
    """Return the errors and userErrors of a response as JSON, without the parts that may repeat names of the document.

    Left out are the aliases in an error's path, and the name of a variable in its extensions.
    """
    errors = []
    for error in body.get("errors", ()):
        extensions = {key: value for key, value in error["extensions"].items() if key != "variable"}
        extensions["path"] = extensions.get("path", [])[1:]
        errors.append({**error, "path": None, "extensions": extensions})
    return json.dumps([errors, list(_user_errors(body.get("data")))], ensure_ascii=False)


def _user_errors(data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        yield data.get("userErrors")
        data = list(data.values())
    for inner in data if isinstance(data, list) else ():
        yield from _user_errors(inner)


def _choices(field: GraphQLField) -> list[list[str]]:
    required = [name for name, argument in field.args.items() if is_required_argument(argument)]
    optional = [name for name in field.args if name not in required and name not in {"last", "first"}]
    with_one = [[*required, name] for name in optional]
    return [required, *with_one, [*required, *optional]] if optional else [required]


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
            f"{argument}: {_literal(definition.type)}"
            for argument, definition in field.args.items()
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
