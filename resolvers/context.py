"""What one request carries: who asks, the clock, the way to the database, and what was loaded already."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from db.connections.engine import Database
from db.connections.faults import classify_fault
from db.sql.lookups import Lookups
from db.stores.idempotency import Claim
from db.transactions.lock_queue import LockQueue
from db.transactions.retries import transact
from db.transactions.snapshots import Snapshot, look_up, open_snapshot
from db.transactions.unit_of_work import Author, UnitOfWork
from resolvers.answering import Answering
from resolvers.caller import Caller, PermissionKey
from resolvers.errors import AnswerWithheld, PermissionDenied, RequestEnded
from resolvers.loaders import Loaders
from resolvers.pace import Pace

Decided = TypeVar("Decided")

WAITLIST_LIMIT: Final = 200
"""How many patients may wait for one group, unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class Clinic:
    """What is the same for every request: the database, the clock, the id generator, and the calendar's settings.

    Attributes:
        engine: The database.
        clock: Gives the present instant, in UTC.
        new_id: Gives a fresh UUID of version 7.
        default_time_zone: IANA name, for groups that name none and have no location.
        first_weekday: The day a week starts on, 0 for Monday to 6 for Sunday.
        waitlist_limit: How many patients may wait for one group.
        lock_queue: The queue of this process for locks in the database.
        pace: How this process computes what takes longer than reading a value.
    """

    engine: Database
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    default_time_zone: str
    first_weekday: int
    waitlist_limit: int = WAITLIST_LIMIT
    lock_queue: LockQueue = field(default_factory=LockQueue)
    pace: Pace = field(default_factory=Pace)


@dataclass(slots=True)
class Context:
    """One request's context. Everything read for one query is of one moment; a write starts a new one.

    Attributes:
        clinic: What is the same for every request.
        caller: Who asks.
        correlation_id: The request's id.
        client_address: Where the request comes from, as far as it is known.
        claim: The claim on the request's Idempotency-Key, where it has one.
        operation: The operation's name, where it has one that is told in logs.
        answering: The mutation's field that is being answered.
        patients_recorded: Whose records the log tells that the request has read.
        loaders: What is loaded for many at once.
        fallbacks: How often the compiled executor has left what it tried to graphql-core: work done twice.
        snapshot: What the request reads from; None until it does.
        changed: Whether a change that the request asks for is stored.
        ended: Whether the answer has been given.
    """

    clinic: Clinic
    caller: Caller
    correlation_id: str
    client_address: str | None = field(init=False, default=None)
    claim: Claim | None = field(init=False, default=None)
    operation: str | None = field(init=False, default=None)
    answering: Answering = field(init=False, default=Answering())
    patients_recorded: frozenset[str] = field(init=False, default=frozenset())
    loaders: Loaders = field(init=False)
    fallbacks: int = field(init=False, default=0)
    changed: bool = field(init=False, default=False)
    _patients_read: set[str] = field(init=False, default_factory=set)
    turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    snapshot: Snapshot | None = field(init=False, default=None)
    _unopened: Exception | None = field(init=False, default=None)
    ended: bool = field(init=False, default=False)
    _read_all: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self)

    def has(self, key: PermissionKey) -> bool:
        """Return whether the caller holds the key."""
        return key in self.caller.permissions

    def require(self, key: PermissionKey) -> None:
        """Raise PermissionDenied where the caller lacks the key."""
        if not self.has(key):
            raise PermissionDenied(key)

    def read(self, loaders: Loaders | None = None) -> "_Reading":
        """Return the request's snapshot, one user of it at a time: a connection answers one statement after another.

        Loaders read for as long as they are the request's own: what was asked before a write shall not open a snapshot
        in the middle of it, which the write's own answer would then be read from.
        """
        return _Reading(self, loaders)

    async def look_up(self, lookups: Lookups, id: object, *, nothing_else: bool) -> list[Any]:
        """Return what each of the lookups finds by the id, by one statement where the database can.

        Args:
            lookups: What is looked for.
            id: The id.
            nothing_else: Whether the request reads nothing but this. Then it needs no snapshot.
        """
        if not nothing_else or self.snapshot is not None:
            async with self.read() as snapshot:
                return await snapshot.look_up(lookups, id)
        if self.ended or self._read_all:
            raise RequestEnded
        self._read_all = True
        try:
            return await look_up(self.clinic.engine, self.caller.organization_id, lookups, id)
        except Exception as fault:  # a database that is away is waited for once, here as below
            self._unopened = fault if classify_fault(fault) is not None else None
            raise

    async def open_snapshot(self) -> Snapshot:
        """Open a snapshot for the request. Raises DBAPIError; once it did, at once the same."""
        if self._unopened is not None:
            raise self._unopened
        try:
            return await open_snapshot(self.clinic.engine, self.caller.organization_id)
        except Exception as fault:  # whatever it is, a database that is away is waited for once
            self._unopened = fault
            raise

    async def transact(self, decide: Callable[[UnitOfWork], Awaitable[Decided]]) -> Decided:
        """Run a decision in a transaction and commits it; what was read before is forgotten.

        Raises what `db.transactions.retries.transact` raises, and what the decision does.
        """
        # A request never holds two connections: many requests at once would each hold one and wait for another.
        await self.close()
        author = Author(self.caller.subject, self.caller.organization_id, self.correlation_id, self.client_address)
        clinic = self.clinic
        return await transact(clinic.engine, clinic.lock_queue, author, clinic.clock, clinic.new_id, decide)

    def fell_back(self) -> None:
        """Count a fallback, and forget what was loaded: what comes next shall find things as they were."""
        self.fallbacks += 1
        self._read_all = False
        self._forget_loaded()

    def note_patients(self, patient_ids: Iterable[str]) -> None:
        """Note whose records the request has read, for the log that `record_reads` writes."""
        self._patients_read.update(patient_ids)

    def record_along(self, work: UnitOfWork, decided: object) -> frozenset[str]:
        """Record in a change's own transaction whose records the request has read, if it reads no more after it.

        Else all of it is recorded together before the answer leaves: one request, one row.

        Args:
            work: The transaction.
            decided: What the use case has decided, of which the answer is made.

        Returns:
            The patients whose records are told in the log, once the transaction commits.
        """
        patients = (self._patients_read | self.answering.patients(decided)) - self.patients_recorded
        if not patients or self.answering.reads_on():
            return frozenset()
        work.record_reading(self.operation, patients)
        return frozenset(patients)

    def note_answer(self, decided: object, recorded: frozenset[str]) -> None:
        """Note whose enrollments a stored change's answer tells, and who of them is in the log by `record_along`."""
        self.note_patients(self.answering.patients(decided))
        self.patients_recorded |= recorded

    async def record_reads(self) -> None:
        """Store whose records the request has read and no change of it has recorded. No answer may leave before it.

        Raises:
            AnswerWithheld: Where the database is busy or away, and the request has changed something before.
        """
        patients = self._patients_read - self.patients_recorded
        if patients:
            operation = self.operation

            async def record(work: UnitOfWork) -> None:
                work.record_reading(operation, patients)

            try:
                await self.transact(record)
            except Exception as fault:  # raised on in any case, as what the caller must know
                if self.changed and classify_fault(fault) is not None:
                    raise AnswerWithheld from fault
                raise
            self.patients_recorded |= patients

    async def close(self) -> None:
        """End the snapshot and forget what was loaded from it."""
        self._forget_loaded()
        if self.snapshot is None and not self.turn.locked():
            self._unopened, self._read_all = None, False
            return
        async with self.turn:
            ended, self.snapshot, self._unopened, self._read_all = self.snapshot, None, None, False
            if ended is not None:
                await ended.close()

    async def end(self) -> None:
        """End the request. A loader of a field that was given up would read on, and keep its connection."""
        self.ended = True
        # What leads from here to the executor leads back, and graphql-core's own leads to itself: what they hold would
        # stay until garbage is collected, after hundreds of requests. The ids of a long report take half a megabyte.
        self.answering = Answering()
        self.patients_recorded = frozenset()
        self._patients_read.clear()
        await self.close()

    def _forget_loaded(self) -> None:
        forgotten, self.loaders = self.loaders, Loaders(self)
        forgotten.forget()


class _Reading:
    """A turn with a request's snapshot, which is opened for the first of them."""

    __slots__ = ("_context", "_loaders")

    def __init__(self, context: Context, loaders: Loaders | None) -> None:
        self._context = context
        self._loaders = loaders

    async def __aenter__(self) -> Snapshot:
        context = self._context
        await context.turn.acquire()
        given_up = self._loaders is not None and self._loaders is not context.loaders
        if context.ended or context._read_all or given_up:  # noqa: SLF001 - of this module
            context.turn.release()
            raise RequestEnded
        try:
            if context.snapshot is None:
                context.snapshot = await context.open_snapshot()
        except BaseException:
            context.turn.release()
            raise
        return context.snapshot

    async def __aexit__(self, *_fault: object) -> None:
        self._context.turn.release()
