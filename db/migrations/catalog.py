"""Declares what the catalog of a database must contain besides tables.

Roles, privileges, policies and triggers may be missing after a dump is restored. `migrate` adds what is missing
(`db.migrations.catalog_repair`), `check` lists it, `serve` does not start without it, and `/ready` responds with 503.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.connections.roles import CONFINED, NOT_CONFINED, ORGANIZATION_SETTING, Role
from db.migrations.privileges import (
    ALL_ORGANIZATIONS,
    COLUMN_PRIVILEGES,
    GRANTS,
    ORGANIZATION_TABLES,
    OUTBOX,
    OUTBOX_COLUMN,
    PRIVILEGES,
    Grant,
)
from db.migrations.reporting import REPORTING
from db.migrations.requirements import Requirement, oid_of, policy
from db.migrations.schema_version import VERSION_TABLE
from db.sql.triggers import (
    REBUILD_ENDINGS,
    SQLITE_REBUILD_ENDINGS,
    SQLITE_TRIGGERS,
    TRIGGER_BODIES,
    TRIGGERS,
    create_trigger_function,
)


async def missing_from_catalog(engine: AsyncEngine) -> list[Requirement]:
    """Return the missing requirements of a database with the newest schema, with one query."""
    async with engine.connect() as connection:
        return await connection.run_sync(find_missing)


def find_missing(connection: Connection) -> list[Requirement]:
    """Return the missing requirements, in the order in which they must be repaired."""
    required = SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL
    rows = " UNION ALL ".join(
        f"SELECT {index} AS number, ({requirement.holds}) AS holds" for index, requirement in enumerate(required)
    )
    query = text(f"SELECT number FROM ({rows}) AS required WHERE holds IS NOT TRUE ORDER BY number")
    return [required[index] for index in connection.scalars(query)]


def _table(name: str) -> str:
    return f"to_regclass('{name}')"


def _roles() -> Iterator[Requirement]:
    for role in Role:
        yield Requirement(f"role {role}", f"{oid_of(role)} IS NOT NULL", (f"CREATE ROLE {role} NOLOGIN",))


def _schema() -> Iterator[Requirement]:
    schema = f"(SELECT relnamespace FROM pg_class WHERE oid = {_table(VERSION_TABLE)})"
    grant = "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO {}', current_schema()); END $$"
    for role in Role:
        holds = f"has_schema_privilege({oid_of(role)}, {schema}, 'USAGE')"
        yield Requirement(f"USAGE on the schema for {role}", holds, (grant.format(role),))


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
            f" AND tgfoid = to_regprocedure('{trigger.function}()') AND tgtype = {trigger.kind} AND tgqual IS NULL"
        )
        repair = [trigger.create, f"ALTER TABLE {trigger.table} ENABLE TRIGGER {trigger.name}"]
        if "_endings_" in trigger.name:
            repair += REBUILD_ENDINGS
        yield Requirement(f"trigger {trigger.name}", holds, tuple(repair))


def _policies() -> Iterator[Requirement]:
    names: dict[str, list[str]] = {table: [] for table in ORGANIZATION_TABLES}
    # In a subquery the setting is read once per statement, not once per row.
    setting = f"organization_id = (SELECT current_setting('{ORGANIZATION_SETTING}', true))"
    for table in ORGANIZATION_TABLES:
        names[table].append(f"{table}_of_organization")
        yield policy(names[table][-1], table, Role.SERVER, setting)
    for table, role in ALL_ORGANIZATIONS:
        names[table].append(f"{table}_of_{'operators' if role is Role.OPERATOR else 'background'}")
        # Not for sessions that only inherit the role: they must act as it.
        yield policy(names[table][-1], table, role, f"CURRENT_USER = '{role}'")
    for table, declared in names.items():
        yield _only_declared_policies(table, declared)


def _only_declared_policies(table: str, declared: list[str]) -> Requirement:
    """Require that no undeclared policy applies to the roles: it might show or hide rows.

    Policies for other logins, such as a login for reports, are the administrator's own.
    """
    roles = ", ".join(oid_of(role) for role in Role)
    names = ", ".join(f"'{name}'" for name in declared)
    others = (
        f"FROM pg_policy WHERE polrelid = {_table(table)} AND polname NOT IN ({names}) AND EXISTS"
        " (SELECT FROM unnest(polroles) AS target (role), pg_roles AS r WHERE"
        f" r.oid IN ({roles}) AND (target.role = 0 OR pg_has_role(r.oid, target.role, 'USAGE')"
        " OR pg_has_role(target.role, r.oid, 'MEMBER')))"
    )
    drop = (
        f"DO $$ DECLARE name text; BEGIN FOR name IN SELECT polname {others} LOOP"
        f" EXECUTE format('DROP POLICY %I ON {table}', name); END LOOP; END $$"
    )
    return Requirement(
        f"only declared policies on {table}", f"{_table(table)} IS NOT NULL AND NOT EXISTS (SELECT {others})", (drop,)
    )


def _row_security() -> Iterator[Requirement]:
    for table in ORGANIZATION_TABLES:
        yield Requirement(
            f"row-level security of {table}",
            f"SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = {_table(table)}",
            (f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"),
        )


def _grants() -> Iterator[Requirement]:
    yield Requirement(
        f"SELECT on {VERSION_TABLE} for PUBLIC",
        f"has_table_privilege('public', {_table(VERSION_TABLE)}, 'SELECT')",
        (f"GRANT SELECT ON {VERSION_TABLE} TO PUBLIC",),
    )
    for grant in GRANTS:
        yield _grant(grant)
    sequence = f"pg_get_serial_sequence({_table(OUTBOX)}::text, '{OUTBOX_COLUMN}')"
    for role, privilege in ((Role.SERVER, "USAGE"), (Role.OPERATOR, "USAGE"), (Role.OPERATOR, "SELECT")):
        yield Requirement(
            f"{privilege} on the sequence of {OUTBOX} for {role}",
            f"has_sequence_privilege({oid_of(role)}, {sequence}, '{privilege}')",
            (_sequence_grant(privilege, role),),
        )
    yield from _only_declared_privileges()


def _sequence_grant(privilege: str, role: Role) -> str:
    return (
        f"DO $$ BEGIN EXECUTE format('GRANT {privilege} ON SEQUENCE %s TO {role}',"
        f" pg_get_serial_sequence('{OUTBOX}', '{OUTBOX_COLUMN}')); END $$"
    )


def _grant(grant: Grant) -> Requirement:
    role, table, privilege = oid_of(grant.role), _table(grant.table), grant.privilege
    if not grant.columns:
        holds = f"has_table_privilege({role}, {table}, '{privilege}')"
        return Requirement(
            f"{privilege} on {grant.table} for {grant.role}",
            holds,
            (f"GRANT {privilege} ON {grant.table} TO {grant.role}",),
        )
    columns = ", ".join(grant.columns)
    checks = (f"has_column_privilege({role}, {table}, '{column}', '{privilege}')" for column in grant.columns)
    return Requirement(
        f"{privilege} ({columns}) on {grant.table} for {grant.role}",
        f"CASE WHEN {table} IS NOT NULL THEN {' AND '.join(checks)} END",
        (f"GRANT {privilege} ({columns}) ON {grant.table} TO {grant.role}",),
    )


def _only_declared_privileges() -> Iterator[Requirement]:
    """Require that SERVER and BACKGROUND have only the declared privileges, including those granted to PUBLIC."""
    tables = {grant.table for grant in GRANTS}
    for role in (Role.SERVER, Role.BACKGROUND):
        for table in sorted(tables):
            of_role = [grant for grant in GRANTS if (grant.role, grant.table) == (role, table)]
            on_table = {grant.privilege for grant in of_role if not grant.columns}
            others = [privilege for privilege in PRIVILEGES if privilege not in on_table]
            column_grants = [grant for grant in of_role if grant.columns]
            on_columns = {grant.privilege for grant in column_grants}
            on_no_column = ", ".join(name for name in others if name in COLUMN_PRIVILEGES and name not in on_columns)
            holds = (
                f"NOT has_table_privilege({oid_of(role)}, {_table(table)}, '{', '.join(others)}')"
                f" AND NOT has_any_column_privilege({oid_of(role)}, {_table(table)}, '{on_no_column}')"
            )
            for grant in column_grants:
                columns = ", ".join(f"'{column}'" for column in grant.columns)
                holds += (
                    f" AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = {_table(table)} AND attnum > 0"
                    f" AND NOT attisdropped AND attname NOT IN ({columns})"
                    f" AND has_column_privilege({oid_of(role)}, attrelid, attnum, '{grant.privilege}'))"
                )
            yield Requirement(
                f"only declared privileges on {table} for {role}",
                holds,
                # REVOKE on a table also revokes the privilege on its columns.
                (
                    f"REVOKE {', '.join(others)} ON {table} FROM {role}, PUBLIC",
                    *(_grant(grant).repair[0] for grant in column_grants),
                ),
            )


def _on_sqlite() -> Iterator[Requirement]:
    for name, statement in SQLITE_TRIGGERS.items():
        quoted = statement.replace("'", "''")
        holds = f"SELECT sql = '{quoted}' FROM sqlite_master WHERE type = 'trigger' AND name = '{name}'"
        rebuild = SQLITE_REBUILD_ENDINGS if "_endings_" in name else ()
        yield Requirement(f"trigger {name}", holds, (f"DROP TRIGGER IF EXISTS {name}", statement, *rebuild))


POSTGRESQL: Final = (
    *_roles(),
    *_schema(),
    *_functions(),
    *_triggers(),
    *_policies(),
    *_grants(),
    *REPORTING,
    # Last: the repairs above need the owner of the tables to see all rows.
    *_row_security(),
)
"""The requirements on PostgreSQL, in the order in which they are created."""

SQLITE: Final = tuple(_on_sqlite())
"""The requirements on SQLite, in the order in which they are created."""
