"""Permissions: one declaration on a field both checks the caller and prints the directive in the SDL."""

import strawberry
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from executor import Guard
from resolvers.caller import PermissionKey
from resolvers.context import Context

Info = strawberry.Info[Context, None]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="Only callers with the permission may use the field. Others get null and an error with code FORBIDDEN.",
)
class RequiresPermission:
    key: str = strawberry.directive_field(name="key")


class _Check(Guard):
    """Checks the permission of a directive before its field resolves."""

    def __init__(self, directive: RequiresPermission) -> None:
        self.directive = directive
        self._key = PermissionKey(directive.key)

    def apply(self, field: StrawberryField) -> None:
        field.directives = [*field.directives, self.directive]

    def check(self, context: Context) -> None:
        """Raise PermissionDenied if the caller lacks the permission. The check needs no database."""
        context.require(self._key)


def requires(key: PermissionKey) -> Guard:
    """Return the extension that restricts a field to callers with the permission and prints it in the SDL."""
    return _Check(RequiresPermission(key=key.value))
