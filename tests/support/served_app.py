"""The app on a port, for programs that are not Python."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette


@asynccontextmanager
async def serve_app(app: Starlette) -> AsyncIterator[str]:
    """Serve an app on a free port during the block, and yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, http="httptools", lifespan="off", ws="websockets-sansio")
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listening])
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True


@pytest.fixture
async def address(app: Starlette) -> AsyncIterator[str]:
    """The address of the app."""
    async with serve_app(app) as address:
        yield address
