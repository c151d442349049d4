"""The interface of records that have an id."""

import strawberry


@strawberry.interface(description="A record that node(id) finds.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="For groups, sessions and enrollments a UUID of version 7, which other modules use too; for staff,"
        " locations and patients the id of the registry, any string of at most 64 characters."
    )
