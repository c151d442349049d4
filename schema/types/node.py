"""The interface of records that have an id."""

import strawberry


@strawberry.interface(description="A record that node(id) finds.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Unique across all types. For groups, sessions, enrollments, closures and entries of the history a"
        " UUID of version 7, which other modules use too; for staff, locations and patients the prefix staff:,"
        " location: or patient: and the registryId."
    )
