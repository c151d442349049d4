"""Calendar feeds, as clients see them."""

from datetime import datetime

import strawberry

from db.queries.groups import GROUPS
from db.queries.references import LOCATIONS, STAFF
from domain import records
from executor import InstanceOf
from resolvers.caller import PermissionKey
from schema.relations import reference
from schema.types.groups import GroupDefinition
from schema.types.references import Location, StaffMember


@strawberry.type(
    description="An address from which a calendar program reads sessions, from 30 days back to 12 months ahead: those"
    " of a facilitator, of a location or of a group. It has the names of groups and rooms, and no patient."
)
class CalendarFeed:
    id: strawberry.ID = strawberry.field(description="The id of the feed. It is no part of the address.")
    owner_id: strawberry.ID = strawberry.field(
        description="Who created the feed: the caller's id at the identity provider."
    )
    created_at: datetime = strawberry.field(description="When the feed was created.")
    rotated_at: datetime = strawberry.field(description="When the feed got the address that it has now.")

    facilitator = reference(
        StaffMember | None,
        STAFF,
        by="facilitator_id",
        description="The feed has the sessions that they facilitate or co-facilitate; null if it has another subject.",
    )
    location = reference(
        Location | None,
        LOCATIONS,
        by="location_id",
        description="The feed has the sessions there; null if it has another subject. A site includes its rooms.",
    )
    group_definition = reference(
        GroupDefinition | None,
        GROUPS,
        by="group_definition_id",
        description="The feed has the sessions of this group; null if it has another subject.",
        permission=PermissionKey.GROUP_DEFINITIONS_VIEW,
    )

    is_type_of = InstanceOf(records.CalendarFeed)
