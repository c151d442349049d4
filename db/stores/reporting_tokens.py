"""Reporting tokens: stored by their digests, found by the server, made and revoked by operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from db.sql.statement import Statement, equals, of_organization
from db.tables import reporting_tokens
from db.transactions.snapshots import Snapshot
from db.transactions.unit_of_work import UnitOfWork

_columns = reporting_tokens.c
_NAMES: Final = ("id", "subject", "permissions", "created_at", "expires_at", "revoked_at")
_SELECT: Final = select(*(_columns[name] for name in _NAMES)).where(of_organization(reporting_tokens))
_FIND: Final = Statement(_SELECT.where(equals(_columns.digest)))
_LIST: Final = Statement(_SELECT.order_by(_columns.created_at, _columns.id))
_INSERT: Final = Statement(
    insert(reporting_tokens),
    ["id", "organization_id", "subject", "digest", "permissions", "created_at", "expires_at"],
)
_REVOKE: Final = Statement(
    update(reporting_tokens)
    .where(of_organization(reporting_tokens), equals(_columns.id), _columns.revoked_at.is_(None))
    .values(revoked_at=bindparam("now", type_=_columns.revoked_at.type))
    .returning(_columns.id)
)


@dataclass(frozen=True, slots=True)
class ReportingToken:
    """A reporting token, without its secret.

    Attributes:
        id: Its id, by which it is revoked.
        subject: Who reads, in the access log.
        permissions: The permission keys, as texts.
        created_at: When it was made.
        expires_at: Until when it is valid.
        revoked_at: When it was revoked.
    """

    id: UUID
    subject: str
    permissions: Sequence[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Return whether it is neither expired nor revoked."""
        return self.revoked_at is None and now < self.expires_at


async def find_reporting_token(snapshot: Snapshot, digest: bytes) -> ReportingToken | None:
    """Return the organization's token with this digest, valid or not. Raise DBAPIError."""
    rows = await snapshot.fetch(_FIND, {"digest": digest})
    return ReportingToken(*rows[0]) if rows else None


async def list_reporting_tokens(work: UnitOfWork) -> list[ReportingToken]:
    """Return all tokens of the organization, oldest first. Raise DBAPIError."""
    return [ReportingToken(*row) for row in await work.fetch(_LIST, {})]


async def add_reporting_token(work: UnitOfWork, digest: bytes, **values: Any) -> UUID:
    """Store a token, and return its id. `values` are those of `ReportingToken`. Raise DBAPIError."""
    row = {"id": work.new_id(), "digest": digest, "created_at": work.now, **values}
    await work.store(_INSERT, [row])
    token_id: UUID = row["id"]
    return token_id


async def revoke_reporting_token(work: UnitOfWork, token_id: UUID) -> bool:
    """Revoke a token. Return False if the organization has no such token that is not revoked. Raise DBAPIError."""
    return bool(await work.fetch(_REVOKE, {"id": token_id, "now": work.now}))
