"""The subscription type: changes as they happen."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from resolvers.queries.changes import follow_changes
from schema.permissions import Info
from schema.selected_names import selected_names
from schema.types.changes import Change


@strawberry.type(description="The streams of the API.")
class Subscription:
    @strawberry.subscription(
        description="The changes of sessions and enrollments in your organization as they happen, in order, each once."
        " Those of sessions need the permission pm.group_schedule.view, and those of enrollments"
        " pm.group_enrollments.view; you get the kinds that you may view."
    )
    async def changes(
        self,
        info: Info,
        after: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The id of the last change that you have. The stream continues after it. Without it, the"
                " stream starts with the next change."
            ),
        ] = None,
        group_definition_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Only changes of these groups, at most 100; all groups by default."),
        ] = None,
    ) -> AsyncGenerator[Change, None]:
        discloses_patients = "patientId" in selected_names(info)
        return await follow_changes(  # type: ignore[return-value]  # records of the domain, as in every field
            info.context, after, group_definition_ids, discloses_patients=discloses_patients
        )
