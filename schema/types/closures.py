"""Closures, as clients see them."""

from datetime import date, datetime

import strawberry

from db.queries.history import HISTORY_OF
from db.queries.references import LOCATIONS
from domain import records
from domain.changes import EntityType
from executor import FromAttribute, InstanceOf
from schema.connections import Connection
from schema.relations import connection, reference
from schema.types.history import AuditEntry
from schema.types.node import Node
from schema.types.references import Location


@strawberry.type(
    description="Days without sessions, such as a holiday. Generating and reconciling schedule none on them. Sessions"
    " that are scheduled already stay."
)
class Closure(Node):
    name: str = strawberry.field(description="The reason, for people.")
    from_: date = strawberry.field(
        name="from", description="The first local day, included.", extensions=[FromAttribute("from_date")]
    )
    through: date = strawberry.field(
        description="The last local day, included.", extensions=[FromAttribute("through_date")]
    )
    version: int = strawberry.field(description="Grows with every change; pass it as expectedVersion.")
    created_at: datetime = strawberry.field(description="When the closure was created.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    location = reference(
        Location | None,
        LOCATIONS,
        by="location_id",
        description="The location that is closed; null if it is the whole organization. A site, which is a location"
        " without a room, includes all locations of the same site.",
    )
    history = connection(
        Connection[AuditEntry],
        HISTORY_OF[EntityType.CLOSURE],
        description="The changes of the closure, newest first.",
    )

    is_type_of = InstanceOf(records.Closure)
