"""Row-level security: a statement without a condition on the organization reaches no other organization's rows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import delete, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from db.connections.engine import Database, create_engine
from db.connections.roles import Role
from db.migrations.catalog_repair import AdministratorNeeded
from db.migrations.migrate import migrate
from db.migrations.reporting import ReportingRole
from db.migrations.schema_version import current_revision
from db.sql.statement import Statement
from db.tables import audit_log, enrollments, group_definitions, metadata, outbox, patients
from db.transactions.all_organizations import reading_all, writing_all
from db.transactions.snapshots import snapshot
from db.transactions.unit_of_work import Actor, unit_of_work
from domain.records import EnrollmentStatus
from resolvers.commands.enrollments import enroll_patient
from tests.support.clinic import NOW, OURS, THEIRS, context, make_group, seed
from tests.support.databases import PASSWORD, SERVER, administer, with_login

pytestmark = pytest.mark.anyio

Administer = Callable[..., Awaitable[None]]

CONFINED = [table for table in metadata.sorted_tables if "organization_id" in table.c]


@pytest.fixture
def database_kind() -> str:
    """Use PostgreSQL only: SQLite has no roles."""
    return "postgresql"


@pytest.fixture
async def two_clinics(engine: Database) -> Database:
    """Seed two organizations, each with a group and an enrolled patient."""
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
        group = await make_group(engine, organization)
        await enroll_patient(context(engine, organization), str(group.id), "patient-1")
    return engine


def actor(organization: str = OURS) -> Actor:
    return Actor("user-1", organization, "request-1")


async def test_a_query_without_condition_sees_one_organization(two_clinics: Database) -> None:
    with_rows = set()
    async with snapshot(two_clinics, OURS) as reading:
        for table in CONFINED:
            owners = [row[0] for row in await reading.fetch(Statement(select(table.c.organization_id)), {})]
            assert set(owners) <= {OURS}, table.name
            with_rows |= {table.name for _ in owners}
    assert {"pm_group_definitions", "pm_group_enrollments", "pm_group_patients", "pm_group_audit_log"} <= with_rows
    async with two_clinics.connect() as unconfined:
        assert set(await unconfined.scalars(select(patients.c.organization_id))) == {OURS, THEIRS}


async def test_a_change_without_condition_touches_one_organization(two_clinics: Database) -> None:
    async with unit_of_work(two_clinics, actor(), lambda: NOW, uuid7) as work:
        await work.store(Statement(update(group_definitions).values(name="Renamed")), [{}])
    async with two_clinics.connect() as unconfined:
        names = await unconfined.execute(select(group_definitions.c.organization_id, group_definitions.c.name))
        assert {row.organization_id: row.name == "Renamed" for row in names} == {OURS: True, THEIRS: False}


async def test_no_row_is_inserted_into_another_organization(two_clinics: Database) -> None:
    async with two_clinics.connect() as unconfined:
        their_group = await unconfined.scalar(
            select(group_definitions.c.id).where(group_definitions.c.organization_id == THEIRS)
        )
    row = {
        "id": uuid4(),
        "organization_id": THEIRS,
        "group_definition_id": their_group,
        "patient_id": "patient-2",
        "status": EnrollmentStatus.ENROLLED.value,
        "enrolled_at": NOW,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    with pytest.raises(DBAPIError, match="row-level security"):
        async with unit_of_work(two_clinics, actor(), lambda: NOW, uuid7) as work:
            await work.store(Statement(insert(enrollments).values(row)), [{}])


async def test_the_role_lasts_as_long_as_the_transaction(two_clinics: Database) -> None:
    async with snapshot(two_clinics, OURS) as reading:
        [[role]] = await reading.fetch(Statement(text("SELECT current_user")), {})
        assert role == Role.SERVER
    pooled = await two_clinics.raw_connection()
    assert pooled.driver_connection is not None
    assert await pooled.driver_connection.fetchval("SELECT current_user") == SERVER
    pooled.close()


async def test_the_server_sees_no_rows_without_an_organization(two_clinics: Database) -> None:
    async with two_clinics.begin() as connection:
        await connection.execute(text(f"SET LOCAL ROLE {Role.SERVER}"))
        for table in CONFINED:
            assert await connection.scalar(select(func.count()).select_from(table)) == 0, table.name


@pytest.mark.parametrize("table", CONFINED, ids=lambda table: str(table.name))
async def test_every_table_of_organizations_is_confined(engine: Database, table: object) -> None:
    """A new table fails here until `db.migrations.privileges` declares its privileges."""
    async with engine.connect() as connection:
        result = await connection.execute(
            text(
                "SELECT c.relrowsecurity, c.relforcerowsecurity, array(SELECT rolname FROM pg_policy p, pg_roles r"
                " WHERE p.polrelid = c.oid AND r.oid = ANY (p.polroles)) AS roles"
                " FROM pg_class c WHERE c.relname = :name AND c.relkind = 'r'"
            ),
            {"name": str(table)},
        )
        [row] = result.all()
        assert (row.relrowsecurity, row.relforcerowsecurity) == (True, True)
        assert {Role.SERVER, Role.OPERATOR} <= set(row.roles) <= {*Role, ReportingRole.READER}


async def test_the_owner_sees_rows_only_as_operator(two_clinics: Database, owner_url: str) -> None:
    owner = create_engine(owner_url)
    async with owner.connect() as connection:
        for table in CONFINED:
            assert await connection.scalar(select(func.count()).select_from(table)) == 0, table.name
    async with reading_all(owner, Role.OPERATOR) as connection:
        assert set(await connection.scalars(select(patients.c.organization_id))) == {OURS, THEIRS}
    await owner.dispose()


LIFTING = [
    "SET SESSION AUTHORIZATION clinic_owner",
    "SET SESSION AUTHORIZATION postgres",
    "SET ROLE clinic_owner",
    "SET ROLE postgres",
    "SET ROLE pm_group_operator",
    "SET row_security = off; SELECT count(*) FROM pm_group_patients",
    "SET session_replication_role = replica",
    "ALTER TABLE pm_group_audit_log DISABLE TRIGGER ALL",
    "ALTER TABLE pm_group_patients DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE pm_group_patients NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY pm_group_patients_of_organization ON pm_group_patients",
    "CREATE POLICY mine ON pm_group_patients USING (true)",
    "CREATE OR REPLACE FUNCTION pm_group_confined(organization text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE FUNCTION public.length(varchar) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE mine (id int)",
    "TRUNCATE pm_group_audit_log",
    "TRUNCATE pm_group_enrollments",
    "UPDATE pm_group_audit_log SET action = 'other'",
    "UPDATE pm_group_patients SET display_name = 'other'",
    "UPDATE pm_group_schema_version SET version_num = '0001'",
    "GRANT pm_group_operator TO clinic_server",
    "COPY pm_group_patients TO '/tmp/stolen'",
]


@pytest.mark.parametrize("statement", LIFTING)
async def test_a_serving_session_cannot_lift_its_confinement(two_clinics: Database, statement: str) -> None:
    for reset in ("", "RESET ROLE; "):
        async with serving_session(two_clinics) as session:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await session.execute(f"{reset}{statement}")


async def test_a_session_that_resets_its_role_sees_no_rows(two_clinics: Database) -> None:
    async with serving_session(two_clinics) as session:
        await session.execute("RESET ROLE; RESET group_sessions.organization_id")
        assert await session.fetchval("SELECT session_user = current_user AND current_user = $1", SERVER)
        for table in CONFINED:
            columns = "organization_id" if table.name == "pm_group_idempotency_keys" else "*"
            assert await session.fetch(f"SELECT {columns} FROM {table.name}") == [], table.name


async def test_the_background_role_reads_only_what_it_works_on(two_clinics: Database) -> None:
    async with serving_session(two_clinics) as session:
        await session.execute(f"SET ROLE {Role.BACKGROUND}")
        assert {row[0] for row in await session.fetch("SELECT organization_id FROM pm_group_outbox")} == {OURS, THEIRS}
        for refused in (
            "SELECT * FROM pm_group_patients",
            "SELECT * FROM pm_group_enrollments",
            "SELECT * FROM pm_group_audit_log",
            "SELECT body FROM pm_group_idempotency_keys",
            "UPDATE pm_group_outbox SET envelope = '{}'",
            "DELETE FROM pm_group_outbox",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await session.execute(refused)


@asynccontextmanager
async def serving_session(engine: Database) -> AsyncIterator[asyncpg.Connection]:
    """Open a session as the server uses it for reading, but not limited to reads."""
    driver = await engine.read_pool.acquire(OURS)
    try:
        await driver.connection.execute("SET default_transaction_read_only = off")
        yield driver.connection
    finally:
        await engine.read_pool.release(driver, reusable=False)


async def test_the_server_cannot_rewrite_history_or_the_schema(two_clinics: Database) -> None:
    for attempt in (
        update(audit_log).values(action="other"),
        delete(audit_log),
        delete(outbox),
        delete(enrollments),
        text("TRUNCATE pm_group_audit_log"),
        text("DROP TRIGGER pm_group_audit_log_refuses_changes ON pm_group_audit_log"),
        text("CREATE TABLE mine (id INTEGER)"),
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with unit_of_work(two_clinics, actor(), lambda: NOW, uuid7) as work:
                await work.store(Statement(attempt), [{}])


@pytest.fixture
async def newcomer(empty_database_url: str, postgres_url: str) -> AsyncIterator[tuple[str, Administer]]:
    """Return the URL of a login that only owns an empty database, and a function that runs SQL there as superuser."""
    login, url = f"clinic_{uuid4().hex[:12]}", make_url(empty_database_url)
    inside = make_url(postgres_url).set(database=url.database).render_as_string(hide_password=False)
    run = partial(administer, inside)
    await run(f"CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}'", f"ALTER DATABASE {url.database} OWNER TO {login}")
    yield with_login(empty_database_url, login), run
    await run(f"REASSIGN OWNED BY {login} TO CURRENT_USER", f"DROP OWNED BY {login}", f"DROP ROLE {login}")


async def test_a_plain_login_migrates_once_it_has_the_roles(
    newcomer: tuple[str, Administer], postgres_url: str
) -> None:
    url, run = newcomer
    engine = create_engine(url)
    with pytest.raises(AdministratorNeeded) as refused:
        await migrate(engine)
    assert await current_revision(engine) is None
    assert str(refused.value).count("GRANT") == len(Role)
    await run(*refused.value.statements)
    await migrate(engine)
    async with writing_all(engine, Role.OPERATOR) as connection:
        await connection.execute(insert(patients).values(patient_row(OURS)))
    await engine.dispose()
    serving = create_engine(with_login(url, SERVER))
    async with snapshot(serving, OURS) as reading:
        assert len(await reading.fetch(Statement(select(patients.c.id)), {})) == 1
    await serving.dispose()


def patient_row(organization: str) -> dict[str, object]:
    return {
        "organization_id": organization,
        "id": "patient-1",
        "display_name": "Patient 1",
        "medical_record_number": "MR1",
        "active": True,
        "search_text": "patient 1",
    }
