"""Transactions that write; they commit when their block is left. Those that read are in `db.transactions.snapshots`."""

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import bindparam, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.connections.driver import Driver
from db.connections.engine import LOCK_WAIT, WRITES
from db.connections.faults import REFUSALS, OutcomeUnknown, classify_fault, is_unavailable
from db.connections.pg_transactions import driver_transaction
from db.connections.roles import LOCK_SECONDS, Role, act_as, confine_transaction
from db.sql.bulk import json_rows
from db.sql.statement import Statement, of_organization
from db.tables import access_log, audit_log, group_definitions, outbox
from db.transactions.lock_queue import LockQueue, Ticket
from domain.changes import Event, HistoryEntry

_TICK: Final = timedelta(milliseconds=1)
_TIME_BITS_AT: Final = 80
"""Where the milliseconds of a UUID of version 7 begin."""
_groups = group_definitions.c
_CHANGE_GROUP: Final = Statement(
    update(group_definitions)
    .where(of_organization(group_definitions), _groups.id == bindparam("id_", type_=_groups.id.type))
    .values(changed_at=bindparam("now", type_=_groups.changed_at.type))
)
_ADD_HISTORY: Final = Statement(insert(audit_log).inline(), [column.name for column in audit_log.c])
_OF_ENTRY: Final = ("id", "entity_type", "entity_id", "action", "changes")


def _add_histories(*, postgresql: bool) -> Statement:
    """Return what adds any number of entries at once; all that differs between them is in the parameter `rows`."""
    given, columns = json_rows([audit_log.c[name] for name in _OF_ENTRY], postgresql=postgresql)
    shared = {each.name: bindparam(each.name, type_=each.type) for each in audit_log.c if each.name not in columns}
    values = [*columns.values(), *shared.values()]
    return Statement(
        insert(audit_log).from_select([*columns, *shared], select(*values).select_from(given), include_defaults=False)
    )


_ADD_HISTORIES: Final = _add_histories(postgresql=True)
_ADD_HISTORIES_ON_SQLITE: Final = _add_histories(postgresql=False)
_ADD_READING: Final = Statement(insert(access_log).inline(), [column.name for column in access_log.c])
_EVENT_COLUMNS: Final = [column.name for column in outbox.c if column.name not in {"sequence", "transaction_id"}]
_ADD_EVENT: Final = Statement(
    insert(outbox).values(transaction_id=literal_column("pg_current_xact_id()::text::bigint")).inline(), _EVENT_COLUMNS
)
_ADD_EVENT_ON_SQLITE: Final = Statement(
    insert(outbox).values(transaction_id=literal_column("0")).inline(), _EVENT_COLUMNS
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who asks for a change: the caller's id and organization, and the request it came with, and from where."""

    subject: str
    organization_id: str
    correlation_id: str
    client_address: str | None = None


class Transaction(Protocol):
    """A transaction of either database."""

    @property
    def connection(self) -> AsyncConnection:
        """SQLAlchemy's connection, in the transaction."""

    @property
    def driver(self) -> Driver:
        """The driver's connection, in the transaction."""


@dataclass(slots=True)
class UnitOfWork:
    """One transaction that writes, bound to one organization and one moment.

    Attributes:
        transaction: The database's transaction.
        author: Who asks for the change.
        clock: Returns the present instant of this server.
        make_id: Returns a fresh UUID of version 7.
        ticket: The key of the lock queue that the transaction holds.
        now: The moment of the change: by the clock, read behind the lock of the group that changes, but never before
            the group's last change, which another server's clock may have told.
    """

    transaction: Transaction
    author: Author
    clock: Callable[[], datetime]
    make_id: Callable[[], UUID]
    ticket: Ticket
    now: datetime = field(init=False)
    _locked: list[tuple[UUID, datetime]] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)
    _history: list[HistoryEntry] = field(default_factory=list)
    _readings: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.clock()

    @property
    def connection(self) -> AsyncConnection:
        """SQLAlchemy's connection, for statements that are built for one use."""
        return self.transaction.connection

    @property
    def driver(self) -> Driver:
        """The driver's connection, for those that are built once."""
        return self.transaction.driver

    @property
    def organization_id(self) -> str:
        """The organization whose rows this work may touch."""
        return self.author.organization_id

    @property
    def locks_rows(self) -> bool:
        """Whether rows are locked one by one; SQLite has locked the whole database already."""
        return self.driver.on_postgresql

    def require_ticket(self, key: Hashable) -> None:
        """Require the ticket for a row before the statement that locks it. Raise MustQueue."""
        if self.locks_rows:
            self.ticket.require((self.organization_id, key))

    def note_locked(self, group_id: UUID, changed_at: datetime) -> None:
        """Read the clock, now that the group is locked; it last changed at `changed_at`."""
        present = self.clock()
        if present < changed_at:
            # A tick later: ids tell time too, and order the history.
            present = changed_at + _TICK
        self.now = max(self.now, present)
        self._locked.append((group_id, changed_at))

    def new_id(self) -> UUID:
        """Return a fresh UUID of version 7, of no earlier time than the change."""
        made = self.make_id()
        milliseconds = int(self.now.timestamp() * 1000)
        if made.int >> _TIME_BITS_AT >= milliseconds:
            return made
        return UUID(int=milliseconds << _TIME_BITS_AT | made.int & ((1 << _TIME_BITS_AT) - 1))

    def record(self, events: Iterable[Event], history: Iterable[HistoryEntry]) -> None:
        """Note what is to be told; it is stored in this transaction, before it commits."""
        self._events.extend(events)
        self._history.extend(history)

    def record_reading(self, operation: str | None, patient_ids: Iterable[str]) -> None:
        """Note that the author reads these patients' records; stored as above, in one row however many they are."""
        self._readings.append(
            {
                "id": self.new_id(),
                "at": self.now,
                "actor_id": self.author.subject,
                "correlation_id": self.author.correlation_id,
                "client_address": self.author.client_address,
                "operation": operation,
                "patient_ids": sorted(patient_ids),
            }
        )

    async def store_records(self) -> None:
        """Write what was noted into the audit log, the outbox and the access log, and when the groups changed."""
        if self._history:
            changed = [{"id_": group, "now": self.now} for group, before in self._locked if before < self.now]
            if changed:
                await self.store(_CHANGE_GROUP, changed)
        history = [self._history_row(entry) for entry in self._history]
        if len(history) == 1:
            await self.store(_ADD_HISTORY, history)
        elif history:
            shared = {name: value for name, value in history[0].items() if name not in _OF_ENTRY}
            rows = [{name: row[name] for name in _OF_ENTRY} for row in history]
            add_all = _ADD_HISTORIES if self.locks_rows else _ADD_HISTORIES_ON_SQLITE
            await self.store(add_all, [shared | {"rows": rows}])
        if self._events:
            add = _ADD_EVENT if self.locks_rows else _ADD_EVENT_ON_SQLITE
            await self.store(add, [self._outbox_row(told) for told in self._events])
        if self._readings:
            await self.store(_ADD_READING, self._readings)

    async def fetch(self, statement: Statement, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Return the statement's rows as `Driver.fetch` does. Raise DBAPIError."""
        return await self.transaction.driver.fetch(statement, parameters)

    async def store(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each of the rows. Raise DBAPIError."""
        await self.transaction.driver.store(statement, rows)

    def _history_row(self, entry: HistoryEntry) -> dict[str, Any]:
        return {
            "id": self.new_id(),
            "organization_id": self.organization_id,
            "entity_type": entry.entity_type.value,
            "entity_id": entry.entity_id,
            "at": self.now,
            "actor_id": self.author.subject,
            "correlation_id": self.author.correlation_id,
            "action": entry.action,
            "changes": [
                {"field": change.field, "before": change.before, "after": change.after} for change in entry.changes
            ],
        }

    def _outbox_row(self, told: Event) -> dict[str, Any]:
        event_id = self.new_id()
        metadata = {"organization_id": self.organization_id}
        if told.site_id is not None:
            metadata["site_id"] = told.site_id
        metadata |= {
            "user_id": self.author.subject,
            "timestamp": self.now.isoformat(),
            "correlation_id": self.author.correlation_id,
        }
        return {
            "id": event_id,
            "organization_id": self.organization_id,
            "group_definition_id": told.group_definition_id,
            "event": told.name,
            "envelope": {
                "id": str(event_id),
                "event": told.name,
                "publisher": "PM",
                "subscriber": ["CL"],
                "payload": dict(told.payload),
                "metadata": metadata,
            },
            "created_at": self.now,
        }


@asynccontextmanager
async def unit_of_work(
    engine: AsyncEngine,
    author: Author,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    ticket: Ticket | None = None,
    lock_seconds: float = LOCK_SECONDS,
    *,
    role: Role = Role.SERVER,
) -> AsyncIterator[UnitOfWork]:
    """Open a transaction that writes. Leaving the block commits; an exception rolls everything back.

    `db.transactions.retries.transact` runs a decision in one, and retries it. Only operators' commands use another role
    than that of requests.

    Raises:
        OutcomeUnknown: Where the connection is lost during the commit.
    """
    opened: AbstractAsyncContextManager[Transaction] = _sqlite_transaction(engine, author.organization_id, lock_seconds)
    if engine.dialect.name == "postgresql":
        confinement = confine_transaction(author.organization_id, lock_seconds)
        start = confinement if role is Role.SERVER else act_as(role)
        opened = driver_transaction(engine, author.organization_id, f"BEGIN; {start}")
    async with opened as transaction:
        work = UnitOfWork(transaction, author, clock, new_id, ticket or Ticket(LockQueue()))
        yield work
        await work.store_records()


@dataclass(slots=True)
class _SQLiteTransaction:
    connection: AsyncConnection
    driver: Driver


@asynccontextmanager
async def _sqlite_transaction(
    engine: AsyncEngine, organization_id: str, lock_seconds: float
) -> AsyncIterator[_SQLiteTransaction]:
    async with engine.connect() as connection:
        await connection.execution_options(**{WRITES: True, LOCK_WAIT: lock_seconds})
        async with connection.begin() as transaction:
            committing = False
            try:
                pooled = await connection.get_raw_connection()
                yield _SQLiteTransaction(
                    connection, Driver(organization_id, connection.dialect, pooled.driver_connection)
                )
                committing = True
                await transaction.commit()
            except Exception as fault:  # only a lost connection is treated here; the rest is raised on
                kind = classify_fault(fault)
                if kind is None or not is_unavailable(fault):
                    raise
                # It is not asked to roll back: a database that cannot work is not asked for more.
                await connection.invalidate()
                if committing and kind not in REFUSALS:
                    raise OutcomeUnknown(kind) from fault
                raise
