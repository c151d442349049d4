"""Checks at start: whether the database has the schema and catalog of this program, and what its login may do."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.confinement_probe import PROBE_SECONDS, confinement_holds
from db.connections.engine import Database
from db.connections.read_pool import ConfinedReadPool
from db.connections.roles import Role
from db.migrations.catalog import missing_from_catalog
from db.migrations.logins import Login, inspect_login
from db.migrations.requirements import Requirement
from db.migrations.schema_version import schema_is_current
from server.runtime.command_error import CommandError

OLD_SCHEMA: Final = "the schema of the database is outdated: run `group-sessions migrate`"
INCOMPLETE_CATALOG: Final = (
    "roles, privileges, policies or triggers are missing in the database: run `group-sessions migrate`"
)
_SESSIONS_MIXED: Final = (
    "a pooler in front of PostgreSQL does not keep the session of a connection, which would break row-level security:"
    " set DATABASE_POOL_MODE=transaction if it pools transactions, or configure it to pool sessions (PgBouncer:"
    " pool_mode = session)"
)
_TRANSACTIONS_MIXED: Final = (
    "a pooler in front of PostgreSQL does not keep the session of a transaction, which would break row-level security:"
    " configure it to pool transactions or sessions (PgBouncer: pool_mode = transaction)"
)
_TOO_FEW_SESSIONS: Final = (
    f"a pooler in front of PostgreSQL did not provide three sessions at once within {PROBE_SECONDS:g} seconds, so that"
    " row-level security could not be tested: let it open more connections (PgBouncer: default_pool_size)"
)
_LISTED: Final = 3
"""How many missing requirements a message lists."""


async def prepare_schema(engine: AsyncEngine) -> None:
    """Migrate SQLite. Only check PostgreSQL, because other servers may be using it.

    Raises:
        CommandError: The schema of PostgreSQL is older than this program, or its catalog is incomplete.
        NewerSchema: The schema is newer than this program.
    """
    if await schema_is_current(engine):
        missing = await missing_from_catalog(engine)
        if not missing:
            return
        if engine.dialect.name != "sqlite":
            raise CommandError(f"{describe_missing(missing)}: run `group-sessions migrate`")
    elif engine.dialect.name != "sqlite":
        raise CommandError(OLD_SCHEMA)
    # Imported here to save memory: a server that does not migrate never loads Alembic.
    from db.migrations.migrate import migrate

    await migrate(engine)


async def refuse_unless_operator(engine: AsyncEngine, command: str) -> None:
    """Raise CommandError if the login may not run a command that works across organizations."""
    if engine.dialect.name != "postgresql":
        return
    login = await inspect_login(engine)
    if Role.OPERATOR not in login.roles:
        raise CommandError(
            f"`{command}` works across organizations, which the login {login.name} is not allowed to do:"
            f" put the login that owns the tables into DATABASE_URL, or another member of {Role.OPERATOR}"
        )


async def refuse_unfit_login(engine: AsyncEngine, *, allow_owner: bool) -> None:
    """Raise CommandError if a server must not use this login on PostgreSQL.

    Args:
        engine: The database.
        allow_owner: Whether to accept a login that could bypass row-level security.
    """
    if engine.dialect.name != "postgresql":
        return
    login = await inspect_login(engine)
    if not {Role.SERVER, Role.BACKGROUND} <= login.roles:
        raise CommandError(
            f"the login {login.name} is not a member of {Role.SERVER} and {Role.BACKGROUND}: have an administrator of"
            f" this database server run: {_grant(login)}"
        )
    if login.excess is not None and not allow_owner:
        raise CommandError(
            f"the login {login.name} {login.excess}, so it could bypass row-level security: serve with another login"
            f" that is a member of only {Role.SERVER} and {Role.BACKGROUND} (docs/database.md has the SQL), or set"
            " ALLOW_OWNER_LOGIN=on"
        )


async def refuse_lost_confinement(engine: Database) -> None:
    """Raise CommandError if what confines a read to an organization does not reach the session that runs it."""
    if not isinstance(engine.read_pool, ConfinedReadPool):
        return
    try:
        holds = await confinement_holds(engine.read_pool)
    except TimeoutError:
        raise CommandError(_TOO_FEW_SESSIONS) from None
    if not holds:
        raise CommandError(_SESSIONS_MIXED if engine.read_pool.reads_without_snapshot else _TRANSACTIONS_MIXED)


def describe_missing(missing: list[Requirement]) -> str:
    """Return a clause that lists the first missing requirements of the catalog."""
    names = ", ".join(requirement.name for requirement in missing[:_LISTED])
    more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
    return f"roles, privileges, policies or triggers are missing in the database ({names}{more})"


def _grant(login: Login) -> str:
    return f'GRANT {Role.SERVER}, {Role.BACKGROUND} TO "{login.name}"'
