"""One server for all tests of a module, with the settings in the module's SETTINGS."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.http.server_process import ServerProcess, serving


@pytest.fixture(scope="module")
def database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the newest schema and no rows."""
    path = tmp_path_factory.mktemp("http") / "server.db"
    shutil.copyfile(sqlite_template, path)
    return path


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, database: Path) -> Iterator[ServerProcess]:
    with serving(database, **getattr(request.module, "SETTINGS", {})) as server:
        yield server
