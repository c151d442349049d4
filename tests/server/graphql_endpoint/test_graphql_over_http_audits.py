"""The audit suite of the GraphQL over HTTP specification (npm: graphql-http), by node, on a real port."""

import importlib.util
import json
import socket
from collections.abc import AsyncIterator
from types import ModuleType

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette

from tests.support.api_client import bearer
from tests.support.repository import ROOT

pytestmark = pytest.mark.anyio

WEB = ROOT / "web"


def build_script() -> ModuleType:
    """web/build.py, which finds node on the machine, or in the wheel that the requirements pin."""
    spec = importlib.util.spec_from_file_location("web_build", WEB / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def address(app: Starlette) -> AsyncIterator[str]:
    """The app on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, http="httptools", lifespan="off", ws="none"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listening])
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True


async def test_every_audit_of_graphql_over_http_passes(address: str) -> None:
    build = build_script()
    node, _npm = build.machine_node() or build.wheel_node()
    token = bearer().removeprefix("Bearer ")
    done = await anyio.run_process([str(node), "audits.mjs", f"{address}/graphql", token], cwd=WEB)
    audits = json.loads(done.stdout)
    assert len(audits) == 61
    assert [audit for audit in audits if audit["status"] != "ok"] == []
