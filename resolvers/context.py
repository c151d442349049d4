"""The context of one request: who asks, what it reads, and which patients it discloses."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from db.connections.engine import Database
from db.connections.faults import classify_fault
from db.stores.idempotency import Claim
from db.transactions.lock_queue import LockQueue
from db.transactions.retries import transact
from db.transactions.unit_of_work import Actor, UnitOfWork
from domain.conflicts import ConflictKind
from domain.groups import ClinicDefaults
from domain.rule_set_document import SHIPPED_RULE_SETS
from domain.rule_sets import RuleSets
from domain.schedule_impact import ScheduleImpact
from resolvers.caller import Caller, PermissionKey
from resolvers.change_feed import ChangeFeed
from resolvers.disclosures import Disclosures
from resolvers.errors import PermissionDenied, ResponseWithheld
from resolvers.late_releases import LateReleases
from resolvers.pace import Pace
from resolvers.request_loaders import RequestLoaders
from resolvers.request_snapshot import RequestSnapshot

Decided = TypeVar("Decided")

WAITLIST_LIMIT: Final = 200
"""The default limit of patients on the waitlist of one group."""


@dataclass(frozen=True, slots=True)
class Clinic:
    """What all requests share: the database, the clock, the id generator, and settings of the calendar.

    Attributes:
        engine: The database.
        clock: Returns the present instant, in UTC.
        new_id: Returns a new UUID of version 7.
        default_time_zone: IANA name, for groups without a time zone and a location.
        first_weekday: The day a week starts on, 0 for Monday to 6 for Sunday.
        waitlist_limit: The limit of patients on the waitlist of one group.
        rule_sets: The rule sets of intensive programs.
        lock_queue: The queue of this process for locks in the database.
        pace: Shares the event loop between long computations and other requests.
        change_feed: The newest changes, for subscribers.
        late_releases: The leases to end once the database can be reached again.
    """

    engine: Database
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]
    default_time_zone: str
    first_weekday: int
    waitlist_limit: int = WAITLIST_LIMIT
    rule_sets: RuleSets = SHIPPED_RULE_SETS
    lock_queue: LockQueue = field(default_factory=LockQueue)
    pace: Pace = field(default_factory=Pace)
    change_feed: ChangeFeed = field(default_factory=ChangeFeed)
    late_releases: LateReleases = field(default_factory=LateReleases)

    @property
    def defaults(self) -> ClinicDefaults:
        """What the clinic offers its groups."""
        return ClinicDefaults(self.default_time_zone, self.rule_sets)

    async def transact(self, actor: Actor, decide: Callable[[UnitOfWork], Awaitable[Decided]]) -> Decided:
        """Run a decision in a transaction and commit it.

        Raises what `db.transactions.retries.transact` and the decision raise.
        """
        return await transact(self.engine, self.lock_queue, actor, self.clock, self.new_id, decide)


@dataclass(slots=True)
class Context:
    """The context of one request. Everything is read from one snapshot until a write; reads after it use a new one.

    Attributes:
        clinic: What all requests share.
        caller: Who asks.
        correlation_id: The request's id.
        client_address: The address of the client, if known.
        claim: The claim on the request's Idempotency-Key, if it has one.
        root_field: The response name of the root field that is being resolved, if it is a mutation.
        impact_fields: The names of the fields that the response contains of what the current mutation does to others.
        impact: What the current mutation does to others, if it is measured and the mutation has run.
        snapshot: The snapshot that the request reads from.
        loaders: Loads records for many fields at once.
        disclosures: The patients whose records the request has read.
        fallbacks: How often the compiled executor has left an operation to graphql-core, which repeats its work.
        changed: Whether a change that the request makes is committed.
        has_secret: Whether the response shows a secret that is stored nowhere, so that it must not be stored either.
        ended: Whether the request has ended.
    """

    clinic: Clinic
    caller: Caller
    correlation_id: str
    client_address: str | None = None
    claim: Claim | None = field(init=False, default=None)
    root_field: str = field(init=False, default="")
    impact_fields: frozenset[str] = field(init=False, default=frozenset())
    impact: ScheduleImpact | None = field(init=False, default=None)
    snapshot: RequestSnapshot = field(init=False)
    loaders: RequestLoaders = field(init=False)
    disclosures: Disclosures = field(init=False, default_factory=Disclosures)
    fallbacks: int = field(init=False, default=0)
    changed: bool = field(init=False, default=False)
    has_secret: bool = field(init=False, default=False)
    ended: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._start_reading()

    def has(self, key: PermissionKey) -> bool:
        """Return whether the caller holds the key."""
        return key in self.caller.permissions

    def require(self, key: PermissionKey) -> None:
        """Raise PermissionDenied if the caller lacks the key."""
        if not self.has(key):
            raise PermissionDenied(key)

    @property
    def conflict_kinds(self) -> frozenset[ConflictKind]:
        """The kinds of conflicts that the caller may view: those of patients need a key of their own."""
        if self.has(PermissionKey.GROUP_ENROLLMENTS_VIEW):
            return frozenset(ConflictKind)
        return frozenset(ConflictKind) - {ConflictKind.PATIENT}

    @property
    def actor(self) -> Actor:
        """The caller, as the one who makes changes."""
        return Actor(self.caller.subject, self.caller.organization_id, self.correlation_id, self.client_address)

    async def transact(self, decide: Callable[[UnitOfWork], Awaitable[Decided]]) -> Decided:
        """Run a decision in a transaction and commit it. Close the snapshot first.

        Raises what `db.transactions.retries.transact` and the decision raise.
        """
        # A request never holds two connections: many requests at once would each hold one and wait for another.
        await self.close()
        return await self.clinic.transact(self.actor, decide)

    def fell_back(self) -> None:
        """Count a fallback, and let graphql-core read the same records again from the same snapshot."""
        self.fallbacks += 1
        self.snapshot.restart()
        self._replace_loaders()

    async def record_disclosures(self, storing: "asyncio.Future[None] | None" = None) -> None:
        """Store an access row for the patients that no mutation of the request has recorded.

        No response may leave before it.

        Args:
            storing: Gets a result when the row is about to be sent to the database.

        Raises:
            ResponseWithheld: The database is busy or unavailable, and the request has changed something before.
        """
        if self.disclosures.are_recorded:
            return

        async def record(work: UnitOfWork) -> frozenset[str]:
            if storing is not None and not storing.done():  # the transaction may be retried
                storing.set_result(None)
            return self.disclosures.record(work)

        try:
            recorded = await self.transact(record)
        except Exception as fault:
            if self.changed and classify_fault(fault) is not None:
                raise ResponseWithheld from fault
            raise
        self.disclosures.mark_recorded(recorded)

    async def close(self) -> None:
        """End the snapshot and forget the records loaded from it. What is read next is read from a new one."""
        self.loaders.forget()
        try:
            await self.snapshot.close()
        finally:
            if not self.ended:
                self._start_reading()

    async def end(self) -> None:
        """End the request. Fields that were abandoned raise RequestEnded if they read on."""
        self.ended = True
        self.disclosures.clear()
        await self.close()

    def _start_reading(self) -> None:
        self.snapshot = RequestSnapshot(self.clinic.engine, self.caller.organization_id)
        self.loaders = RequestLoaders(self.snapshot, self.disclosures)

    def _replace_loaders(self) -> None:
        self.loaders.forget()
        self.loaders = RequestLoaders(self.snapshot, self.disclosures)
