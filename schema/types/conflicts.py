"""Conflicts of the calendar, as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import strawberry

from db.queries.closures import CLOSURES
from db.queries.references import LOCATIONS, PATIENTS, STAFF
from db.queries.sessions import SESSIONS
from domain import conflicts, records
from executor import Batch
from resolvers.caller import PermissionKey
from resolvers.context import Context
from schema.admission.cost_directives import ListSize
from schema.permissions import Info
from schema.relations import reference
from schema.types.closures import Closure
from schema.types.occurrences import Occurrence
from schema.types.references import Location, Patient, StaffMember


async def _sessions(ids_of_conflicts: Sequence[Sequence[UUID]], context: Context) -> list[list[records.Occurrence]]:
    if not context.has(PermissionKey.GROUP_SCHEDULE_VIEW):
        # A mutation that needs another key leads here too. These are other sessions than those it changes.
        return [[] for _ in ids_of_conflicts]
    ids = dict.fromkeys(session_id for ids in ids_of_conflicts for session_id in ids)
    loaded = await context.loaders.records(SESSIONS).load_all(ids)
    stored = {session_id: session for session_id, session in loaded.items() if session is not None}
    return [[stored[session_id] for session_id in ids if session_id in stored] for ids in ids_of_conflicts]


async def _closures(ids: Sequence[UUID], context: Context) -> list[records.Closure | None]:
    if not context.has(PermissionKey.GROUP_SCHEDULE_VIEW):
        return [None for _ in ids]
    return list((await context.loaders.records(CLOSURES).load_all(ids)).values())


@strawberry.type(
    description="Something in two places at once, or a session on a closed day. Conflicts warn; nothing is refused."
)
class Conflict:
    kind: conflicts.ConflictKind = strawberry.field(description="What is in two places at once, or closed.")
    starts_at: datetime = strawberry.field(description="The instant at which the overlap starts.")
    ends_at: datetime = strawberry.field(description="The instant at which the overlap ends.")
    message: str = strawberry.field(
        description="The conflict in words, with its time in the zone of the session that starts first, and no name."
    )

    @strawberry.field(
        graphql_type=list[Occurrence],
        description="The stored sessions that clash, by their start. A session that a dry run would add is not stored."
        " Empty for callers who may not view schedules.",
        directives=[ListSize(assumed_size=2)],
        extensions=[Batch(_sessions, by="session_ids")],
    )
    @staticmethod
    async def occurrences(parent: strawberry.Parent[conflicts.Conflict], info: Info) -> list[records.Occurrence]:
        [sessions] = await _sessions([parent.session_ids], info.context)
        return sessions

    staff_member = reference(
        StaffMember | None, STAFF, by="staff_id", description="The staff member, for FACILITATOR; null otherwise."
    )
    location = reference(
        Location | None, LOCATIONS, by="location_id", description="The location, for LOCATION; null otherwise."
    )

    @strawberry.field(
        graphql_type=Closure | None,
        description="The closure, for CLOSURE; null otherwise, and for callers who may not view schedules.",
        extensions=[Batch(_closures, by="closure_id")],
    )
    @staticmethod
    async def closure(parent: strawberry.Parent[conflicts.Conflict], info: Info) -> records.Closure | None:
        if parent.closure_id is None:
            return None
        [closure] = await _closures([parent.closure_id], info.context)
        return closure

    patient = reference(
        Patient | None,
        PATIENTS,
        by="patient_id",
        description="The patient, for PATIENT; null otherwise.",
        permission=PermissionKey.GROUP_ENROLLMENTS_VIEW,
    )
