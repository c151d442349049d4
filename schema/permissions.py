"""Permission is one declaration: what checks is made of the directive that the SDL prints."""

import strawberry
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from executor import Guard
from resolvers.caller import PermissionKey
from resolvers.context import Context

Info = strawberry.Info[Context, None]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The field is open to callers who hold the key. Others get null and an error with code FORBIDDEN.",
)
class RequiresPermission:
    key: str = strawberry.directive_field(name="key")


class _Check(Guard):
    """Checks a directive before its field resolves."""

    def __init__(self, directive: RequiresPermission) -> None:
        self.directive = directive
        self._key = PermissionKey(directive.key)

    def apply(self, field: StrawberryField) -> None:
        field.directives = [*field.directives, self.directive]

    def check(self, context: Context) -> None:
        """Raise PermissionDenied where the caller lacks the key. It asks no database."""
        context.require(self._key)


def requires(key: PermissionKey) -> Guard:
    """Return the extension that opens a field to holders of the key and prints it in the SDL."""
    return _Check(RequiresPermission(key=key.value))
