"""How long lists are: by arguments of paging, or by one declaration that is printed in the schema and charged."""

from typing import Final

import strawberry
from graphql import GraphQLField
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from resolvers.pages import SIZE

SIZING_ARGUMENTS: Final = ("first", "last")
"""The arguments that say how many elements a list or a page has."""
DEFAULT_SIZE: Final = SIZE
_DEFINITION: Final = "strawberry-definition"  # where Strawberry leaves its own field on GraphQL's


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many elements a list that takes no arguments counts as in the cost of a query.",
)
class ListSize:
    assumed_size: int = strawberry.directive_field(name="assumedSize")


def declared_size(field: GraphQLField) -> int | None:
    """Gives the size that the field's @listSize declares; None where it has none."""
    definition = field.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryField):
        return None
    return next((found.assumed_size for found in definition.directives if isinstance(found, ListSize)), None)
