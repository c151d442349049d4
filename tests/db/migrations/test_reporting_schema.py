"""The schema `reporting`: the columns of the exports, one organization for each login, and no names unless granted."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url, text

from db.connections.engine import Database, create_engine
from db.migrations.catalog import missing_from_catalog
from db.migrations.migrate import migrate
from db.sql.exports.catalog import TABLE_EXPORTS
from db.sql.exports.columns import Kind
from db.sql.exports.views import VIEWS
from tests.support.clinic import OURS, make_group, seed
from tests.support.clinic_rows import add_enrollments
from tests.support.databases import OWNER, PASSWORD, administer, operator_of, with_login
from tests.support.lively_clinic import lively_clinic

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)]

THEIRS = "org-of-another"
NAMES = {view.name for view in VIEWS if view.identifies}
TYPES = {
    Kind.ID: {"uuid"},
    Kind.CODE: {"character varying", "text"},
    Kind.TEXT: {"character varying", "text"},
    Kind.INTEGER: {"integer"},
    Kind.BOOLEAN: {"boolean"},
    Kind.DATE: {"date"},
    Kind.TIME: {"time without time zone"},
    Kind.INSTANT: {"timestamp with time zone"},
}


@pytest.fixture
async def clinics(engine: Database) -> None:
    await lively_clinic(engine)
    await seed(engine, THEIRS)
    group = await make_group(engine, THEIRS, name="Their group")
    await add_enrollments(engine, group.id, ["patient-7"], THEIRS)


@asynccontextmanager
async def analyst(
    administrator_url: str, organization: str | None, *, identified: bool = False
) -> AsyncIterator[asyncpg.Connection]:
    """Connect as the login of a BI tool, made as docs/exports.md says."""
    name = f"analyst_{uuid.uuid4().hex[:12]}"
    roles = "pm_group_reporting, pm_group_reporting_identified" if identified else "pm_group_reporting"
    await administer(administrator_url, f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'", f"GRANT {roles} TO {name}")
    if organization is not None:
        owner = await asyncpg.connect(with_login(administrator_url, OWNER))
        await owner.execute("INSERT INTO reporting.logins VALUES ($1, $2)", name, organization)
        await owner.close()
    connection = await asyncpg.connect(with_login_named(administrator_url, name))
    try:
        yield connection
    finally:
        await connection.close()
        await administer(administrator_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def with_login_named(url: str, name: str) -> str:
    return make_url(url).set(username=name, password=PASSWORD).render_as_string(hide_password=False)


async def count(connection: asyncpg.Connection, relation: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {relation}"))


async def test_the_views_have_the_columns_of_the_exports(engine: Database) -> None:
    query = text(
        "SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'reporting' AND table_name LIKE 'v1%' ORDER BY 1, ordinal_position"
    )
    stored: dict[str, list[tuple[str, str]]] = {}
    async with engine.connect() as connection:
        for view, column, data_type in (await connection.execute(query)).all():
            stored.setdefault(view, []).append((column, data_type))
    for export in TABLE_EXPORTS:
        anonymous = [column for column in export.columns if not column.identifies]
        expected = {f"reporting.v1_{export.view}": anonymous}
        if len(anonymous) < len(export.columns):
            expected[f"reporting.v1_{export.view}_identified"] = list(export.columns)
        for view, columns in expected.items():
            actual = stored.pop(view)
            assert [name for name, _ in actual] == [column.name for column in columns], view
            for (name, data_type), column in zip(actual, columns, strict=True):
                assert data_type in TYPES[column.kind], (view, name)
    assert stored == {}


async def test_a_login_sees_the_rows_of_its_organization(clinics: None, administrator_url: str) -> None:
    async with analyst(administrator_url, OURS) as ours, analyst(administrator_url, THEIRS) as theirs:
        for view in VIEWS:
            if not view.identifies:
                assert await count(ours, view.name) > 0, view.name
        assert await count(theirs, "reporting.v1_groups") == 1
        assert [row[0] for row in await theirs.fetch("SELECT patient_id FROM reporting.v1_enrollments")] == [
            "patient-7"
        ]
        assert await theirs.fetchval("SELECT group_name FROM reporting.v1_enrollments") == "Their group"


async def test_a_login_without_an_organization_sees_nothing(clinics: None, administrator_url: str) -> None:
    async with analyst(administrator_url, None, identified=True) as nobody:
        for view in VIEWS:
            assert await count(nobody, view.name) == 0


REFUSED = {"42501", "22023", "42P17", "42809", "42P16"}
"""The codes of a missing privilege, an invalid setting, and of statements that the object does not allow."""
LEAK = (
    "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS"
    " $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
)
"""A function that shows what it is called for, and that the planner would call first."""
ESCAPES = [
    "SET group_sessions.organization_id = 'org-ours'",
    "SET app.organization = 'org-ours'",
    "SET session_authorization = 'clinic_owner'",
    "SET SESSION AUTHORIZATION clinic_owner",
    "SET ROLE pm_group_operator",
    "SET ROLE pm_group_server",
    "SET ROLE clinic_owner",
    "SET ROLE pm_group_reporting",
    "SET row_security = off",
    "SET search_path = pg_temp, reporting",
    "UPDATE reporting.logins SET organization_id = 'org-ours'",
    "INSERT INTO reporting.logins VALUES (session_user, 'org-ours')",
    "SELECT * FROM reporting.logins",
    "CREATE TEMP TABLE logins AS SELECT session_user AS login, 'org-ours'::text AS organization_id",
    "CREATE OR REPLACE FUNCTION reporting.organization() RETURNS text LANGUAGE sql AS $$ SELECT 'org-ours' $$",
    "CREATE OR REPLACE VIEW reporting.v1_groups AS SELECT 1",
    "ALTER TABLE pm_group_definitions DISABLE ROW LEVEL SECURITY",
    LEAK,
    "UPDATE pm_group_enrollments SET status = 'ENROLLED'",
    "DELETE FROM pm_group_audit_log",
    "COPY pm_group_patients TO STDOUT",
    "SELECT * FROM pm_group_patients",
    "SELECT search_text FROM pm_group_patients",
    "SELECT display_name FROM pm_group_staff_members",
    "SELECT * FROM pm_group_access_log",
    "SELECT * FROM pm_group_outbox",
    "SELECT * FROM pm_group_reporting_tokens",
    "SELECT * FROM pm_group_idempotency_keys",
]


@pytest.mark.parametrize("escape", ESCAPES)
async def test_no_sql_of_a_login_shows_it_another_organization(
    clinics: None, administrator_url: str, escape: str
) -> None:
    async with analyst(administrator_url, THEIRS) as theirs:
        seen: list[str] = []
        theirs.add_log_listener(lambda _connection, message: seen.append(message.message))
        assert await rows_or_refusal(theirs, escape) == []
        if escape == LEAK:
            await theirs.fetch("SELECT id FROM reporting.v1_groups WHERE pg_temp.leak(name)")
            assert set(seen) == {"Their group"}
        names = await rows_or_refusal(theirs, "SELECT name FROM reporting.v1_groups")
        assert {row[0] for row in names} <= {"Their group"}


async def rows_or_refusal(connection: asyncpg.Connection, sql: str) -> list[Any]:
    """Return the rows of a statement, or none if PostgreSQL refuses it."""
    try:
        return list(await connection.fetch(sql))
    except asyncpg.PostgresError as error:
        if error.sqlstate in REFUSED:
            return []
        raise


async def test_names_need_the_role_for_them(clinics: None, administrator_url: str) -> None:
    async with analyst(administrator_url, OURS) as anonymous:
        for name in NAMES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await anonymous.fetch(f"SELECT * FROM {name}")
        for view in VIEWS:
            if not view.identifies:
                for row in await anonymous.fetch(f"SELECT * FROM {view.name}"):
                    assert not any(str(value).startswith(("Patient ", "Staff ")) for value in row.values())
    async with analyst(administrator_url, OURS, identified=True) as identified:
        query = "SELECT patient_id, patient_name FROM reporting.v1_enrollments_identified"
        for patient_id, name in await identified.fetch(query):
            assert name == f"Patient {patient_id.removeprefix('patient-')}"


async def test_a_part_of_the_schema_that_is_missing_is_repaired(engine: Database) -> None:
    owner = operator_of(engine)
    damage = {
        "view reporting.v1_groups": "ALTER VIEW reporting.v1_groups SET (security_invoker = false)",
        "view reporting.v1_history": "DROP VIEW reporting.v1_history",
        "policy pm_group_enrollments_of_reporting": (
            "ALTER POLICY pm_group_enrollments_of_reporting ON pm_group_enrollments USING (true)"
        ),
        "no names in pm_group_patients for pm_group_reporting": (
            "GRANT SELECT ON pm_group_patients TO pm_group_reporting"
        ),
        "SELECT on reporting.v1_sessions for pm_group_reporting": (
            "REVOKE SELECT ON reporting.v1_sessions FROM pm_group_reporting"
        ),
        "function reporting.organization()": "ALTER FUNCTION reporting.organization() SECURITY INVOKER",
    }
    for name, statement in damage.items():
        async with owner.begin() as connection:
            await connection.execute(text(statement))
        assert name in {requirement.name for requirement in await missing_from_catalog(engine)}
        assert name in (await migrate(owner)).repaired
        assert await missing_from_catalog(engine) == []


async def test_a_login_that_may_not_make_the_schema_migrates_all_the_same(
    administrator_url: str, postgres_url: str, tmp_path: Path
) -> None:
    name = make_url(administrator_url).database
    await administer(
        administrator_url,
        "DROP SCHEMA reporting CASCADE",
        f"ALTER DATABASE {name} OWNER TO postgres",
        f"REVOKE CREATE ON DATABASE {name} FROM {OWNER}, PUBLIC",
    )
    owner = create_engine(with_login(administrator_url, OWNER))
    try:
        assert await missing_from_catalog(owner) == []
        result = await migrate(owner)
        assert "CREATE SCHEMA reporting AUTHORIZATION clinic_owner;" in str(result)
        assert await missing_from_catalog(owner) == []
        await administer(administrator_url, "CREATE SCHEMA reporting AUTHORIZATION clinic_owner")
        result = await migrate(owner)
        assert result.notices == ()
        assert "view reporting.v1_groups" in result.repaired
    finally:
        await owner.dispose()
