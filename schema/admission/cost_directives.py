"""What a field costs beside its values: directives that are printed in the schema, and by which queries are charged.

Both are written as in the GraphQL Cost Directives specification, so that tools know them.
"""

from typing import Final, TypeVar

import strawberry
from graphql import GraphQLField
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from resolvers.queries.pages import SIZE

SIZING_ARGUMENTS: Final = ("first", "last")
"""The arguments that say how many elements a list or a page has."""
DEFAULT_SIZE: Final = SIZE
_DEFINITION: Final = "strawberry-definition"  # where Strawberry leaves its own field on GraphQL's

Directive = TypeVar("Directive")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many elements a list that takes no arguments counts as in the cost of a query.",
)
class ListSize:
    assumed_size: int = strawberry.directive_field(name="assumedSize")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="What a field that takes work counts in the cost of a query, beside what is selected of it; others 1.",
)
class CostWeight:
    weight: str = strawberry.directive_field(name="weight")


def declared_size(field: GraphQLField) -> int | None:
    """Return the size that the field's @listSize declares; None where it has none."""
    found = _directive(field, ListSize)
    return None if found is None else found.assumed_size


def declared_weight(field: GraphQLField) -> int:
    """Return the weight that the field's @cost declares, else 1."""
    found = _directive(field, CostWeight)
    return 1 if found is None else int(found.weight)


def _directive(field: GraphQLField, kind: type[Directive]) -> Directive | None:
    definition = field.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryField):
        return None
    return next((found for found in definition.directives if isinstance(found, kind)), None)
