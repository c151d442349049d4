"""Which PostgreSQL login may serve and which may run operator commands, and the errors of the others."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio.to_thread
import pytest

from db.connections.engine import Database
from db.connections.roles import Role
from tests.support.api_client import SECRET
from tests.support.clinic import seed
from tests.support.commands import assert_refused, run
from tests.support.databases import OWNER, PASSWORD, SERVER, administer, with_login
from tests.support.pgbouncer import needs_pgbouncer, pgbouncer
from tests.support.serving import serving

pytestmark = pytest.mark.anyio

_CREATE = """mutation { createGroupDefinition(input: {name: "Anger", groupType: THERAPY, facilitatorId: "staff-1",
    maxCapacity: 2, durationMinutes: 60}) { groupDefinition { id } userErrors { code } } }"""


@pytest.fixture
def database_kind() -> str:
    """SQLite has no logins."""
    return "postgresql"


def serve(url: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return run("serve", "--port", "0", cwd=folder, DATABASE_URL=url, AUTH_JWT_SECRET=SECRET, **settings)


async def test_the_owner_of_the_tables_serves_only_if_allowed(owner_url: str, tmp_path: Path) -> None:
    for command in ("serve", "relay"):
        settings = {"EVENTS_NOTIFY_CHANNEL": "pm_events"} if command == "relay" else {}
        done = run(command, cwd=tmp_path, DATABASE_URL=owner_url, AUTH_JWT_SECRET=SECRET, **settings)
        assert_refused(done, OWNER, "owns the tables", "ALLOW_OWNER_LOGIN=on", "docs/database.md")
        assert PASSWORD not in done.stderr
    async with serving(owner_url, ALLOW_OWNER_LOGIN="on"):
        pass


async def test_a_superuser_does_not_serve(administrator_url: str, tmp_path: Path) -> None:
    assert_refused(serve(administrator_url, tmp_path), "is a superuser", "ALLOW_OWNER_LOGIN=on")


@pytest.fixture
async def login(administrator_url: str) -> AsyncIterator[str]:
    """Create a login that could serve, until a test grants it more."""
    name = "clinic_tried"
    await administer(
        administrator_url,
        f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'",
        f"GRANT {Role.SERVER}, {Role.BACKGROUND} TO {name}",
    )
    yield name
    await administer(administrator_url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("GRANT clinic_owner TO clinic_tried", "may become clinic_owner, which owns the tables"),
        ("GRANT pm_group_operator TO clinic_tried", "may become pm_group_operator, which sees the rows of all"),
        ("ALTER ROLE clinic_tried BYPASSRLS", "bypasses row-level security"),
        ("ALTER ROLE clinic_tried CREATEROLE", "may create and grant roles"),
        ("GRANT pg_execute_server_program TO clinic_tried", "may become pg_execute_server_program"),
        ("GRANT CREATE ON SCHEMA public TO clinic_tried", "may create objects in the schema of the tables"),
        ("GRANT TRUNCATE ON pm_group_patients TO clinic_tried", "may truncate the tables"),
        (
            "REVOKE pm_group_background FROM clinic_tried",
            'GRANT pm_group_server, pm_group_background TO "clinic_tried"',
        ),
    ],
)
async def test_a_login_that_could_bypass_row_security_does_not_serve(
    administrator_url: str, login: str, statement: str, reason: str, tmp_path: Path
) -> None:
    await administer(administrator_url, statement)
    done = await anyio.to_thread.run_sync(serve, with_login(administrator_url, login), tmp_path)
    assert_refused(done, f"the login {login} ", reason)


async def test_a_serving_login_runs_no_operator_command(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "patients.ndjson").write_text(
        '{"resourceType": "Patient", "id": "p1", "name": [{"text": "Some One"}]}\n'
    )
    for command in (
        ("events",),
        ("events", "--failed"),
        ("events", "--retry"),
        ("reads", "--organization", "org-1"),
        ("check",),
        ("demo",),
        ("backup", "clinic.backup"),
        ("import-fhir", "--organization", "org-1", "patients.ndjson"),
    ):
        done = run(*command, cwd=tmp_path, DATABASE_URL=database_url)
        assert_refused(done, command[0], SERVER, "the login that owns the tables")


async def test_a_serving_login_creates_no_tables_and_restores_nothing(
    empty_database_url: str, owner_url: str, database_url: str, tmp_path: Path
) -> None:
    done = run("migrate", cwd=tmp_path, DATABASE_URL=with_login(empty_database_url, SERVER))
    assert_refused(done, f"the login {SERVER} may not create tables", "the login that owns the database")
    assert run("backup", "clinic.backup", cwd=tmp_path, DATABASE_URL=owner_url).returncode == 0
    done = run("restore", "clinic.backup", cwd=tmp_path, DATABASE_URL=database_url)
    assert_refused(done, f"the tables belong to {OWNER}", "the login that owns them")


async def test_the_owner_runs_operator_commands_while_another_login_serves(
    engine: Database, database_url: str, owner_url: str, tmp_path: Path
) -> None:
    await seed(engine, "org-1")

    def command(*arguments: str) -> str:
        done = run(*arguments, cwd=tmp_path, DATABASE_URL=owner_url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    enroll = """mutation($id: ID!) { enrollPatient(input: {groupDefinitionId: $id, patientId: "patient-1"}) {
        enrollment { patient { displayName } } userErrors { code } } }"""
    async with serving(database_url) as server:
        group = (await server.post(_CREATE, {})).json()["data"]["createGroupDefinition"]["groupDefinition"]
        result = (await server.post(enroll, {"id": group["id"]})).json()
        assert result["data"]["enrollPatient"]["enrollment"]["patient"] == {"displayName": "Patient 1"}, result
        assert "groups: 1" in command("check")
        assert command("events").count("pm_group_patient_enrolled") == 1
        assert "patient-1" in command("reads", "--organization", "org-1")
        command("migrate")


@needs_pgbouncer
async def test_a_server_starts_only_if_its_pooler_keeps_confinement(
    engine: Database, database_url: str, tmp_path: Path
) -> None:
    await seed(engine, "org-1")
    async with AsyncExitStack() as poolers:
        transaction_pooler = await poolers.enter_async_context(pgbouncer(database_url, "transaction"))
        done = await anyio.to_thread.run_sync(serve, transaction_pooler, tmp_path)
        assert_refused(done, "pooler", "DATABASE_POOL_MODE=transaction", "pool_mode = session")
        async with serving(transaction_pooler, DATABASE_POOL_MODE="transaction") as server:
            result = (await server.post(_CREATE, {})).json()
            assert result["data"]["createGroupDefinition"]["userErrors"] == []
            result = (await server.post("{ groupDefinitions { nodes { name } } }", {})).json()
            assert result["data"]["groupDefinitions"]["nodes"] == [{"name": "Anger"}]
        statement_pooler = await poolers.enter_async_context(pgbouncer(database_url, "statement"))
        done = await anyio.to_thread.run_sync(serve, statement_pooler, tmp_path)
        assert_refused(done, "pooler", "DATABASE_POOL_MODE")
