"""The commands `token --reporting` and `reporting-tokens`: make, list and revoke reporting tokens."""

import argparse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import BinaryIO, Final, TextIO
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.connections.roles import Role
from db.stores.reporting_tokens import add_reporting_token, list_reporting_tokens, revoke_reporting_token
from db.transactions.unit_of_work import Actor, UnitOfWork, unit_of_work
from resolvers.caller import PermissionKey
from resolvers.secret_tokens import SecretToken
from server.exports.sign_in import REPORTING_KEYS
from server.exports.tokens import REPORTING_PREFIX
from server.runtime.clock import now
from server.runtime.command_error import CommandError

_LIFETIME: Final = timedelta(days=365)


async def make_token(
    engine: Database,
    out: TextIO,
    parsed: argparse.Namespace,
    role_permissions: Mapping[str, frozenset[PermissionKey]],
) -> None:
    """Store a token, and write it. Raise CommandError if a permission is not one that reporting tokens may have."""
    keys = {PermissionKey(key) for key in parsed.permission or ()}
    # A role may have more than a reporting token can use.
    keys |= {key for role in parsed.role or () for key in role_permissions[role] & REPORTING_KEYS}
    if not keys <= REPORTING_KEYS:
        allowed = ", ".join(sorted(REPORTING_KEYS))
        raise CommandError(f"a reporting token only reads exports: its permissions are {allowed}")
    secret = SecretToken.new(REPORTING_PREFIX, parsed.organization)
    async with _operating(engine, parsed.organization) as work:
        await add_reporting_token(
            work,
            secret.digest,
            subject=parsed.subject,
            permissions=sorted(keys),
            expires_at=work.now + (parsed.expires_in or _LIFETIME),
        )
    out.write(f"{secret.text}\n")


async def list_tokens(engine: Database, out: BinaryIO, organization_id: str) -> None:
    """Write a line for each token of the organization, oldest first."""
    async with _operating(engine, organization_id) as work:
        tokens = await list_reporting_tokens(work)
    for token in tokens:
        line = {
            "id": str(token.id),
            "subject": token.subject,
            "permissions": token.permissions,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
            "valid": token.is_valid(now()),
        }
        out.write(orjson.dumps(line) + b"\n")
    out.flush()


async def revoke_token(engine: Database, out: TextIO, organization_id: str, token_id: UUID) -> None:
    """Revoke a token. Raise CommandError if the organization has no such token, or it is revoked already."""
    async with _operating(engine, organization_id) as work:
        revoked = await revoke_reporting_token(work, token_id)
    if not revoked:
        raise CommandError(f"the organization {organization_id} has no token {token_id} that is not revoked")
    out.write(f"Revoked the token {token_id}. It is refused from now on.\n")


@asynccontextmanager
async def _operating(engine: Database, organization_id: str) -> AsyncIterator[UnitOfWork]:
    actor = Actor("operator", organization_id, "command line")
    async with unit_of_work(engine, actor, now, uuid7, role=Role.OPERATOR) as work:
        yield work
