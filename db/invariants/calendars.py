"""Checks the invariants of calendars: which sessions fill the slots of a group's recurrence."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from sqlalchemy import func, select

from db.invariants.history import RecordHistory
from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.violations import Invariant, Violation
from db.tables import occurrences
from domain.changes import EntityType

# Actions are spelled out, so that the check does not depend on the code it checks.
_SETS_RECURRENCE_DATE: Final = frozenset({"scheduled", "recurrence_date_recorded"})
# Migrating found out which earlier sessions had been changed by hand.
_SETS_EDITED: Final = frozenset({"updated", "rescheduled", "cancelled", "reopened", "recurrence_date_recorded"})
_CLEARS_EDITED: Final = frozenset({"updated", "rescheduled"})


async def slots_filled_twice(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the groups and days of a recurrence that several sessions fill, cancelled ones aside."""
    group, day = occurrences.c.group_definition_id, occurrences.c.recurrence_date
    query = (
        select(group, day)
        .where(
            occurrences.c.organization_id == snapshot.organization_id,
            occurrences.c.status != "CANCELLED",
            day.is_not(None),
        )
        .group_by(group, day)
        .having(func.count() > 1)
    )
    async for row in snapshot.stream(query):
        yield snapshot.violation(Invariant.SLOT_FILLED_ONCE, {"group": row.group_definition_id}, "recurrence_date")


def slot_violations(snapshot: OrganizationSnapshot, history: RecordHistory) -> Iterator[Violation]:
    """Yield whether a session has left its slot, and whether its `edited` has another cause than a change by hand."""
    if history.entity_type is not EntityType.OCCURRENCE or history.row is None:
        return
    ids = {"session": history.id}
    if not all(_is_first_recurrence_date(entry) for entry in history.entries):
        yield snapshot.violation(Invariant.SLOT_STAYS, ids, "recurrence_date")
    if not _explains_edited(history):
        yield snapshot.violation(Invariant.EDITED_IS_EXPLAINED, ids, "edited")


def _is_first_recurrence_date(entry: Any) -> bool:
    change = _change_of("recurrence_date", entry)
    return change is None or (change["before"] is None and entry.action in _SETS_RECURRENCE_DATE)


def _explains_edited(history: RecordHistory) -> bool:
    """Return whether a person's change sets `edited`, and only reconciling a session of a recurrence clears it.

    A session that was reopened has been edited, whatever it was before.
    """
    is_set = False
    for entry in history.entries:
        change = _change_of("edited", entry)
        if change is None:
            continue
        is_set = is_set or change["after"] is not None
        is_cleared = change["after"] is None
        if entry.action not in (_CLEARS_EDITED if is_cleared else _SETS_EDITED):
            return False
        if is_cleared and history.row is not None and history.row.recurrence_date is None:
            return False
    return is_set or all(entry.action != "reopened" for entry in history.entries)


def _change_of(field: str, entry: Any) -> Any | None:
    return next((change for change in entry.changes if change["field"] == field), None)
