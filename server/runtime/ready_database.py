"""Makes sure that the database has what this program needs, and that its login may do what is asked of it."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.confinement_probe import confinement_holds
from db.connections.engine import Database
from db.connections.read_pool import ConfinedReadPool
from db.connections.roles import Role
from db.migrations.catalog import Requirement, missing_from_catalog
from db.migrations.logins import Login, inspect_login
from db.migrations.schema_version import schema_is_current
from server.runtime.command_error import CommandError

OLD_SCHEMA: Final = "the database does not have the newest schema: run `group-sessions migrate`"
INCOMPLETE_CATALOG: Final = "the database lacks roles, privileges, policies or triggers: run `group-sessions migrate`"
_NAMED: Final = 3
"""How many of the missing things a message names."""


async def prepare_schema(engine: AsyncEngine) -> None:
    """Bring SQLite to the newest schema and catalog; on PostgreSQL only look, since others may be using it.

    Raises:
        CommandError: Where PostgreSQL has an older schema than this program, or its catalog is not whole.
        NewerSchema: Where the database has a newer one.
    """
    if await schema_is_current(engine):
        lacking = await missing_from_catalog(engine)
        if not lacking:
            return
        if engine.dialect.name != "sqlite":
            raise CommandError(f"{not_whole(lacking)}: run `group-sessions migrate`")
    elif engine.dialect.name != "sqlite":
        raise CommandError(OLD_SCHEMA)
    # Here and not above: a server holds what it has imported for as long as it runs.
    from db.migrations.migrate import migrate

    await migrate(engine)


async def refuse_unless_operator(engine: AsyncEngine, command: str) -> None:
    """Raise CommandError where the login may not run a command that looks across organizations."""
    if engine.dialect.name != "postgresql":
        return
    login = await inspect_login(engine)
    if Role.OPERATOR not in login.roles:
        raise CommandError(
            f"`{command}` works across organizations, which the login {login.name} may not:"
            f" run it with the login that owns the tables in DATABASE_URL, or another that holds {Role.OPERATOR}"
        )


async def refuse_unfit_login(engine: AsyncEngine, *, allow_owner: bool) -> None:
    """Raise CommandError where the login must not serve on PostgreSQL.

    Args:
        engine: The database.
        allow_owner: Whether a login may serve that could lift row-level security.
    """
    if engine.dialect.name != "postgresql":
        return
    login = await inspect_login(engine)
    if not {Role.SERVER, Role.BACKGROUND} <= login.roles:
        raise CommandError(
            f"the login {login.name} may not act as {Role.SERVER} and {Role.BACKGROUND}: an administrator of this"
            f" database server must run: {_grant(login)}"
        )
    if login.excess is not None and not allow_owner:
        raise CommandError(
            f"the login {login.name} {login.excess}, so row-level security would not hold in its sessions: serve"
            f" with a second login that holds only {Role.SERVER} and {Role.BACKGROUND} (docs/database.md has the SQL),"
            " or set ALLOW_OWNER_LOGIN=on"
        )


async def refuse_lost_confinement(engine: Database) -> None:
    """Raise CommandError where what confines a session to an organization does not stay with its connection."""
    if isinstance(engine.read_pool, ConfinedReadPool) and not await confinement_holds(engine.read_pool.engine):
        raise CommandError(
            "between this server and PostgreSQL a pooler gives transactions of one connection to different sessions,"
            " so row-level security would not hold: set it to pool sessions (PgBouncer: pool_mode = session)"
        )


def not_whole(lacking: list[Requirement]) -> str:
    """Return a sentence's beginning that says what the catalog lacks."""
    named = ", ".join(requirement.name for requirement in lacking[:_NAMED])
    more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
    return f"the database lacks roles, privileges, policies or triggers ({named}{more})"


def _grant(login: Login) -> str:
    return f'GRANT {Role.SERVER}, {Role.BACKGROUND} TO "{login.name}"'
