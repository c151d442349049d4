"""What can be found by its id."""

import strawberry


@strawberry.interface(description="Something that node(id) finds.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="For groups, sessions and enrollments a UUID of version 7, the same that other modules refer to;"
        " for staff, locations and patients their owner's own id, any string of at most 64 characters."
    )
