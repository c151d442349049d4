"""The second wall: on PostgreSQL a statement that forgets the organization still reaches no other's rows."""

from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from db.engine import Database, create_engine
from db.migrate import migrate
from db.row_security import SERVER_ROLE
from db.snapshots import snapshot
from db.statement import Statement
from db.tables import audit_log, enrollments, group_definitions, metadata, outbox, patients
from db.unit_of_work import Author, unit_of_work
from domain.records import EnrollmentStatus
from resolvers.enrollments import enroll_patient
from tests.clinic import NOW, OURS, THEIRS, context, make_group, seed

pytestmark = pytest.mark.anyio

CONFINED = [table for table in metadata.sorted_tables if "organization_id" in table.c]


@pytest.fixture
def database_kind() -> str:
    """SQLite has no roles: this wall stands on PostgreSQL only."""
    return "postgresql"


@pytest.fixture
async def two_clinics(engine: Database) -> Database:
    """A clinic of ours and one of theirs, each with a group and a patient in it."""
    for organization in (OURS, THEIRS):
        await seed(engine, organization)
        group = await make_group(engine, organization)
        await enroll_patient(context(engine, organization), str(group.id), "patient-1")
    return engine


def author(organization: str = OURS) -> Author:
    return Author("user-1", organization, "request-1")


async def test_a_query_without_condition_sees_one_organization(two_clinics: Database) -> None:
    seen = set()
    async with snapshot(two_clinics, OURS) as reading:
        for table in CONFINED:
            found = [row[0] for row in await reading.fetch(Statement(select(table.c.organization_id)), {})]
            assert set(found) <= {OURS}, table.name
            seen |= {table.name for _ in found}
    assert {"pm_group_definitions", "pm_group_enrollments", "pm_group_patients", "pm_group_audit_log"} <= seen
    async with two_clinics.connect() as unconfined:
        assert set(await unconfined.scalars(select(patients.c.organization_id))) == {OURS, THEIRS}


async def test_a_change_without_condition_touches_one_organization(two_clinics: Database) -> None:
    async with unit_of_work(two_clinics, author(), NOW, uuid7) as work:
        await work.connection.execute(update(group_definitions).values(name="Renamed"))
    async with two_clinics.connect() as unconfined:
        names = await unconfined.execute(select(group_definitions.c.organization_id, group_definitions.c.name))
        assert {row.organization_id: row.name == "Renamed" for row in names} == {OURS: True, THEIRS: False}


async def test_nothing_is_put_into_another_organization(two_clinics: Database) -> None:
    async with two_clinics.connect() as unconfined:
        theirs = await unconfined.scalar(
            select(group_definitions.c.id).where(group_definitions.c.organization_id == THEIRS)
        )
    row = {
        "id": uuid4(),
        "organization_id": THEIRS,
        "group_definition_id": theirs,
        "patient_id": "patient-2",
        "status": EnrollmentStatus.ENROLLED.value,
        "enrolled_at": NOW,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    with pytest.raises(DBAPIError, match="row-level security"):
        async with unit_of_work(two_clinics, author(), NOW, uuid7) as work:
            await work.connection.execute(insert(enrollments), row)


async def test_the_wall_falls_with_the_transaction_and_not_before(two_clinics: Database) -> None:
    async with snapshot(two_clinics, OURS) as reading:
        [[role]] = await reading.fetch(Statement(text("SELECT current_user")), {})
        assert role == SERVER_ROLE
    async with two_clinics.connect() as next_user_of_the_connection:
        assert await next_user_of_the_connection.scalar(text("SELECT current_user")) != SERVER_ROLE


async def test_without_an_organization_the_server_sees_nothing(two_clinics: Database) -> None:
    async with two_clinics.begin() as connection:
        await connection.execute(text(f"SET LOCAL ROLE {SERVER_ROLE}"))
        for table in CONFINED:
            assert await connection.scalar(select(func.count()).select_from(table)) == 0, table.name


@pytest.mark.parametrize("table", CONFINED, ids=lambda table: str(table.name))
async def test_every_table_of_organizations_is_confined(engine: Database, table: object) -> None:
    """A new table fails here until its migration calls db.migrations.row_security.confine."""
    async with engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT c.relrowsecurity, (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies"
                " FROM pg_class c WHERE c.relname = :name AND c.relkind = 'r'"
            ),
            {"name": str(table)},
        )
        [row] = found.all()
        assert (row.relrowsecurity, row.policies) == (True, 1)


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
            async with unit_of_work(two_clinics, author(), NOW, uuid7) as work:
                await work.connection.execute(attempt)


async def test_a_login_without_special_rights_migrates_and_serves(postgres_url: str, empty_database_url: str) -> None:
    login = f"clinic_{uuid4().hex[:12]}"
    database = make_url(empty_database_url).database
    administrator = create_engine(empty_database_url)
    async with administrator.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {login} LOGIN CREATEROLE PASSWORD 'only-here'"))
        await connection.execute(text(f"ALTER DATABASE {database} OWNER TO {login}"))
        if await connection.scalar(text(f"SELECT count(*) FROM pg_roles WHERE rolname = '{SERVER_ROLE}'")):
            await connection.execute(text(f"GRANT {SERVER_ROLE} TO {login} WITH ADMIN OPTION"))
    url = make_url(empty_database_url).set(username=login, password="only-here")
    engine = create_engine(url.render_as_string(hide_password=False))
    try:
        await migrate(engine)
        await seed(engine)
        group = await make_group(engine)
        enrolled = await enroll_patient(context(engine), str(group.id), "patient-1")
        assert enrolled.status is EnrollmentStatus.ENROLLED
    finally:
        await engine.dispose()
        async with administrator.begin() as connection:
            await connection.execute(text(f"REASSIGN OWNED BY {login} TO CURRENT_USER"))
            await connection.execute(text(f"DROP OWNED BY {login}"))
            await connection.execute(text(f"REVOKE {SERVER_ROLE} FROM {login}"))
            await connection.execute(text(f"DROP ROLE {login}"))
        await administrator.dispose()


async def test_a_login_that_may_not_make_the_role_is_told_what_an_administrator_must_run(
    empty_database_url: str,
) -> None:
    login = f"clinic_{uuid4().hex[:12]}"
    administrator = create_engine(empty_database_url)
    async with administrator.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {login} LOGIN PASSWORD 'only-here'"))
        await connection.execute(text(f"ALTER DATABASE {make_url(empty_database_url).database} OWNER TO {login}"))
    url = make_url(empty_database_url).set(username=login, password="only-here")
    engine = create_engine(url.render_as_string(hide_password=False))
    try:
        with pytest.raises(DBAPIError, match=f"GRANT {SERVER_ROLE} TO {login}"):
            await migrate(engine)
    finally:
        await engine.dispose()
        async with administrator.begin() as connection:
            await connection.execute(text(f"REASSIGN OWNED BY {login} TO CURRENT_USER"))
            await connection.execute(text(f"DROP ROLE {login}"))
        await administrator.dispose()
