"""What a server has imported it holds as long as it runs: libraries for what it is not asked to do stay out."""

import subprocess
import sys
from pathlib import Path

from tests.support.api_client import SECRET
from tests.support.processes import child_environment

SERVE = """
import asyncio, os, sys
import server.cli.command_line, server.serve
from db.connections.engine import create_engine
from server.app import create_app_from_environment
from server.runtime.ready_database import prepare_schema

asyncio.run(prepare_schema(create_engine(os.environ["DATABASE_URL"])))
create_app_from_environment()
print(*sys.modules)
"""


def test_a_server_on_a_database_of_its_schema_loads_no_migrations_no_http_client_and_no_limits(
    database_url: str,
) -> None:
    assert loaded(database_url).isdisjoint({"alembic", "httpx", "limits", "rich"})


def test_a_server_loads_what_its_settings_and_its_database_ask_for(tmp_path: Path) -> None:
    found = loaded(
        f"sqlite:///{tmp_path / 'new.db'}",
        EVENTS_WEBHOOK_URL="https://receiver.example/events",
        EVENTS_WEBHOOK_SECRET="whsec_" + "c2VjcmV0" * 4,
        RATE_LIMIT="100/minute",
    )
    assert found >= {"alembic", "httpx", "limits"}


def loaded(database_url: str, **settings: str) -> set[str]:
    environment = child_environment(DATABASE_URL=database_url, AUTH_JWT_SECRET=SECRET, **settings)
    done = subprocess.run([sys.executable, "-c", SERVE], capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.split())
