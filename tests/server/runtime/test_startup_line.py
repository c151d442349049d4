"""The startup log line and --version: what is running, without any secret."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from sqlalchemy import make_url

from server.settings.environment import load_settings
from server.startup_line import describe_server
from tests.support.api_client import SECRET
from tests.support.processes import child_environment
from tests.support.serving import serving

VERSION = importlib.metadata.version("group-sessions")


def test_the_version_is_printed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=tmp_path,
        env=child_environment(),
    )
    assert done.stdout == f"group-sessions {VERSION}\n"


@pytest.mark.anyio
@pytest.mark.parametrize("workers", [1, 2])
async def test_serve_logs_version_address_and_main_settings(
    database_url: str, database_kind: str, workers: int
) -> None:
    settings = {"RATE_LIMIT": "1000/minute", "TRUSTED_PROXIES": "10.0.0.7", "GRAPHIQL": "off"}
    async with serving(database_url, workers, **settings) as server:
        server.process.terminate()
        log = await server.ended()
    (line,) = [line for line in map(orjson.loads, log.splitlines()) if line["message"] == "the server starts"]
    assert (line["version"], line["address"], line["workers"]) == (VERSION, server.address, workers)
    assert line["database"]["kind"] == database_kind
    database = line["database"].get("name") or line["database"].get("file")
    assert database == make_url(database_url).database
    assert (line["sign_in"], line["rate_limit"]) == ("shared secret", "1000/minute")
    assert (line["admin_ui"], line["graphiql"]) == (True, False)
    assert (line["trusted_proxies"], line["event_receivers"]) == (["10.0.0.7/32"], [])
    assert SECRET not in log.decode()


def test_the_line_names_the_first_of_several_hosts_and_a_socket() -> None:
    for url, host in (("postgresql://one:5433,two/pm", "one"), ("postgresql:///pm?host=/run/pg", "/run/pg")):
        line = describe_server(load_settings({"DATABASE_URL": url}), "http://127.0.0.1:8000", 1, demo=False)
        assert line["database"]["host"] == host


def test_the_line_contains_no_secret_of_any_setting() -> None:
    secrets = {
        "DATABASE_URL": "postgresql://clinic:hidden-word@db.internal:5433/pm",
        "AUTH_JWT_SECRET": "hidden-word-of-the-tokens-that-is-long-enough",
        "EVENTS_WEBHOOK_URL": "https://user:hidden-word@receiver.example.org/hidden-word",
        "EVENTS_WEBHOOK_SECRET": "whsec_" + "aGlkZGVuLXdvcmQt" * 3,
        "EVENTS_INBOUND_SECRET": "whsec_" + "aGlkZGVuLXdvcmQt" * 3,
    }
    line = describe_server(load_settings(secrets), "http://127.0.0.1:8000", 1, demo=False)
    assert line["database"] == {"kind": "postgresql", "host": "db.internal", "port": 5433, "name": "pm"}
    socket = load_settings({"DATABASE_URL": "postgresql:///pm?host=/run/pg&port=5433&password=hidden-word"})
    assert describe_server(socket, "http://127.0.0.1:8000", 1, demo=False)["database"] == line["database"] | {
        "host": "/run/pg"
    }
    assert line["event_receivers"] == ["webhook"]
    assert line["inbound_events"] is True
    assert "hidden-word" not in str(line)
    assert "aGlkZGVu" not in str(line)
