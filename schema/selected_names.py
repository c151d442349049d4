"""The fields that are selected below a field, for resolvers that graphql-core calls."""

from collections.abc import Sequence
from typing import Any, cast

import strawberry
from graphql import GraphQLObjectType, GraphQLResolveInfo, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues


def selected_names(info: strawberry.Info[Any], *path: str) -> frozenset[str]:
    """Return the names of the fields that are selected on the field's object, after fragments, @skip and @include.

    With a path of field names, return those that are selected on the object at its end.
    """
    raw = info._raw_info  # noqa: SLF001 - `info.selected_fields` ignores @skip and @include
    parent = cast("GraphQLObjectType", get_named_type(raw.return_type))
    fields = _selected(raw, parent, [FieldDetails(node, None) for node in raw.field_nodes])
    for name in path:
        parent = cast("GraphQLObjectType", get_named_type(parent.fields[name].type))
        fields = _selected(raw, parent, fields.get(name, []))
    return frozenset(fields)


def _selected(
    raw: GraphQLResolveInfo[Any], parent: GraphQLObjectType, details: Sequence[FieldDetails]
) -> dict[str, list[FieldDetails]]:
    """Return what is selected on an object of fields, by name. A field with several aliases is one."""
    collected = collect_subfields(
        raw.schema,
        {name: FragmentDetails(fragment) for name, fragment in raw.fragments.items()},
        # Strawberry's executor passes the values without their sources.
        VariableValues({}, cast("dict[str, Any]", raw.variable_values)),
        raw.operation,
        parent,
        list(details),
    )
    fields: dict[str, list[FieldDetails]] = {}
    for of_alias in collected.grouped_field_set.values():
        fields.setdefault(of_alias[0].node.name.value, []).extend(of_alias)
    return fields
