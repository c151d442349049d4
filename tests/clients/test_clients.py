"""Relay, Apollo Client and urql with graphcache (npm), with their stock settings, against the server.

The cases are in the TypeScript files beside this one.
"""

import fcntl
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from sqlalchemy import insert

from db.connections.engine import Database
from db.tables import staff_members
from resolvers.context import Clinic
from server.app import create_app
from server.auth.authenticator import Authenticator
from server.settings.request_limits import RequestLimits
from tests.support.api_client import ORGANIZATION, SECRET, app, bearer, clinic
from tests.support.clinic import seed
from tests.support.node import NODE
from tests.support.repository import ROOT
from tests.support.served_app import address, serve_app

__all__ = ["address", "app", "clinic"]

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "node_modules"
GENERATED = FOLDER / "generated"
SCHEMA = ROOT / "schema" / "schema.graphql"


async def compile_documents() -> None:
    """Have Relay's compiler check the documents against the schema, and write what its runtime imports.

    Tests in other processes use the same files, so they are written once for each version of the documents.
    """
    sources = [SCHEMA, *(FOLDER / name for name in ("documents.ts", "relayDocuments.ts", "relay.config.json"))]
    digest = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = GENERATED / "compiled.sha256"
    with (FOLDER / "node_modules" / ".compiling").open("w") as lock:
        await anyio.to_thread.run_sync(fcntl.flock, lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == digest:
            return
        shutil.copy(SCHEMA, FOLDER / "schema.graphql")
        shutil.rmtree(GENERATED, ignore_errors=True)
        GENERATED.mkdir()
        (GENERATED / "persisted.json").write_text("{}")  # the compiler adds to it, and does not start without it
        await run(PACKAGES / "relay-compiler" / "cli.js", "relay.config.json")
        stamp.write_text(digest)


async def run(*command: str | Path, **variables: str) -> None:
    done = await anyio.run_process([NODE, *command], cwd=FOLDER, env=variables, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout.decode()


# The clients see no difference between the databases.
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_clients_work_with_their_stock_settings(address: str, clinic: Clinic, engine: Database) -> None:
    await seed(engine, ORGANIZATION)
    async with engine.begin() as connection:
        namesake = {"id": "patient-1", "display_name": "Staff 1", "active": True, "search_text": "staff 1"}
        await connection.execute(insert(staff_members).values(organization_id=ORGANIZATION, **namesake))
    await compile_documents()
    await run(PACKAGES / "typescript" / "bin" / "tsc", "--project", ".")
    token = bearer().removeprefix("Bearer ")
    off = RequestLimits(persisted_queries=False)
    async with serve_app(create_app(clinic, Authenticator(SECRET), graphiql=False, limits=off)) as other_address:
        await run(
            *("--test", "*.test.ts"),
            GRAPHQL_TOKEN=token,
            GRAPHQL_URL=f"{address}/graphql",
            GRAPHQL_URL_WITHOUT_PERSISTED_QUERIES=f"{other_address}/graphql",
        )
