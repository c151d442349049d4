"""The fields that payloads of several mutations have."""

from typing import Final

import strawberry

from domain import records
from domain.groups import MAX_CAPACITY
from domain.refusal import Fault
from resolvers.caller import PermissionKey
from resolvers.context import WAITLIST_LIMIT
from schema.admission.cost_directives import ListSize
from schema.permissions import requires
from schema.types import Enrollment, GroupDefinition
from schema.types.user_errors import USER_ERRORS, UserError

_MAX_CHANGED: Final = WAITLIST_LIMIT + 1
"""How many enrollments one change touches at most: one, and all that wait, to get a seat or another position."""


def user_errors_field(size: ListSize = USER_ERRORS) -> tuple[Fault, ...]:
    """Return the field of the user errors."""
    return strawberry.field(
        default=(),
        graphql_type=list[UserError],
        description="Everything that is wrong with the input. Empty if the change was made.",
        directives=[size],
    )


def promoted_field(size: int = MAX_CAPACITY) -> tuple[records.Enrollment, ...]:
    """Return the field of the enrollments that were seated from the waitlist."""
    return strawberry.field(
        default=(),
        graphql_type=list[Enrollment],
        directives=[ListSize(assumed_size=size)],
        description="The enrollments that this change seated from the waitlist, in order.",
    )


def changed_enrollments_field() -> tuple[records.Enrollment, ...]:
    """Return the field of all enrollments that were changed."""
    return strawberry.field(
        default=(),
        graphql_type=list[Enrollment],
        directives=[ListSize(assumed_size=_MAX_CHANGED)],
        description=(
            "Every enrollment that this change touched, after it: first the one that the mutation is about, then "
            "those seated from the waitlist, then those with a new position, both in the order of the waitlist."
        ),
    )


def roster_group_field() -> records.GroupDefinition | None:
    """Return the field of the group whose roster was changed."""
    return strawberry.field(
        default=None,
        graphql_type=GroupDefinition | None,
        extensions=[requires(PermissionKey.GROUP_DEFINITIONS_VIEW)],
        description="The group, with its seats after the change; null if the change was refused.",
    )


def enrollment_field(description: str) -> records.Enrollment | None:
    """Return the field of an enrollment."""
    return strawberry.field(default=None, graphql_type=Enrollment | None, description=description)
