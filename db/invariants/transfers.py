"""Checks that the two enrollments of each transfer name each other in their histories."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import select

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.violations import Invariant, Violation
from db.tables import audit_log
from domain.changes import EntityType

_ACTIONS: Final = ("transferred", "enrolled", "waitlisted")


async def one_sided_transfers(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the enrollments whose counterpart in a transfer does not name them.

    Both entries of a transfer have the same time, so only the pairs of one moment are in memory, and those that are
    incomplete.
    """
    query = (
        select(audit_log.c.entity_id, audit_log.c.action, audit_log.c.changes)
        .where(
            audit_log.c.organization_id == snapshot.organization_id,
            audit_log.c.entity_type == EntityType.ENROLLMENT.value,
            audit_log.c.action.in_(_ACTIONS),
        )
        .order_by(audit_log.c.at)
    )
    # The entries without the other side yet, by the ids of the enrollment that ended and of the new one.
    pending: dict[tuple[str, str], str] = {}
    async for row in snapshot.stream(query):
        enrollment, others = str(row.entity_id), _other_ids(row.changes)
        if row.action == "transferred" and len(others) != 1:
            yield snapshot.violation(Invariant.TRANSFERS_HAVE_TWO_SIDES, {"enrollment": enrollment})
        for other in others:
            pair = (enrollment, other) if row.action == "transferred" else (other, enrollment)
            if pending.pop(pair, enrollment) == enrollment:
                pending[pair] = enrollment
    for enrollment in pending.values():
        yield snapshot.violation(Invariant.TRANSFERS_HAVE_TWO_SIDES, {"enrollment": enrollment})


def _other_ids(changes: list[dict[str, str]]) -> list[str]:
    return [change["after"] for change in changes if change["field"] in {"transferred_to", "transferred_from"}]
