"""The schema as a whole, and its text."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.mutations import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.types import Enrollment, GroupDefinition, Location, Occurrence, Patient, StaffMember

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    # Those that only node(id) may lead to are named, so that it can answer with any of them.
    types=[GroupDefinition, Occurrence, Enrollment, StaffMember, Location, Patient],
    config=StrawberryConfig(scalar_map=SCALARS),
)


def export() -> str:
    """Gives the schema in GraphQL's schema definition language."""
    return schema.as_str() + "\n"
