"""Declares the schema `reporting` on PostgreSQL: views for BI tools, and the roles that read them.

A login of a BI tool is a member of READER. Row-level security shows it the rows of one organization: the one that
`reporting.logins` has for the login. The login cannot change that, because it cannot write to that table, and because
`session_user` is the login itself, whatever it sets. A setting of the session, by which servers are confined, would
be no protection here, because a BI tool runs any SQL.

The schema is optional: it needs roles that the login of `migrate` may not be permitted to create.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from db.connections.roles import Role
from db.migrations.requirements import Requirement, oid_of, policy
from db.sql.exports.views import SCHEMA, VIEWS


class ReportingRole(StrEnum):
    """A role of BI tools. The value is its name in PostgreSQL."""

    READER = "pm_group_reporting"
    """Reads the views without names, in one organization."""
    IDENTIFIED = "pm_group_reporting_identified"
    """Also reads the views with names and record numbers. It is granted in addition to READER."""


LOGINS: Final = f"{SCHEMA}.logins"
FIRST_VERSION: Final = 15
"""The first version of PostgreSQL whose views can apply the privileges of their readers (security_invoker)."""

CREATE_LOGINS: Final = f"CREATE TABLE {LOGINS} (login name PRIMARY KEY, organization_id varchar(64) NOT NULL)"


def relation_oid(name: str) -> str:
    """Return SQL for the id of a table or view of the schema; NULL if it does not exist.

    `to_regclass` would fail for a login that may not use the schema, such as that of a server.
    """
    schema, _, relation = name.partition(".")
    return (
        "(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE n.nspname = '{schema}' AND c.relname = '{relation}')"
    )


INSTALLED: Final = " AND ".join(
    [f"{relation_oid(LOGINS)} IS NOT NULL", *(f"{oid_of(role)} IS NOT NULL" for role in ReportingRole)]
)
"""An SQL expression for whether the database has the schema, so that its parts are required."""

_ALL_COLUMNS: Final = ("pm_group_definitions", "pm_group_schedule", "pm_group_enrollments", "pm_group_audit_log")
_SOME_COLUMNS: Final = {
    ReportingRole.READER: {
        "pm_group_patients": ("organization_id", "id"),
        "pm_group_staff_members": ("organization_id", "id"),
        "pm_group_locations": ("organization_id", "id", "site", "room"),
    },
    ReportingRole.IDENTIFIED: {
        "pm_group_patients": ("organization_id", "id", "display_name", "medical_record_number"),
        "pm_group_staff_members": ("organization_id", "id", "display_name"),
    },
}
_NAMES: Final = {
    "pm_group_patients": ("display_name", "medical_record_number", "birth_date", "search_text"),
    "pm_group_staff_members": ("display_name", "search_text"),
}
"""The columns that identify people."""
_TABLES: Final = (*_ALL_COLUMNS, *_SOME_COLUMNS[ReportingRole.READER])

_FUNCTION: Final = f"{SCHEMA}.organization()"
_FUNCTION_BODY: Final = f"BEGIN ATOMIC SELECT organization_id FROM {LOGINS} WHERE login = session_user; END"
_CREATE_FUNCTION: Final = (
    f"CREATE OR REPLACE FUNCTION {_FUNCTION} RETURNS text LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE"
    f" SET search_path = pg_catalog, pg_temp {_FUNCTION_BODY}"
)
# As PostgreSQL prints it, without spaces, brackets and semicolons.
_PRINTED_BODY: Final = f"beginatomicselectlogins.organization_idfrom{LOGINS}wherelogins.login=session_userend"


def reporting_requirements() -> tuple[Requirement, ...]:
    """Return what the schema contains. All of it holds if the database has no such schema."""
    return tuple(
        Requirement(
            requirement.name, f"CASE WHEN {INSTALLED} THEN ({requirement.holds}) ELSE true END", requirement.repair
        )
        for requirement in (*_access(), *_policies(), *_table_grants(), *_views())
    )


def _access() -> Iterator[Requirement]:
    for role in (*ReportingRole, Role.OPERATOR):
        yield Requirement(
            f"USAGE on the schema {SCHEMA} for {role}",
            f"has_schema_privilege({oid_of(role)}, '{SCHEMA}', 'USAGE')",
            (f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}",),
        )
    # For pg_dump.
    yield _grant(Role.OPERATOR, LOGINS, relation_oid(LOGINS))
    body = "regexp_replace(lower(pg_get_function_sqlbody(oid)), '[() \n;]', '', 'g')"
    yield Requirement(
        f"function {_FUNCTION}",
        f"SELECT prosecdef AND {body} = '{_PRINTED_BODY}' AND proconfig = ARRAY['search_path=pg_catalog, pg_temp']"
        f" FROM pg_proc WHERE proname = 'organization' AND pronamespace ="
        f" (SELECT oid FROM pg_namespace WHERE nspname = '{SCHEMA}')",
        (_CREATE_FUNCTION,),
    )


def _policies() -> Iterator[Requirement]:
    for table in _TABLES:
        # In a subquery the function is called once per statement, not once per row.
        yield policy(
            f"{table}_of_reporting", table, ReportingRole.READER, f"organization_id = (SELECT {_FUNCTION})", "SELECT"
        )


def _table_grants() -> Iterator[Requirement]:
    for table in _ALL_COLUMNS:
        yield _grant(ReportingRole.READER, table, f"to_regclass('{table}')")
    for role, tables in _SOME_COLUMNS.items():
        for table, columns in tables.items():
            checks = (f"has_column_privilege({oid_of(role)}, '{table}', '{name}', 'SELECT')" for name in columns)
            listed = ", ".join(columns)
            yield Requirement(
                f"SELECT ({listed}) on {table} for {role}",
                " AND ".join(checks),
                (f"GRANT SELECT ({listed}) ON {table} TO {role}",),
            )
    for table, names in _NAMES.items():
        checks = (
            f"NOT has_column_privilege({oid_of(ReportingRole.READER)}, '{table}', '{name}', 'SELECT')" for name in names
        )
        granted = ", ".join(_SOME_COLUMNS[ReportingRole.READER][table])
        yield Requirement(
            f"no names in {table} for {ReportingRole.READER}",
            " AND ".join(checks),
            (
                f"REVOKE ALL ON {table} FROM {ReportingRole.READER}",
                f"GRANT SELECT ({granted}) ON {table} TO {ReportingRole.READER}",
            ),
        )


def _views() -> Iterator[Requirement]:
    for view in VIEWS:
        yield Requirement(
            f"view {view.name}",
            f"SELECT reloptions @> ARRAY['security_invoker=true'] AND obj_description(oid, 'pg_class') ="
            f" '{view.comment}' FROM pg_class WHERE oid = {relation_oid(view.name)}",
            view.create,
        )
        reader = ReportingRole.IDENTIFIED if view.identifies else ReportingRole.READER
        yield _grant(reader, view.name, relation_oid(view.name))


def _grant(role: Role | ReportingRole, table: str, oid: str) -> Requirement:
    return Requirement(
        f"SELECT on {table} for {role}",
        f"has_table_privilege({oid_of(role)}, {oid}, 'SELECT')",
        (f"GRANT SELECT ON {table} TO {role}",),
    )


REPORTING: Final = reporting_requirements()
"""What the schema contains, in the order in which it is created."""
