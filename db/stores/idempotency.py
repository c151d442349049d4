"""Requests that carry an Idempotency-Key: what they have done, and what they were answered.

A request is claimed before anything of it is done. Each of its changes notes itself, in the change's own transaction,
as a step of the request: that a change is stored and that it is known as done cannot come apart, wherever the process
dies. A repeat that finds an answer gives it; one that finds steps and no answer goes on behind them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.tables import idempotency_keys, idempotency_steps
from db.transactions.all_organizations import reading_all, writing_all
from db.transactions.unit_of_work import UnitOfWork

ANSWERS_LAST: Final = timedelta(hours=24)
LEASE: Final = timedelta(seconds=30)
"""How long an attempt may go without a change before a repeat may take over. Each of its changes renews it."""
_DELETED_AT_ONCE: Final = 500
_keys, _steps = idempotency_keys.c, idempotency_steps.c


class KeyReused(Exception):
    """The key belongs to a request with another body."""


class StillRunning(Exception):
    """Another attempt is at work on the same request."""


class TakenOver(Exception):
    """A repeat has taken the request over from this attempt, which was silent for too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered.

    Attributes:
        status: The status of HTTP.
        media_type: The media type of the body.
        body: The body as it was sent.
        permissions: The keys that the caller held.
        patient_ids: Whose records the answer tells of.
    """

    status: int
    media_type: str
    body: bytes
    permissions: frozenset[str]
    patient_ids: frozenset[str]


@dataclass(slots=True)
class Claim:
    """One attempt's right to do what a request asks for, and what attempts before it have done already.

    Attributes:
        key: The request's key.
        attempt: This attempt.
        done: By step, what was decided, as JSON has it.
    """

    key: str
    attempt: UUID
    done: dict[str, Any] = field(default_factory=dict)


async def claim_request(
    work: UnitOfWork, attempt: UUID, key: str, fingerprint: bytes, permissions: Iterable[str]
) -> Claim | Answer:
    """Claim a request for an attempt, or return the answer that it had. The same attempt may claim it again.

    Args:
        work: The transaction; its author is the caller.
        attempt: An id of this attempt's own.
        key: The request's key.
        fingerprint: A digest of the request's body.
        permissions: The keys that the caller holds.

    Raises:
        KeyReused: Where the key belongs to another body.
        StillRunning: Where another attempt is at work, or was until a moment ago.
    """
    mine = Claim(key, attempt)
    fresh: dict[str, Any] = {
        "fingerprint": fingerprint,
        "attempt": attempt,
        "leased_until": work.now + LEASE,
        "expires_at": work.now + ANSWERS_LAST,
        "permissions": sorted(permissions),
        "patient_ids": [],
    }
    dialect = sqlite if work.connection.dialect.name == "sqlite" else postgresql
    identity = {"organization_id": work.organization_id, "subject": work.author.subject, "key": key}
    new = dialect.insert(idempotency_keys).values(identity | fresh).on_conflict_do_nothing()
    if (await work.connection.execute(new)).rowcount:
        return mine
    known = (await work.connection.execute(select(idempotency_keys).where(_is(work, key)).with_for_update())).first()
    if known is None:  # it was expired, and is being deleted at this moment
        raise StillRunning
    if known.expires_at <= work.now:
        await work.connection.execute(delete(idempotency_steps).where(_is_step_of(work, key)))
        unanswered = {"status": None, "media_type": None, "body": None}
        await work.connection.execute(update(idempotency_keys).where(_is(work, key)).values(fresh | unanswered))
        return mine
    if known.fingerprint != fingerprint:
        raise KeyReused
    if known.status is not None:
        return _answer(known)
    if known.leased_until > work.now and known.attempt != attempt:
        raise StillRunning
    await work.connection.execute(
        update(idempotency_keys)
        .where(_is(work, key))
        .values(attempt=attempt, leased_until=fresh["leased_until"], permissions=fresh["permissions"])
    )
    for step, decision in await work.connection.execute(
        select(_steps.step, _steps.decision).where(_is_step_of(work, key))
    ):
        mine.done[step] = decision
    return mine


async def note_step(work: UnitOfWork, claim: Claim, step: str, decision: Any) -> None:
    """Note, in the transaction of a change, that the change is a step of the request and what was decided.

    Raises:
        TakenOver: Where the claim has passed to a repeat; the change must not be stored.
    """
    renewed = await work.connection.execute(
        update(idempotency_keys).where(_holds(work, claim)).values(leased_until=work.clock() + LEASE)
    )
    if not renewed.rowcount:
        raise TakenOver
    identity = {"organization_id": work.organization_id, "subject": work.author.subject, "key": claim.key}
    await work.connection.execute(insert(idempotency_steps).values(identity | {"step": step, "decision": decision}))


async def store_answer(work: UnitOfWork, claim: Claim, answer: Answer) -> None:
    """Store the answer to a request, unless the claim has passed to a repeat. Its steps have served their purpose."""
    stored = await work.connection.execute(
        update(idempotency_keys)
        .where(_holds(work, claim))
        .values(
            status=answer.status,
            media_type=answer.media_type,
            body=answer.body,
            patient_ids=sorted(answer.patient_ids),
        )
    )
    if stored.rowcount:
        await work.connection.execute(delete(idempotency_steps).where(_is_step_of(work, claim.key)))


async def release(work: UnitOfWork, claim: Claim) -> None:
    """Give a request back unanswered: a repeat may go on with it at once, behind the steps that are done."""
    await work.connection.execute(
        update(idempotency_keys).where(_holds(work, claim)).values(leased_until=work.now - timedelta(microseconds=1))
    )


async def delete_expired(engine: AsyncEngine, now: datetime) -> int:
    """Delete what has expired, of all organizations, a bounded number at a time; gives how many there were."""
    request = (_keys.organization_id, _keys.subject, _keys.key)
    expired = select(*request).where(_keys.expires_at <= now).limit(_DELETED_AT_ONCE)
    deleted = 0
    while True:
        async with reading_all(engine, Role.BACKGROUND) as connection:
            # Looking is free: a writer of SQLite would keep others waiting for nothing.
            found = (await connection.execute(expired)).all()
        if not found:
            return deleted
        async with writing_all(engine, Role.BACKGROUND) as connection:
            done = await connection.execute(
                delete(idempotency_keys).where(tuple_(*request).in_(found), _keys.expires_at <= now)
            )
        deleted += done.rowcount


def _is(work: UnitOfWork, key: str) -> ColumnElement[bool]:
    return (_keys.organization_id == work.organization_id) & (_keys.subject == work.author.subject) & (_keys.key == key)


def _holds(work: UnitOfWork, claim: Claim) -> ColumnElement[bool]:
    return _is(work, claim.key) & (_keys.attempt == claim.attempt) & _keys.status.is_(None)


def _is_step_of(work: UnitOfWork, key: str) -> ColumnElement[bool]:
    return (
        (_steps.organization_id == work.organization_id) & (_steps.subject == work.author.subject) & (_steps.key == key)
    )


def _answer(known: Row[Any]) -> Answer:
    return Answer(
        known.status, known.media_type, known.body, frozenset(known.permissions), frozenset(known.patient_ids)
    )
