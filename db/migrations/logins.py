"""Inspects the login of a connection: whether it is safe for a server, and which roles it may act as."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import Role
from db.migrations.privileges import ORGANIZATION_TABLES

_SET_OPTION_SINCE: Final = 160000

# The login and every role that it could switch to with SET ROLE, if they have a privilege that would defeat row-level
# security or the append-only logs. The login itself sorts first, because a superuser is a member of every role.
_EXCESS: Final = text(
    """
    WITH tables AS (
        SELECT c.oid, c.relowner, c.relnamespace FROM pg_class c
        WHERE c.oid IN (SELECT to_regclass(name) FROM unnest(CAST(:tables AS text[])) AS name)
    ), reasons AS (
        SELECT r.rolname, CASE
            WHEN r.rolsuper THEN 'is a superuser'
            WHEN r.rolbypassrls THEN 'bypasses row-level security'
            WHEN r.oid IN (SELECT relowner FROM tables) THEN 'owns the tables'
            WHEN r.rolname = :operator THEN 'sees the rows of all organizations'
            WHEN r.rolcreaterole THEN 'may create and grant roles'
            WHEN r.oid = (SELECT datdba FROM pg_database WHERE datname = current_database()) THEN 'owns the database'
            WHEN r.oid IN (SELECT n.nspowner FROM pg_namespace n JOIN tables ON n.oid = tables.relnamespace)
                THEN 'owns the schema'
            WHEN r.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
                THEN 'has access to files and programs of the database server'
            WHEN EXISTS (SELECT 1 FROM tables WHERE has_schema_privilege(r.oid, tables.relnamespace, 'CREATE'))
                THEN 'may create objects in the schema of the tables'
            WHEN EXISTS (
                SELECT 1 FROM tables WHERE has_table_privilege(r.oid, tables.oid, 'TRUNCATE, REFERENCES, TRIGGER')
            )
                THEN 'may truncate the tables or add triggers to them'
        END AS reason
        FROM pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER')
    )
    SELECT rolname, reason FROM reasons WHERE reason IS NOT NULL
    ORDER BY reason LIKE 'may create objects%', rolname <> session_user, rolname LIMIT 1
    """
)
_MAY_ACT_AS: Final = text(
    "SELECT rolname FROM pg_roles WHERE rolname = ANY (CAST(:roles AS text[])) AND pg_has_role(session_user, oid,"
    " CASE WHEN current_setting('server_version_num')::int >= :since THEN 'SET' ELSE 'MEMBER' END)"
)


@dataclass(frozen=True, slots=True)
class Login:
    """A login of PostgreSQL.

    Attributes:
        name: Its name.
        excess: Why it is not safe for a server, as the end of a sentence that starts with its name. None if it is safe.
        roles: The roles that it may act as.
    """

    name: str
    excess: str | None
    roles: frozenset[Role]


async def inspect_login(engine: AsyncEngine) -> Login:
    """Return the name and the privileges of the login that an engine on PostgreSQL uses."""
    async with engine.connect() as connection:
        name = str(await connection.scalar(text("SELECT session_user")))
        parameters = {"tables": list(ORGANIZATION_TABLES), "operator": Role.OPERATOR.value}
        worst = (await connection.execute(_EXCESS, parameters)).first()
        names = await connection.scalars(
            _MAY_ACT_AS, {"roles": [role.value for role in Role], "since": _SET_OPTION_SINCE}
        )
        roles = frozenset(Role(role) for role in names)
    excess = None
    if worst is not None:
        excess = worst.reason if worst.rolname == name else f"may become {worst.rolname}, which {worst.reason}"
    return Login(name, excess, roles)
