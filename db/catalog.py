"""What the catalog of a database must hold beside tables, in one declaration.

Row-level security, roles' privileges and triggers are no part of a row, and a restored dump may lack them. `migrate`
mends what is missing (`db.catalog_repair`), `check` lists it, and `serve` and `/ready` refuse to go on without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.privileges import (
    ALL_ORGANIZATIONS,
    GRANTS,
    ORGANIZATION_TABLES,
    OUTBOX,
    OUTBOX_COLUMN,
    PRIVILEGES,
    Grant,
)
from db.roles import CONFINED, NOT_CONFINED, ORGANIZATION_SETTING, Role
from db.schema_version import VERSION_TABLE
from db.triggers import (
    FILL_ENDINGS,
    SQLITE_FILL_ENDINGS,
    SQLITE_TRIGGERS,
    TRIGGER_BODIES,
    TRIGGERS,
    create_trigger_function,
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that the catalog must hold.

    Attributes:
        name: What it is, for people.
        holds: An SQL expression: whether it is there. NULL counts as no.
        repair: The statements that put it there, in order.
    """

    name: str
    holds: str
    repair: tuple[str, ...]


async def missing_from_catalog(engine: AsyncEngine) -> list[Requirement]:
    """Return what the catalog of a database with the newest schema lacks, by one statement."""
    async with engine.connect() as connection:
        return await connection.run_sync(missing)


def missing(connection: Connection) -> list[Requirement]:
    """Return what the catalog lacks, in the order in which it is to be mended."""
    required = SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL
    each = " UNION ALL ".join(f"SELECT {place} AS place, ({it.holds}) AS holds" for place, it in enumerate(required))
    query = text(f"SELECT place FROM ({each}) AS required WHERE holds IS NOT TRUE ORDER BY place")
    return [required[place] for place in connection.scalars(query)]


def _oid(role: Role) -> str:
    # NULL where there is no such role; by its name, a function would fail.
    return f"(SELECT oid FROM pg_roles WHERE rolname = '{role}')"


def _table(name: str) -> str:
    return f"to_regclass('{name}')"


def _roles() -> Iterator[Requirement]:
    for role in Role:
        yield Requirement(f"role {role}", f"{_oid(role)} IS NOT NULL", (f"CREATE ROLE {role} NOLOGIN",))


def _schema() -> Iterator[Requirement]:
    schema = f"(SELECT relnamespace FROM pg_class WHERE oid = {_table(VERSION_TABLE)})"
    grant = "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {}', current_schema()); END $$"
    for role in Role:
        holds = f"has_schema_privilege({_oid(role)}, {schema}, 'USAGE')"
        yield Requirement(f"USAGE of the schema for {role}", holds, (grant.format(role),))


_CONFINED_BODY: Final = (
    f"BEGIN IF current_user <> '{Role.SERVER}'"
    f" OR current_setting('{ORGANIZATION_SETTING}', true) IS DISTINCT FROM organization THEN"
    " RAISE EXCEPTION 'this session is not confined to the organization that the statement is for:"
    f" a pooler in between must pool sessions, not transactions' USING ERRCODE = '{NOT_CONFINED}';"
    " END IF; RETURN true; END"
)


def _functions() -> Iterator[Requirement]:
    create = (
        f"CREATE OR REPLACE FUNCTION {CONFINED}(organization text) RETURNS boolean LANGUAGE plpgsql STABLE"
        f" PARALLEL SAFE AS $${_CONFINED_BODY}$$"
    )
    yield _function(f"{CONFINED}(text)", _CONFINED_BODY, create)
    for name, body in TRIGGER_BODIES.items():
        yield _function(f"{name}()", body, create_trigger_function(name))


def _function(signature: str, body: str, create: str) -> Requirement:
    holds = f"SELECT prosrc = $${body}$$ AND NOT prosecdef FROM pg_proc WHERE oid = to_regprocedure('{signature}')"
    return Requirement(f"function {signature}", holds, (create,))


def _triggers() -> Iterator[Requirement]:
    for trigger in TRIGGERS:
        holds = (
            "SELECT tgenabled IN ('O', 'A') FROM pg_trigger"
            f" WHERE tgrelid = {_table(trigger.table)} AND tgname = '{trigger.name}'"
            f" AND tgfoid = to_regprocedure('{trigger.function}()') AND tgtype = {trigger.kind}"
        )
        repair = [trigger.create, f"ALTER TABLE {trigger.table} ENABLE TRIGGER {trigger.name}"]
        if "_endings_" in trigger.name:
            repair.append(FILL_ENDINGS)
        yield Requirement(f"trigger {trigger.name}", holds, tuple(repair))


def _policies() -> Iterator[Requirement]:
    # In a sub-select the setting is read once a statement, not once a row.
    setting = f"organization_id = (SELECT current_setting('{ORGANIZATION_SETTING}', true))"
    for table in ORGANIZATION_TABLES:
        yield _policy(f"{table}_of_organization", table, Role.SERVER, setting, ORGANIZATION_SETTING)
    for table, role in ALL_ORGANIZATIONS:
        suffix = "operators" if role is Role.OPERATOR else "background"
        # Not for who merely inherits the role: it has to be taken on.
        yield _policy(f"{table}_of_{suffix}", table, role, f"CURRENT_USER = '{role}'", role)


def _policy(name: str, table: str, role: Role, condition: str, mark: str) -> Requirement:
    # Each release of PostgreSQL may write the condition a little differently, so its text is not compared as a whole.
    holds = (
        f"SELECT polpermissive AND polcmd = '*' AND polroles = ARRAY[{_oid(role)}] AND polwithcheck IS NULL"
        f" AND strpos(pg_get_expr(polqual, polrelid), '{mark}') > 0"
        " AND pg_get_expr(polqual, polrelid) !~* '\\mor\\M'"
        f" FROM pg_policy WHERE polrelid = {_table(table)} AND polname = '{name}'"
    )
    create = f"CREATE POLICY {name} ON {table} TO {role} USING ({condition})"
    return Requirement(f"policy {name}", holds, (f"DROP POLICY IF EXISTS {name} ON {table}", create))


def _row_security() -> Iterator[Requirement]:
    for table in ORGANIZATION_TABLES:
        yield Requirement(
            f"row-level security of {table}",
            f"SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = {_table(table)}",
            (f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"),
        )


def _grants() -> Iterator[Requirement]:
    # A login without its roles is to be told so, not that there is no schema.
    yield Requirement(
        f"SELECT in {VERSION_TABLE} for everybody",
        f"has_table_privilege('public', {_table(VERSION_TABLE)}, 'SELECT')",
        (f"GRANT SELECT ON {VERSION_TABLE} TO PUBLIC",),
    )
    for grant in GRANTS:
        yield _grant(grant)
    sequence = f"pg_get_serial_sequence({_table(OUTBOX)}::text, '{OUTBOX_COLUMN}')"
    for role, privilege in ((Role.SERVER, "USAGE"), (Role.OPERATOR, "USAGE"), (Role.OPERATOR, "SELECT")):
        yield Requirement(
            f"{privilege} of the sequence of {OUTBOX} for {role}",
            f"has_sequence_privilege({_oid(role)}, {sequence}, '{privilege}')",
            (_grant_of_sequence(privilege, role),),
        )
    yield from _nothing_more()


def _grant_of_sequence(privilege: str, role: Role) -> str:
    return (
        f"DO $$ BEGIN EXECUTE format('GRANT {privilege} ON SEQUENCE %s TO {role}',"
        f" pg_get_serial_sequence('{OUTBOX}', '{OUTBOX_COLUMN}')); END $$"
    )


def _grant(grant: Grant) -> Requirement:
    role, table, privilege = _oid(grant.role), _table(grant.table), grant.privilege
    if not grant.columns:
        holds = f"has_table_privilege({role}, {table}, '{privilege}')"
        return Requirement(
            f"{privilege} in {grant.table} for {grant.role}",
            holds,
            (f"GRANT {privilege} ON {grant.table} TO {grant.role}",),
        )
    columns = ", ".join(grant.columns)
    each = (f"has_column_privilege({role}, {table}, '{column}', '{privilege}')" for column in grant.columns)
    return Requirement(
        f"{privilege} of ({columns}) in {grant.table} for {grant.role}",
        f"CASE WHEN {table} IS NOT NULL THEN {' AND '.join(each)} END",
        (f"GRANT {privilege} ({columns}) ON {grant.table} TO {grant.role}",),
    )


def _nothing_more() -> Iterator[Requirement]:
    """Yield that what serves may do no more in a table than is declared, by a grant of its own or to everybody."""
    tables = {grant.table for grant in GRANTS}
    for role in (Role.SERVER, Role.BACKGROUND):
        for table in sorted(tables):
            held = {
                grant.privilege for grant in GRANTS if (grant.role, grant.table, grant.columns) == (role, table, ())
            }
            others = ", ".join(privilege for privilege in PRIVILEGES if privilege not in held)
            columns = [grant for grant in GRANTS if (grant.role, grant.table) == (role, table) and grant.columns]
            yield Requirement(
                f"nothing more than is declared in {table} for {role}",
                f"NOT has_table_privilege({_oid(role)}, {_table(table)}, '{others}')",
                # Revoking a privilege of a table takes it from the table's columns as well.
                (f"REVOKE {others} ON {table} FROM {role}, PUBLIC", *(_grant(each).repair[0] for each in columns)),
            )


def _on_sqlite() -> Iterator[Requirement]:
    for name, statement in SQLITE_TRIGGERS.items():
        quoted = statement.replace("'", "''")
        holds = f"SELECT sql = '{quoted}' FROM sqlite_master WHERE type = 'trigger' AND name = '{name}'"
        fill = [SQLITE_FILL_ENDINGS] if "_endings_" in name else []
        yield Requirement(f"trigger {name}", holds, (f"DROP TRIGGER IF EXISTS {name}", statement, *fill))


POSTGRESQL: Final = (
    *_roles(),
    *_schema(),
    *_functions(),
    *_triggers(),
    *_policies(),
    *_grants(),
    # Last: until then the owner of the tables sees all rows, which filling needs.
    *_row_security(),
)
"""What PostgreSQL must hold, in the order in which it is made."""

SQLITE: Final = tuple(_on_sqlite())
"""What SQLite must hold, in the order in which it is made."""
