"""The schema as a document: the committed text is the code's, and no root field is open by accident."""

import tracemalloc
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from graphql import GraphQLField, GraphQLList, GraphQLObjectType, get_named_type, get_nullable_type

from resolvers.caller import PermissionKey
from schema.admission.cost_directives import SIZING_ARGUMENTS, declared_size
from schema.permissions import RequiresPermission
from schema.schema import export, schema
from tests.support.repository import ROOT

OPEN_TO_ALL_SIGNED_IN = {"node", "nodes", "viewer"}


def test_the_committed_schema_is_the_codes() -> None:
    committed = ROOT / "schema" / "schema.graphql"
    assert committed.read_text() == export(), "run: group-sessions export-schema > schema/schema.graphql"


def test_every_root_field_requires_a_permission_or_is_on_the_short_list() -> None:
    for root in ("Query", "Mutation"):
        root_type = schema.get_type_by_name(root)
        assert root_type is not None
        bare = set()
        for field in root_type.fields:  # type: ignore[union-attr]  # a root type is an object type
            keys = [directive.key for directive in field.directives if isinstance(directive, RequiresPermission)]
            assert len(keys) <= 1
            assert all(PermissionKey(key) for key in keys)
            if not keys:
                bare.add(field.python_name)
        assert bare == (OPEN_TO_ALL_SIGNED_IN if root == "Query" else set())


def test_everything_is_described() -> None:
    types = {name: kind for name, kind in schema._schema.type_map.items() if not name.startswith("__")}
    parts = list(_parts(types))
    assert {"Date", "Query.node", "Query.node.id", "EnrollPatientInput.patientId", "GroupType.IOP"} <= dict(
        parts
    ).keys()
    assert [coordinate for coordinate, part in parts if not part.description] == []


def test_an_encoded_part_of_a_response_keeps_no_more_than_its_text() -> None:
    encode = schema.execution_context_class.encode  # type: ignore[union-attr]  # the compiled executor
    part = [{"id": str(number), "name": "Mindful mornings"} for number in range(100)]
    encode(part)
    tracemalloc.start()
    parts = [encode(part) for _ in range(20)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1.1 * sum(len(orjson.dumps(encoded)) for encoded in parts)


def test_every_list_has_a_size_for_the_cost_of_a_query() -> None:
    types = [
        kind
        for name, kind in schema._schema.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
    ]
    fields = [field for kind in types for field in kind.fields.values()]
    pages = {kind for kind in types if all(map(_has_size_argument, _fields_of_type(kind, fields)))}
    lists = [
        (f"{kind.name}.{name}", field, kind)
        for kind in types
        for name, field in kind.fields.items()
        if isinstance(get_nullable_type(field.type), GraphQLList)
    ]
    assert {"PatientConnection.nodes", "Recurrence.dates", "AuditEntry.changes"} <= {name for name, _, _ in lists}
    assert [
        name
        for name, field, kind in lists
        if not _has_size_argument(field) and declared_size(field) is None and kind not in pages
    ] == []


def _fields_of_type(kind: GraphQLObjectType, fields: list[GraphQLField]) -> list[GraphQLField]:
    """Return the fields whose value is this object. The root types are the value of a field that has no size."""
    return [field for field in fields if get_named_type(field.type) is kind] or [GraphQLField(kind)]


def _has_size_argument(field: GraphQLField) -> bool:
    return any(name in field.args for name in SIZING_ARGUMENTS)


def _parts(members: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each type, field, argument, input field and enum value, with its coordinate."""
    for name, part in members.items():
        yield f"{prefix}{name}", part
        for inner in ("fields", "values", "args"):
            yield from _parts(getattr(part, inner, {}), f"{prefix}{name}.")
