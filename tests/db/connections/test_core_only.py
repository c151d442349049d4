"""The ORM is not loaded, and everything of SQLAlchemy that others use can still be imported."""

import subprocess
import sys


def test_a_server_process_does_not_load_the_orm() -> None:
    modules = _output("import server.__main__, server.app, server.serve; print(*sys.modules)").split()
    assert "sqlalchemy.ext.asyncio" in modules
    assert [name for name in modules if name.startswith("sqlalchemy.orm")] == []


def test_what_the_engine_does_not_need_is_imported_when_it_is_used() -> None:
    lines = _output(
        "from db.connections.engine import Database\n"
        "import sqlalchemy.ext.asyncio as package\n"
        "print(hasattr(package, '__wrapped__'), 'sqlalchemy.orm' in sys.modules)\n"
        "from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession\n"
        "print(issubclass(Database, AsyncEngine), AsyncSession.__name__, hasattr(package, 'no_such_name'))\n"
    )
    assert lines.splitlines() == ["False False", "True AsyncSession False"]


def test_a_package_that_is_imported_already_is_left_alone() -> None:
    lines = _output(
        "from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession\n"
        "from db.connections.engine import Database\n"
        "print(issubclass(Database, AsyncEngine))\n"
    )
    assert lines.splitlines() == ["True"]


def _output(code: str) -> str:
    command = [sys.executable, "-c", f"import sys\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
