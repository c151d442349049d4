"""Permission is one declaration: the directive that the SDL prints is the object that checks."""

from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from resolvers.caller import PermissionKey
from resolvers.context import Context

Info = strawberry.Info[Context, None]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The field is open to callers who hold the key. Others get null and an error with code FORBIDDEN.",
)
class RequiresPermission:
    key: str = strawberry.directive_field(name="key")

    def check(self, context: Context) -> None:
        """Raises PermissionDenied where the caller lacks the key. It asks no database."""
        context.require(PermissionKey(self.key))


class _Check(FieldExtension):
    """Checks a directive before its field resolves."""

    def __init__(self, directive: RequiresPermission) -> None:
        self.directive = directive

    def apply(self, field: StrawberryField) -> None:
        field.directives = [*field.directives, self.directive]

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        self.directive.check(info.context)
        return next_(source, info, **arguments)

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        self.directive.check(info.context)
        return await next_(source, info, **arguments)


def requires(key: PermissionKey) -> FieldExtension:
    """Gives the extension that opens a field to holders of the key, and says so in the SDL."""
    return _Check(RequiresPermission(key=key.value))
