"""Units of work: transactions that write, and commit at the end of their block.

Transactions that read are in `db.transactions.snapshots`.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.driver import Driver
from db.connections.engine import LOCK_WAIT, WRITES
from db.connections.faults import REFUSALS, OutcomeUnknown, classify_fault, is_unavailable
from db.connections.pg_transactions import driver_transaction
from db.connections.roles import LOCK_SECONDS, Role, act_as, confine_transaction
from db.sql.statement import Statement
from db.transactions.journal import ACCESSES, EVENTS, GROUPS, HISTORY, write_journal
from db.transactions.lock_queue import LockQueue, Ticket
from domain.changes import Event, HistoryEntry
from domain.session_changes import SessionChange

_TICK: Final = timedelta(milliseconds=1)
_TIMESTAMP_SHIFT: Final = 80
"""How many bits of a UUID of version 7 come after its timestamp in milliseconds."""


class _Discarded(Exception):
    """Rolls back the transaction of a dry run."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change: the caller's id and organization, the request's id, and the address it came from."""

    subject: str
    organization_id: str
    correlation_id: str
    client_address: str | None = None


@dataclass(slots=True)
class UnitOfWork:
    """One transaction that writes, for one organization and at one instant.

    Attributes:
        driver: The driver's connection, in the transaction.
        actor: Who makes the change.
        clock: Returns the present instant of this server.
        make_id: Returns a fresh UUID of version 7.
        ticket: The keys of the lock queue that the transaction holds.
        now: The instant of the change. It is read once the group or closure is locked, and is never before its last
            change, which a server with another clock may have made.
        session_changes: The changes of sessions that it has stored so far.
        discarded: Whether the transaction is rolled back at the end of its block, because it is a dry run.
    """

    driver: Driver
    actor: Actor
    clock: Callable[[], datetime]
    make_id: Callable[[], UUID]
    ticket: Ticket
    now: datetime = field(init=False)
    discarded: bool = field(init=False, default=False)
    _least_id: int = field(init=False)
    _locked: list[tuple[UUID, datetime]] = field(default_factory=list)
    session_changes: list[SessionChange] = field(init=False, default_factory=list)
    _events: list[Event] = field(default_factory=list)
    _history: list[HistoryEntry] = field(default_factory=list)
    _accesses: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._set_now(self.clock())

    def _set_now(self, now: datetime) -> None:
        self.now = now
        self._least_id = int(now.timestamp() * 1000) << _TIMESTAMP_SHIFT

    @property
    def organization_id(self) -> str:
        """The organization whose rows the transaction may read and write."""
        return self.actor.organization_id

    @property
    def locks_rows(self) -> bool:
        """Whether rows are locked one by one. SQLite locks the whole database when the transaction begins."""
        return self.driver.on_postgresql

    def require_tickets(self, *ids: UUID) -> None:
        """Require the tickets for rows before the statement that locks them. Raise MustQueue."""
        if self.locks_rows:
            self.ticket.require(*((self.organization_id, str(row_id)) for row_id in ids))

    def note_locked(self, group_id: UUID, changed_at: datetime) -> None:
        """Read the clock, now that a group is locked. `changed_at` is when the group last changed."""
        self.read_clock(changed_at)
        self._locked.append((group_id, changed_at))

    def read_clock(self, changed_at: datetime) -> None:
        """Read the clock, now that a record is locked. `changed_at` is when the record last changed."""
        present = self.clock()
        if present < changed_at:
            # A millisecond later, since the timestamps of new ids order the history.
            present = changed_at + _TICK
        self._set_now(max(self.now, present))

    def discard(self) -> None:
        """Roll everything back at the end of the block, without an error. No history and no events are written."""
        self.discarded = True

    def new_id(self) -> UUID:
        """Return a fresh UUID of version 7 whose timestamp is not before `now`."""
        fresh = self.make_id()
        if fresh.int >= self._least_id:
            return fresh
        return UUID(int=self._least_id | fresh.int & ((1 << _TIMESTAMP_SHIFT) - 1))

    def record(self, history: Iterable[HistoryEntry], events: Iterable[Event] = ()) -> None:
        """Add entries to the history and events to the outbox when the transaction commits."""
        self._history.extend(history)
        self._events.extend(events)

    def record_access(self, operation: str | None, patient_ids: Iterable[str]) -> None:
        """Add to the access log, when the transaction commits, that the actor reads these patients' records."""
        self._accesses.append({"id": self.new_id(), "operation": operation, "patient_ids": sorted(patient_ids)})

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return the statement's rows as `Driver.fetch` does. Raise DBAPIError."""
        return await self.driver.fetch(statement, parameters)

    async def fetch_locked(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return the rows of a statement that locks them, and measure how long it takes. Raise DBAPIError."""
        if not self.locks_rows:
            return await self.fetch(statement, parameters)
        started = time.perf_counter()
        try:
            return await self.fetch(statement, parameters)
        finally:
            self.ticket.waited_in_database(time.perf_counter() - started)

    async def store(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each of the rows. Raise DBAPIError."""
        await self.driver.store(statement, rows)

    async def write_journal(self) -> None:
        """Write the history, the events, the access log, and when the locked groups changed. Raise DBAPIError."""
        changed = [group_id for group_id, changed_at in self._locked if changed_at < self.now]
        shared = {
            "now": self.now,
            "actor_id": self.actor.subject,
            "correlation_id": self.actor.correlation_id,
            "client_address": self.actor.client_address,
        }
        metadata = {site_id: self._metadata(site_id) for site_id in {event.site_id for event in self._events}}
        rows: dict[str, Sequence[Any]] = {
            HISTORY: [self._history_row(entry) for entry in self._history],
            EVENTS: [self._outbox_row(event, metadata[event.site_id]) for event in self._events],
            ACCESSES: self._accesses,
            GROUPS: changed if self._history else [],
        }
        await write_journal(self.driver, shared, rows)

    def _history_row(self, entry: HistoryEntry) -> dict[str, Any]:
        return {
            "id": self.new_id(),
            "entity_type": str(entry.entity_type),
            "entity_id": entry.entity_id,
            "action": entry.action,
            "changes": entry.changes,
        }

    def _metadata(self, site_id: str | None) -> dict[str, str]:
        """Return the metadata that the events of a site have in common."""
        return {
            "organization_id": self.organization_id,
            **({} if site_id is None else {"site_id": site_id}),
            "user_id": self.actor.subject,
            "timestamp": self.now.isoformat(),
            "correlation_id": self.actor.correlation_id,
        }

    def _outbox_row(self, event: Event, metadata: Mapping[str, str]) -> dict[str, Any]:
        event_id = self.new_id()
        return {
            "id": event_id,
            "group_definition_id": event.group_definition_id,
            "event": event.name,
            "envelope": {
                "id": event_id,
                "event": event.name,
                "publisher": "PM",
                "subscriber": ["CL"],
                "payload": event.payload,
                "metadata": metadata,
            },
        }


@asynccontextmanager
async def unit_of_work(
    engine: AsyncEngine,
    actor: Actor,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    ticket: Ticket | None = None,
    lock_seconds: float = LOCK_SECONDS,
    *,
    role: Role = Role.SERVER,
) -> AsyncIterator[UnitOfWork]:
    """Open a transaction that writes. It commits at the end of the block, unless the work is discarded.

    An exception rolls everything back.

    Requests use `db.transactions.retries.transact`, which opens one and retries it. Only operators' commands pass
    another role than that of requests.

    Raises:
        OutcomeUnknown: If the connection is lost during the commit.
    """
    opened: AbstractAsyncContextManager[Driver] = _sqlite_transaction(engine, actor.organization_id, lock_seconds)
    if engine.dialect.name == "postgresql":
        confinement = confine_transaction(actor.organization_id, lock_seconds)
        start = confinement if role is Role.SERVER else act_as(role)
        opened = driver_transaction(engine, await engine.raw_connection(), actor.organization_id, f"BEGIN; {start}")
    with suppress(_Discarded):
        async with opened as driver:
            work = UnitOfWork(driver, actor, clock, new_id, ticket or Ticket(LockQueue()))
            yield work
            if work.discarded:
                raise _Discarded
            await work.write_journal()


@asynccontextmanager
async def unit_of_work_in(
    connection: AsyncConnection, actor: Actor, clock: Callable[[], datetime], new_id: Callable[[], UUID]
) -> AsyncIterator[UnitOfWork]:
    """Open a unit of work in a connection's transaction. Its journal is written at the end of the block.

    The transaction's holder commits. It has no queue for locks, because operators' commands run alone in a process.
    """
    pooled = await connection.get_raw_connection()
    driver = Driver(actor.organization_id, connection.dialect, pooled.driver_connection)
    work = UnitOfWork(driver, actor, clock, new_id, Ticket(LockQueue()))
    yield work
    await work.write_journal()


@asynccontextmanager
async def _sqlite_transaction(engine: AsyncEngine, organization_id: str, lock_seconds: float) -> AsyncIterator[Driver]:
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True, LOCK_WAIT: lock_seconds})
        async with connection.begin() as transaction:
            committing = False
            try:
                pooled = await connection.get_raw_connection()
                yield Driver(organization_id, connection.dialect, pooled.driver_connection)
                committing = True
                await transaction.commit()
            except Exception as fault:  # drivers raise many kinds; classify_fault sorts them
                kind = classify_fault(fault)
                if kind is None or not is_unavailable(fault):
                    raise
                # No rollback: it would wait once more for a database that cannot work.
                await connection.invalidate()
                if committing and kind not in REFUSALS:
                    raise OutcomeUnknown(kind) from fault
                raise
