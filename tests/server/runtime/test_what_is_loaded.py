"""A server imports only the libraries that its settings need, because modules take memory for as long as it runs."""

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


def test_a_server_does_not_load_libraries_it_does_not_need(
    database_url: str,
) -> None:
    assert loaded(database_url).isdisjoint(
        {"alembic", "httpx", "icalendar", "limits", "opentelemetry", "prometheus_client", "rich", "valkey"}
    )


def test_a_server_loads_the_libraries_that_its_settings_need(tmp_path: Path) -> None:
    modules = loaded(
        f"sqlite:///{tmp_path / 'new.db'}",
        EVENTS_WEBHOOK_URL="https://receiver.example/events",
        EVENTS_WEBHOOK_SECRET="whsec_" + "c2VjcmV0" * 4,
        METRICS_TOKEN="x" * 32,
        RATE_LIMIT="100/minute",
        RATE_LIMIT_STORE="valkey://127.0.0.1:1/0",
        TRACES="otlp",
    )
    assert modules >= {"alembic", "httpx", "limits", "opentelemetry", "prometheus_client", "valkey"}


def loaded(database_url: str, **settings: str) -> set[str]:
    variables = child_environment(DATABASE_URL=database_url, AUTH_JWT_SECRET=SECRET, **settings)
    done = subprocess.run([sys.executable, "-c", SERVE], capture_output=True, text=True, check=True, env=variables)
    return set(done.stdout.split())
