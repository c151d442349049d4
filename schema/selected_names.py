"""The fields that are selected below a field, for resolvers that graphql-core calls."""

from typing import Any, cast

import strawberry
from graphql import GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues


def selected_names(info: strawberry.Info[Any]) -> set[str]:
    """Return the names of the fields that are selected on the field's object, after fragments, @skip and @include."""
    raw = info._raw_info  # noqa: SLF001 - `info.selected_fields` ignores @skip and @include
    collected = collect_subfields(
        raw.schema,
        {name: FragmentDetails(fragment) for name, fragment in raw.fragments.items()},
        # Strawberry's executor passes the values without their sources.
        VariableValues({}, cast("dict[str, Any]", raw.variable_values)),
        raw.operation,
        cast("GraphQLObjectType", get_named_type(raw.return_type)),
        [FieldDetails(node, None) for node in raw.field_nodes],
    )
    return {details[0].node.name.value for details in collected.grouped_field_set.values()}
