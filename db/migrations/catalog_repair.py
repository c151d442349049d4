"""Puts into the catalog what it lacks, or says what an administrator must run first."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from db.connections.roles import Role
from db.migrations.catalog import Requirement, find_missing
from db.migrations.privileges import ORGANIZATION_TABLES
from db.migrations.schema_version import VERSION_TABLE
from db.tables import metadata

_NOT_PERMITTED: Final = "42501"  # insufficient_privilege
_DUPLICATE: Final = frozenset({"42710", "23505"})  # another migration has made the role at the same moment
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
    """The login may not do what is needed. The message has the SQL that an administrator must run. Nothing changed."""

    def __init__(self, statements: Sequence[str], reason: str = "this login may not do what is needed:") -> None:
        super().__init__(
            f"{reason} an administrator of this database server must first run: "
            + " ".join(f"{statement};" for statement in statements)
        )
        self.statements = tuple(statements)


def lift_row_security(connection: Connection) -> None:
    """Let the owner of the tables see all rows until the end of the transaction; `repair_catalog` ends it."""
    for table in ORGANIZATION_TABLES:
        if connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": table}):
            connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))


def refuse_foreign_tables(connection: Connection) -> None:
    """Raise AdministratorNeeded where tables belong to another login: this one cannot change them."""
    found = connection.execute(
        _OWNERS, {"names": [*(table.name for table in metadata.sorted_tables), VERSION_TABLE]}
    ).all()
    if found:
        login = connection.scalar(text("SELECT quote_ident(current_user)"))
        owners = ", ".join(sorted({owner for _, owner in found}))
        raise AdministratorNeeded(
            [f"ALTER TABLE {table} OWNER TO {login}" for table, _ in found],
            f"the tables belong to {owners}, not to {login}: run this with the login that owns them, or",
        )


def refuse_closed_schema(connection: Connection) -> None:
    """Raise AdministratorNeeded where the login may not make tables and functions in its schema."""
    login, schema, database, may = connection.execute(_SCHEMA).one()
    if not may:
        raise AdministratorNeeded(
            [f"GRANT CREATE ON SCHEMA {schema} TO {login}"],
            f"the login {login} may not create tables in the schema {schema} of the database {database}: run this with"
            " the login that owns the database, or",
        )


def repair_catalog(connection: Connection) -> list[Requirement]:
    """Put in what is missing, and return it. Raise AdministratorNeeded."""
    lacking = find_missing(connection)
    needed: list[str] = []
    for requirement in lacking:
        needed += _mend(connection, requirement)
    if connection.dialect.name == "postgresql":
        needed += _join_roles(connection)
    if not needed:
        # PostgreSQL only warns of a GRANT that the login may not make.
        needed = [statement for requirement in find_missing(connection) for statement in requirement.repair]
    if needed:
        raise AdministratorNeeded(list(dict.fromkeys(needed)))
    return lacking


def _mend(connection: Connection, requirement: Requirement) -> Sequence[str]:
    """Run the repair; return its statements where the login may not."""
    try:
        with connection.begin_nested():
            for statement in requirement.repair:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        code = getattr(error.orig, "sqlstate", None)
        if code in _DUPLICATE:
            return ()
        # Without the role nothing can be granted to it, so report the role alone.
        if code == _NOT_PERMITTED or (code == "42704" and not requirement.name.startswith("role ")):
            return requirement.repair if code == _NOT_PERMITTED else ()
        raise
    return ()


def _join_roles(connection: Connection) -> Sequence[str]:
    """Let this login act as each of the roles; return the statements for which it lacks the right."""
    option = "SET" if (connection.dialect.server_version_info or ()) >= _SET_OPTION_SINCE else "MEMBER"
    login = str(connection.scalar(text("SELECT quote_ident(current_user)")))
    needed = []
    for role in Role:
        grant = f"GRANT {role} TO {login}"
        known = connection.scalar(text("SELECT oid FROM pg_roles WHERE rolname = :role"), {"role": role.value})
        if known is None:
            needed.append(grant)
        elif not connection.scalar(
            text("SELECT pg_has_role(current_user, CAST(:known AS oid), :option)"), {"known": known, "option": option}
        ):
            needed += _mend(connection, Requirement(f"membership of {role}", "", (grant,)))
    return needed
