"""Loading and storing closures, and finding the sessions on their days."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.sql.expression import Select

from db.sql.closures import CLOSURES_OF_WINDOW, placed_closure, window_parameters
from db.sql.rows import (
    CLOSURE_COLUMNS,
    LOCATION_COLUMNS,
    OCCURRENCE_COLUMNS,
    closure_record,
    location_record,
    occurrence_record,
)
from db.sql.statement import AnyOf, Statement, constant, equals, of_organization
from db.stores.records import RecordWriter
from db.tables import closures, locations, occurrences
from db.transactions.unit_of_work import UnitOfWork
from domain.closures import ClosureChange, PlacedClosure
from domain.records import Closure, Occurrence, OccurrenceStatus

AFFECTED_LIMIT: Final = 1000
"""How many of the sessions on a closure's days are read, in the order of the calendar. All of them are counted."""
_closures, _sessions = closures.c, occurrences.c
_LOCK: Final = Statement(
    select(*CLOSURE_COLUMNS)
    .where(of_organization(closures), equals(_closures.id), _closures.deleted_at.is_(None))
    .with_for_update()
)
# Advisory locks, since a closure that does not exist yet has no row to lock.
_key = bindparam("key", type_=BigInteger())
_SHARE_CLOSURES: Final = Statement(select(func.pg_advisory_xact_lock_shared(_key)))
_LOCK_CLOSURES: Final = Statement(select(func.pg_advisory_xact_lock(_key)))
_WRITER: Final = RecordWriter(closures, Closure)
_OF_SITE: Final = Statement(select(*LOCATION_COLUMNS).where(of_organization(locations), equals(locations.c.site)))


@dataclass(frozen=True, slots=True)
class AffectedSessions:
    """The scheduled sessions on the days and at the place of a closure: the first of them, and how many there are."""

    sessions: tuple[Occurrence, ...]
    count: int


async def load_closures(work: UnitOfWork, from_date: date, through_date: date) -> list[PlacedClosure]:
    """Return the organization's closures of which a day is in the window, by their first day.

    They cannot change until the transaction ends. Otherwise sessions might be planned on the days of a new closure,
    which would not list them among those that it affects.
    """
    await _lock_closures(work, _SHARE_CLOSURES)
    rows = await work.fetch(CLOSURES_OF_WINDOW, window_parameters(from_date, through_date))
    return list(map(placed_closure, rows))


async def lock_closure(work: UnitOfWork, closure_id: UUID) -> Closure | None:
    """Return the closure, and keep it from changing until the transaction ends. None if it is deleted or unknown.

    Raises:
        MustQueue: If another request of this process holds the lock. `db.transactions.retries` waits for it.
    """
    work.require_tickets(closure_id)
    rows = await work.fetch_locked(_LOCK, {"id": closure_id})
    if not rows:
        return None
    closure = closure_record(rows[0])
    work.read_clock(closure.updated_at)
    return closure


async def save_closure(work: UnitOfWork, change: ClosureChange) -> None:
    """Store a new or changed closure and its history. Do nothing if nothing changed.

    Transactions that have loaded the organization's closures end first. No other one loads them until this one ends.
    """
    if change.history:
        await _lock_closures(work, _LOCK_CLOSURES)
        write = _WRITER.insert if change.closure.version == 1 else _WRITER.update
        await write(work, [change.closure])
        work.record(change.history)


async def find_affected(work: UnitOfWork, placed: PlacedClosure) -> AffectedSessions:
    """Return the sessions on a closure's days that are still scheduled, by date and time."""
    closure = placed.closure
    parameters: dict[str, Any] = {"from_date": closure.from_date, "through_date": closure.through_date}
    select_sessions, count_sessions = _ALL, _COUNT_ALL
    if placed.location is not None:
        nearby = map(location_record, await work.fetch(_OF_SITE, {"site": placed.location.site}))
        parameters["location_ids"] = [location.id for location in nearby if placed.closes(location)]
        select_sessions, count_sessions = _AT_LOCATIONS, _COUNT_AT_LOCATIONS
    affected = tuple(map(occurrence_record, await work.fetch(select_sessions, parameters)))
    if len(affected) < AFFECTED_LIMIT:
        return AffectedSessions(affected, len(affected))
    [[count]] = await work.fetch(count_sessions, parameters)
    return AffectedSessions(affected, count)


async def _lock_closures(work: UnitOfWork, lock: Statement) -> None:
    if work.locks_rows:
        digest = hashlib.sha256(f"closures of {work.organization_id}".encode()).digest()
        await work.fetch(lock, {"key": int.from_bytes(digest[:8], signed=True)})


def _affected(query: Select[Any], *, at_locations: bool) -> Select[Any]:
    first, last = (bindparam(name, type_=_sessions.session_date.type) for name in ("from_date", "through_date"))
    conditions = [AnyOf(_sessions.location_id, "location_ids")] if at_locations else []
    return query.where(
        of_organization(occurrences),
        _sessions.status == constant(OccurrenceStatus.SCHEDULED),
        _sessions.session_date.between(first, last),
        *conditions,
    )


def _select(*, at_locations: bool) -> Statement:
    query = _affected(select(*OCCURRENCE_COLUMNS), at_locations=at_locations)
    in_order = query.order_by(_sessions.session_date, _sessions.start_time, _sessions.id)
    return Statement(in_order.limit(AFFECTED_LIMIT))


def _count(*, at_locations: bool) -> Statement:
    return Statement(_affected(select(func.count()).select_from(occurrences), at_locations=at_locations))


_ALL: Final = _select(at_locations=False)
_AT_LOCATIONS: Final = _select(at_locations=True)
_COUNT_ALL: Final = _count(at_locations=False)
_COUNT_AT_LOCATIONS: Final = _count(at_locations=True)
