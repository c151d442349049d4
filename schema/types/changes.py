"""Changes, as subscribers see them."""

from datetime import datetime

import strawberry

from resolvers.ids import PATIENT_IDS


@strawberry.type(
    description="What happened to a session or an enrollment of a group. It holds ids only: read what you may view of"
    " the records by a query."
)
class Change:
    id: strawberry.ID = strawberry.field(description="The id of the event. Pass it as `after` to continue after it.")
    event: str = strawberry.field(description="The name of the event, for example pm_group_patient_promoted.")
    at: datetime = strawberry.field(description="When it happened.")
    group_definition_id: strawberry.ID = strawberry.field(description="The group.")
    occurrence_id: strawberry.ID | None = strawberry.field(
        description="The session; null for an event of an enrollment."
    )
    enrollment_id: strawberry.ID | None = strawberry.field(
        description="The enrollment; null for an event of a session."
    )
    correlation_id: str = strawberry.field(description="The X-Request-ID of the request that made the change.")
    actor_id: str = strawberry.field(description="The id of the caller who made it, at the identity provider.")

    @strawberry.field(
        description="The enrollment's patient; null for an event of a session. If you select it, the access log has the"
        " patients of all changes that you receive."
    )
    @staticmethod
    def patient_id(parent: strawberry.Parent["Change"]) -> strawberry.ID | None:
        patient_id = parent.patient_id
        return None if patient_id is None else strawberry.ID(f"{PATIENT_IDS.prefix}{patient_id}")
