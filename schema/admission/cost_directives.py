"""The directives of the schema that declare costs, as in the GraphQL Cost Directives specification."""

from typing import Final, TypeVar

import strawberry
from graphql import GraphQLField
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from resolvers.queries.pages import SIZE

SIZING_ARGUMENTS: Final = ("first", "last", "ids")
"""The arguments that set the number of elements of a list or a page: by a number, or by one id for each element."""
DEFAULT_SIZE: Final = SIZE
_DEFINITION: Final = "strawberry-definition"  # the key of Strawberry's field in the extensions of graphql-core's

Directive = TypeVar("Directive")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The number of elements that a list without size arguments counts as in the cost of a query.",
)
class ListSize:
    assumed_size: int = strawberry.directive_field(name="assumedSize")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="The cost of a field that does more than return a value, without its selection. Other fields cost 1.",
)
class CostWeight:
    weight: str = strawberry.directive_field(name="weight")


def declared_size(field: GraphQLField) -> int | None:
    """Return the size that @listSize declares for a field; None if there is no such directive."""
    directive = _directive(field, ListSize)
    return None if directive is None else directive.assumed_size


def declared_weight(field: GraphQLField) -> int:
    """Return the weight that @cost declares for a field; 1 if there is no such directive."""
    directive = _directive(field, CostWeight)
    return 1 if directive is None else int(directive.weight)


def _directive(field: GraphQLField, directive_class: type[Directive]) -> Directive | None:
    definition = field.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryField):
        return None
    return next((item for item in definition.directives if isinstance(item, directive_class)), None)
