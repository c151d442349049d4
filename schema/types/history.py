"""History, as clients see it."""

from datetime import datetime
from typing import Final

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db.queries.history import StoredChange, StoredFieldChange
from db.queries.references import STAFF
from domain.changes import max_changes
from domain.records import Closure, Enrollment, GroupDefinition, Occurrence
from executor import InstanceOf
from schema.admission.cost_directives import ListSize
from schema.relations import reference
from schema.types.node import Node
from schema.types.references import StaffMember

_MAX_CHANGES: Final = max(max_changes(record) for record in (GroupDefinition, Occurrence, Enrollment, Closure))
_API_NAMES: Final = {"from_date": "from", "through_date": "through"}
"""The names in the API of those fields whose names differ in more than their case."""


@strawberry.type(description="A field before and after a change.")
class AuditChange:
    before: str | None = strawberry.field(description="The value before, as text; null if there was none.")
    after: str | None = strawberry.field(description="The value after, as text; null if there is none.")

    @strawberry.field(description="The name of the field in the API, for example maxCapacity.")
    @staticmethod
    def field(parent: strawberry.Parent[StoredFieldChange]) -> str:
        return _API_NAMES.get(parent.field) or to_camel_case(parent.field)


@strawberry.type(description="A change of a record. Entries are never changed or removed.")
class AuditEntry(Node):
    at: datetime = strawberry.field(description="When it happened.")
    actor_id: str = strawberry.field(description="The id of the caller at the identity provider.")
    action: str = strawberry.field(description="The action, for example created or cancelled.")
    changes: list[AuditChange] = strawberry.field(
        description="The fields that changed, with their values before and after.",
        directives=[ListSize(assumed_size=_MAX_CHANGES)],
    )
    actor = reference(
        StaffMember | None,
        STAFF,
        by="actor_id",
        description="The member of staff whose registry id is actorId; null if there is none.",
    )

    is_type_of = InstanceOf(StoredChange)
