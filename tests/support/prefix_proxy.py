"""A reverse proxy that serves another server under a path prefix, which it removes before it forwards a request."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Thread

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

_HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding"}


@contextmanager
def prefix_proxy(target: str, prefix: str) -> Iterator[str]:
    """Serve `target` under `prefix` on a free port. Yield the address, prefix included."""

    @asynccontextmanager
    async def client_of_target(_: Starlette) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
        # One client for all requests, because each client loads the certificates of this machine.
        async with httpx.AsyncClient(base_url=target, timeout=30) as client:
            yield {"client": client}

    async def forward(request: Request) -> Response:
        path = request.url.path.removeprefix(prefix)
        client: httpx.AsyncClient = request.state.client
        outgoing = client.build_request(
            request.method,
            f"{path}?{request.url.query}" if request.url.query else path,
            headers=_forwarded(request.headers.raw),
            content=await request.body(),
        )
        incoming = await client.send(outgoing, stream=True)
        # Streamed, because the stream of changes has no end.
        closing = BackgroundTask(incoming.aclose)
        response = StreamingResponse(incoming.aiter_raw(), incoming.status_code, background=closing)
        response.raw_headers = _forwarded(incoming.headers.raw)
        return response

    route = Route(f"{prefix}/{{path:path}}", forward, methods=["GET", "POST"])
    app = Starlette(routes=[route], lifespan=client_of_target)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}{prefix}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _forwarded(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.decode().lower() not in _HOP_BY_HOP]
