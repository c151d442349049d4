"""Requests with an Idempotency-Key: what they have done, and their responses.

A request is claimed before it does anything. Each of its changes is stored as a step of the request, in the change's
own transaction, so the change and its step cannot come apart, wherever the process dies. A repeat that finds a
response sends it again. A repeat that finds steps but no response does the steps that are missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, Table, delete, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.sql.statement import Statement, equals, of_organization
from db.tables import idempotency_keys, idempotency_steps
from db.transactions.all_organizations import reading_all, writing_all
from db.transactions.unit_of_work import UnitOfWork

RESPONSE_LIFETIME: Final = timedelta(hours=24)
LEASE: Final = timedelta(seconds=30)
"""How long an attempt may go without a change before a repeat may take over. Each change renews the lease."""
_DELETE_BATCH: Final = 500
_keys, _steps = idempotency_keys.c, idempotency_steps.c


def _of_request(table: Table) -> ColumnElement[bool]:
    return of_organization(table) & equals(table.c.subject) & equals(table.c.key)


_OF_CLAIM: Final = _of_request(idempotency_keys) & equals(_keys.attempt) & _keys.status.is_(None)
_CLAIM_COLUMNS: Final = ["fingerprint", "attempt", "leased_until", "expires_at", "permissions", "patient_ids"]
_RESPONSE_COLUMNS: Final = ["status", "media_type", "body"]


def _insert_if_new(construct: Any) -> Insert:
    statement: Insert = construct.on_conflict_do_nothing().returning(_keys.key)
    return statement


_CLAIM_NEW: Final = Statement(
    _insert_if_new(postgresql.insert(idempotency_keys)),
    ["organization_id", "subject", "key", *_CLAIM_COLUMNS],
    sqlite=_insert_if_new(sqlite.insert(idempotency_keys)),
)
_LOCK: Final = Statement(
    select(
        _keys.fingerprint,
        _keys.attempt,
        _keys.leased_until,
        _keys.expires_at,
        _keys.status,
        _keys.media_type,
        _keys.body,
        _keys.permissions,
        _keys.patient_ids,
    )
    .where(_of_request(idempotency_keys))
    .with_for_update()
)
_of_key = update(idempotency_keys).where(_of_request(idempotency_keys))
_START_AGAIN: Final = Statement(_of_key, [*_CLAIM_COLUMNS, *_RESPONSE_COLUMNS])
_TAKE_OVER: Final = Statement(_of_key, ["attempt", "leased_until", "permissions"])
_of_claim = update(idempotency_keys).where(_OF_CLAIM).returning(_keys.key)
_RENEW: Final = Statement(_of_claim, ["leased_until"])
_RESPOND: Final = Statement(_of_claim, [*_RESPONSE_COLUMNS, "patient_ids"])
_STEPS: Final = Statement(select(_steps.step, _steps.decision).where(_of_request(idempotency_steps)))
_ADD_STEP: Final = Statement(
    insert(idempotency_steps).inline(), ["organization_id", "subject", "key", "step", "decision"]
)
_DELETE_STEPS: Final = Statement(delete(idempotency_steps).where(_of_request(idempotency_steps)))


class KeyReused(Exception):
    """The key belongs to a request with another body."""


class StillRunning(Exception):
    """Another attempt is running the same request."""


class TakenOver(Exception):
    """A repeat has taken over the request of this attempt, whose lease had ended."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response to a request.

    Attributes:
        status: The HTTP status.
        media_type: The media type of the body.
        body: The body as it was sent.
        permissions: The keys that the caller held.
        patient_ids: The patients whose records the body discloses.
    """

    status: int
    media_type: str
    body: bytes
    permissions: frozenset[str]
    patient_ids: frozenset[str]


@dataclass(slots=True)
class Claim:
    """An attempt's right to run a request, and the steps that earlier attempts have done.

    Attributes:
        key: The request's key.
        attempt: The attempt.
        done: What each step decided, as JSON, by the step's name.
    """

    key: str
    attempt: UUID
    done: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Request:
    """A row of the table of keys, in the order of _LOCK's columns."""

    fingerprint: bytes
    attempt: UUID
    leased_until: datetime
    expires_at: datetime
    status: int | None
    media_type: str | None
    body: bytes | None
    permissions: list[str]
    patient_ids: list[str]

    @property
    def response(self) -> StoredResponse | None:
        """The response, if there is one."""
        if self.status is None or self.media_type is None or self.body is None:
            return None
        return StoredResponse(
            self.status, self.media_type, self.body, frozenset(self.permissions), frozenset(self.patient_ids)
        )


async def claim_request(
    work: UnitOfWork, attempt: UUID, key: str, fingerprint: bytes, permissions: Iterable[str]
) -> Claim | StoredResponse:
    """Claim a request for an attempt, or return the response that it has. An attempt may claim its request again.

    Args:
        work: The transaction; its actor is the caller.
        attempt: The attempt's own id.
        key: The request's key.
        fingerprint: A digest of the request's body.
        permissions: The keys that the caller holds.

    Raises:
        KeyReused: If the key belongs to another body.
        StillRunning: If another attempt is running, or was until a moment ago.
    """
    claim = Claim(key, attempt)
    fresh: dict[str, Any] = {
        **_identity(work, key),
        "fingerprint": fingerprint,
        "attempt": attempt,
        "leased_until": work.now + LEASE,
        "expires_at": work.now + RESPONSE_LIFETIME,
        "permissions": sorted(permissions),
        "patient_ids": [],
    }
    if await work.fetch(_CLAIM_NEW, fresh):
        return claim
    rows = await work.fetch_locked(_LOCK, fresh)
    if not rows:  # it has expired, and is being deleted at this moment
        raise StillRunning
    stored = _Request(*rows[0])
    if stored.expires_at <= work.now:
        await work.store(_DELETE_STEPS, [fresh])
        await work.store(_START_AGAIN, [fresh | dict.fromkeys(_RESPONSE_COLUMNS)])
        return claim
    if stored.fingerprint != fingerprint:
        raise KeyReused
    if stored.response is not None:
        return stored.response
    if stored.leased_until > work.now and stored.attempt != attempt:
        raise StillRunning
    await work.store(_TAKE_OVER, [fresh])
    claim.done.update(await work.fetch(_STEPS, fresh))
    return claim


async def add_step(work: UnitOfWork, claim: Claim, step: str, decision: Any) -> None:
    """Store, in the transaction of a change, that the change is a step of the request, and what was decided.

    Raises:
        TakenOver: If a repeat has the claim. The change must not be stored.
    """
    if not await work.fetch(_RENEW, {**_of(work, claim), "leased_until": work.clock() + LEASE}):
        raise TakenOver
    await work.store(_ADD_STEP, [{**_identity(work, claim.key), "step": step, "decision": decision}])


async def store_response(work: UnitOfWork, claim: Claim, response: StoredResponse) -> None:
    """Store the response to a request, and delete its steps. Do nothing if a repeat has the claim."""
    row = {
        **_of(work, claim),
        "status": response.status,
        "media_type": response.media_type,
        "body": response.body,
        "patient_ids": sorted(response.patient_ids),
    }
    if await work.fetch(_RESPOND, row):
        await work.store(_DELETE_STEPS, [row])


async def release(work: UnitOfWork, claim: Claim) -> None:
    """End the lease of a request without a response, so that a repeat may do the steps that are missing at once."""
    await work.store(_RENEW, [{**_of(work, claim), "leased_until": work.now - timedelta(microseconds=1)}])


async def delete_expired(engine: AsyncEngine, now: datetime) -> int:
    """Delete the expired requests of all organizations, in batches, and return how many there were."""
    request = (_keys.organization_id, _keys.subject, _keys.key)
    expired = select(*request).where(_keys.expires_at <= now).limit(_DELETE_BATCH)
    deleted = 0
    while True:
        async with reading_all(engine, Role.BACKGROUND) as connection:
            # Looking first is cheap. A transaction that writes would make SQLite's other writers wait.
            batch = (await connection.execute(expired)).all()
        if not batch:
            return deleted
        async with writing_all(engine, Role.BACKGROUND) as connection:
            result = await connection.execute(
                delete(idempotency_keys).where(tuple_(*request).in_(batch), _keys.expires_at <= now)
            )
        deleted += result.rowcount


def _identity(work: UnitOfWork, key: str) -> Mapping[str, str]:
    return {"subject": work.actor.subject, "key": key}


def _of(work: UnitOfWork, claim: Claim) -> Mapping[str, Any]:
    return {**_identity(work, claim.key), "attempt": claim.attempt}
