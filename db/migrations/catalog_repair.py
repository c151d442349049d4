"""Adds what is missing from the catalog, or raises an error with the SQL that an administrator must run first."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from db.connections.roles import Role
from db.migrations.catalog import find_missing
from db.migrations.privileges import ORGANIZATION_TABLES
from db.migrations.reporting import CREATE_LOGINS, FIRST_VERSION, INSTALLED, LOGINS, ReportingRole, relation_oid
from db.migrations.requirements import Requirement
from db.migrations.schema_version import VERSION_TABLE
from db.sql.exports.views import SCHEMA
from db.tables import metadata

_NOT_PERMITTED: Final = "42501"  # insufficient_privilege
_UNDEFINED_OBJECT: Final = "42704"
_DUPLICATE: Final = frozenset({"42710", "23505"})  # another process has created the role concurrently
_SET_OPTION_SINCE: Final = (16,)

_OWNERS: Final = text(
    "SELECT c.relname, pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.relkind = 'r'"
    " AND c.oid IN (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name)"
    " AND NOT pg_has_role(current_user, c.relowner, 'USAGE') ORDER BY 1"
)


_SCHEMA: Final = text(
    "SELECT quote_ident(current_user), coalesce(quote_ident(current_schema()), 'public'),"
    " quote_ident(current_database()), has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE')"
)


class AdministratorNeeded(Exception):
    """The login lacks privileges. The message contains the SQL that an administrator must run. Nothing was changed."""

    def __init__(self, statements: Sequence[str], reason: str = "this login lacks privileges:") -> None:
        super().__init__(
            f"{reason} an administrator of this database server must first run: "
            + " ".join(f"{statement};" for statement in statements)
        )
        self.statements = tuple(statements)


def suspend_row_security(connection: Connection) -> None:
    """Let the owner of the tables see all rows. `repair_catalog` undoes it in the same transaction."""
    for table in ORGANIZATION_TABLES:
        if connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": table}):
            connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))


def check_table_owner(connection: Connection) -> None:
    """Raise AdministratorNeeded if tables belong to another login. This one could not change them."""
    foreign = connection.execute(
        _OWNERS, {"names": [*(table.name for table in metadata.sorted_tables), VERSION_TABLE]}
    ).all()
    if foreign:
        login = connection.scalar(text("SELECT quote_ident(current_user)"))
        owners = ", ".join(sorted({owner for _, owner in foreign}))
        raise AdministratorNeeded(
            [f"ALTER TABLE {table} OWNER TO {login}" for table, _ in foreign],
            f"the tables belong to {owners}, not to {login}. Run this with the login that owns them. Otherwise,",
        )


def check_create_privilege(connection: Connection) -> None:
    """Raise AdministratorNeeded if the login may not create tables and functions in its schema."""
    login, schema, database, permitted = connection.execute(_SCHEMA).one()
    if not permitted:
        raise AdministratorNeeded(
            [f"GRANT CREATE ON SCHEMA {schema} TO {login}"],
            f"the login {login} may not create tables in the schema {schema} of the database {database}. Run this with"
            " the login that owns the database. Otherwise,",
        )


def install_reporting(connection: Connection) -> tuple[str, ...]:
    """Create the roles, the schema and the table of `db.migrations.reporting` that its other parts need.

    Return sentences for the operator if that is not possible. The schema is optional, so it is no error.
    """
    if connection.dialect.name != "postgresql" or connection.scalar(text(f"SELECT {INSTALLED}")):
        return ()
    if (connection.dialect.server_version_info or ()) < (FIRST_VERSION,):
        return (f"The schema {SCHEMA} for BI tools needs PostgreSQL {FIRST_VERSION} or newer, and was not made.",)
    login = str(connection.scalar(text("SELECT quote_ident(current_user)")))
    exists = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)"
    roles = [role for role in ReportingRole if not connection.scalar(text(exists), {"name": role.value})]
    statements = [f"CREATE ROLE {role} NOLOGIN" for role in roles]
    if not connection.scalar(text("SELECT to_regnamespace(:name) IS NOT NULL"), {"name": SCHEMA}):
        statements.append(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {login}")
    needed = [needed for statement in statements for needed in _repair(connection, Requirement("", "", (statement,)))]
    if not needed and connection.scalar(text(f"SELECT {relation_oid(LOGINS)} IS NULL")):
        refused = _repair(connection, Requirement("", "", (CREATE_LOGINS,)))
        needed += [f"GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO {login}"] if refused else []
    if not needed:
        return ()
    notice = (
        f"The schema {SCHEMA} for BI tools was not made, because this login may not make all of it. If you want it, an"
        f" administrator of this database server runs: {' '.join(f'{statement};' for statement in needed)}"
        " Then run `group-sessions migrate` again."
    )
    return (notice,)


def repair_catalog(connection: Connection) -> list[Requirement]:
    """Create the missing requirements, and return them. Raise AdministratorNeeded."""
    missing = find_missing(connection)
    needed: list[str] = []
    for requirement in missing:
        needed += _repair(connection, requirement)
    if connection.dialect.name == "postgresql":
        needed += _join_roles(connection)
    if not needed:
        # PostgreSQL only warns if the login may not GRANT a privilege.
        needed = [statement for requirement in find_missing(connection) for statement in requirement.repair]
    if needed:
        raise AdministratorNeeded(list(dict.fromkeys(needed)))
    return missing


def _repair(connection: Connection, requirement: Requirement) -> Sequence[str]:
    """Run the repair. Return its statements if the login lacks the privilege."""
    try:
        with connection.begin_nested():
            for statement in requirement.repair:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None)
        if code in _DUPLICATE:
            return ()
        if code == _NOT_PERMITTED:
            return requirement.repair
        # Nothing can be granted to a missing role. The role itself is reported already.
        if code != _UNDEFINED_OBJECT or requirement.name.startswith("role "):
            raise
    return ()


def _join_roles(connection: Connection) -> Sequence[str]:
    """Make this login a member of each role. Return the statements that it lacks the privilege for."""
    option = "SET" if (connection.dialect.server_version_info or ()) >= _SET_OPTION_SINCE else "MEMBER"
    login = str(connection.scalar(text("SELECT quote_ident(current_user)")))
    needed = []
    for role in Role:
        grant = f"GRANT {role} TO {login}"
        oid = connection.scalar(text("SELECT oid FROM pg_roles WHERE rolname = :role"), {"role": role.value})
        if oid is None:
            needed.append(grant)
        elif not connection.scalar(
            text("SELECT pg_has_role(current_user, CAST(:oid AS oid), :option)"), {"oid": oid, "option": option}
        ):
            needed += _repair(connection, Requirement(f"membership of {role}", "", (grant,)))
    return needed
