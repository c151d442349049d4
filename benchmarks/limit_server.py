"""The limit: the fastest possible server in Python. It only sends statements to PostgreSQL and returns their JSON.

`python -m benchmarks.limit_server PORT ENROLLMENT`, with DATABASE_URL set. ENROLLMENT is a JSON file with the
statements of an enrollment. The server has no checks, no GraphQL, and only the organization of the benchmark.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.limit_sql import REPORT, REPORT_BUILT, SMALL
from benchmarks.replay import RecordedEnrollment, Replay
from benchmarks.statement_log import LoggedStatement
from benchmarks.workloads import ORGANIZATION

_CONNECTIONS = 10


async def _report(request: Request) -> Response:
    return Response(await request.state.pool.fetchval(REPORT, ORGANIZATION), media_type="application/json")


async def _report_built(request: Request) -> Response:
    return Response(await request.state.pool.fetchval(REPORT_BUILT, ORGANIZATION), media_type="application/json")


async def _small(request: Request) -> Response:
    variables = orjson.loads(await request.body())["variables"]
    return Response(
        await request.state.pool.fetchval(SMALL, ORGANIZATION, variables["id"]), media_type="application/json"
    )


async def _enroll(request: Request) -> Response:
    variables = orjson.loads(await request.body())["variables"]
    async with request.state.pool.acquire() as connection:
        new_id = await request.state.replay.enroll(connection, variables["group"], variables["patient"])
    enrollment = {"id": new_id, "status": "ENROLLED", "waitlistPosition": None}
    body = {"data": {"enrollPatient": {"enrollment": enrollment, "userErrors": []}}}
    return Response(orjson.dumps(body), media_type="application/json")


async def _skip_reset(_connection: asyncpg.Connection) -> None:
    """Do nothing: requests set no session state."""


def _read_enrollment(file: Path) -> RecordedEnrollment:
    content = orjson.loads(file.read_bytes())
    return RecordedEnrollment(
        content["group"], content["patient"], [LoggedStatement(**statement) for statement in content["statements"]]
    )


@asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
    url = os.environ["DATABASE_URL"]
    async with asyncpg.create_pool(url, min_size=_CONNECTIONS, max_size=_CONNECTIONS, reset=_skip_reset) as pool:
        async with pool.acquire() as connection:
            replay = await Replay.prepare(connection, _read_enrollment(Path(sys.argv[2])))
        yield {"pool": pool, "replay": replay}


app = Starlette(
    routes=[
        Route("/report", _report, methods=["POST"]),
        Route("/report-built", _report_built, methods=["POST"]),
        Route("/small", _small, methods=["POST"]),
        Route("/enroll", _enroll, methods=["POST"]),
    ],
    lifespan=_lifespan,
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
