"""The schema breaks no client of the last release, but where the CHANGELOG says so."""

import re

from graphql import DirectiveNode, GraphQLObjectType, GraphQLSchema, build_schema, find_breaking_changes, print_ast

from schema.schema import export
from tests.support.repository import ROOT

_COORDINATE = re.compile(r"@?\w+\.\w+|@\w+|^[A-Z]\w*(?= (?:was|no|changed))")


def _permissions(schema: GraphQLSchema) -> dict[str, set[str]]:
    """Return the key that each field requires, as the directive is printed, by schema coordinate."""
    return {
        f"{name}.{field_name}": {print_ast(node) for node in field.ast_node.directives or () if _requires(node)}
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        for field_name, field in kind.fields.items()
        if field.ast_node is not None
    }


def _requires(directive: DirectiveNode) -> bool:
    return directive.name.value == "requiresPermission"


def _breaking(released: str, current: str) -> set[str]:
    """Return the schema coordinates of what would break a client, such as `Enrollment.patient`."""
    before, after = build_schema(released), build_schema(current)
    broken = {_COORDINATE.findall(change.description)[0] for change in find_breaking_changes(before, after)}
    keys = _permissions(after)
    return broken | {name for name, key in _permissions(before).items() if name in keys and keys[name] != key}


def test_a_breaking_change_is_named_in_the_changelog() -> None:
    unreleased = (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1]
    broken = _breaking((ROOT / "schema" / "released.graphql").read_text(), export())
    assert {name for name in broken if f"`{name}`" not in unreleased} == set()


def test_removed_loosened_and_guarded_fields_are_breaking_changes() -> None:
    released = (
        "directive @requiresPermission(key: String!) on FIELD_DEFINITION type Query { a: Int! b: Int c: Int d: Int }"
    )
    current = (
        "directive @requiresPermission(key: String!) on FIELD_DEFINITION "
        'type Query { a: Int c: Int @requiresPermission(key: "pm.x") d: Int e: Int }'
    )
    assert _breaking(released, current) == {"Query.a", "Query.b", "Query.c"}
