"""History, as clients see it."""

from datetime import datetime

import strawberry
from strawberry.utils.str_converters import to_camel_case

from domain.changes import FieldChange


@strawberry.type(description="One field before and after a change.")
class AuditChange:
    before: str | None = strawberry.field(description="Its value before, as text; null where it had none.")
    after: str | None = strawberry.field(description="Its value after, as text; null where it has none.")

    @strawberry.field(description="The field's name, as inputs and answers have it, for example maxCapacity.")
    @staticmethod
    def field(parent: strawberry.Parent[FieldChange]) -> str:
        return to_camel_case(parent.field)


@strawberry.type(description="One change of a record. History is only ever added to.")
class AuditEntry:
    id: strawberry.ID = strawberry.field(description="The entry's id.")
    at: datetime = strawberry.field(description="When it happened.")
    actor_id: str = strawberry.field(description="Who did it: the caller's id at the identity provider.")
    action: str = strawberry.field(description="What was done, for example created or cancelled.")
    changes: list[AuditChange] = strawberry.field(description="Each field that changed, before and after.")
