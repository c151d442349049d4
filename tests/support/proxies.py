"""The HAProxy of deploy/ in front of servers, if HAProxy is installed on the machine."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server.auth.provider_host import Authority
from tests.support.processes import accepting, free_port
from tests.support.repository import ROOT

CONFIGURATION = ROOT / "deploy" / "haproxy" / "haproxy.cfg"
HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
needs_haproxy = pytest.mark.skipif(HAPROXY is None, reason="HAProxy is not installed (Debian: haproxy)")


def haproxy_variables(folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment of HAProxy, with a new certificate in the folder."""
    Authority(folder).server_context()
    unprivileged = {"HAPROXY_USER": "nobody", "HAPROXY_GROUP": "nogroup"}
    return {"PATH": os.environ["PATH"], "CERTIFICATE": str(folder / "server.pem"), **unprivileged, **variables}


@dataclass(frozen=True)
class Proxy:
    """A running HAProxy.

    Attributes:
        address: Its HTTPS address, with the path prefix.
        plain_address: Its HTTP address, which redirects to HTTPS, without the prefix.
        authority: The file of the authority that signed its certificate.
        log: Its log.
        admin_socket: The socket of its commands.
    """

    address: str
    plain_address: str
    authority: Path
    log: Path
    admin_socket: Path

    async def command(self, line: str) -> None:
        """Run a command on the proxy's socket."""
        reader, writer = await asyncio.open_unix_connection(self.admin_socket)
        writer.write(f"{line}\n".encode())
        assert await reader.read() == b"\n"
        writer.close()

    def responses_of(self, server: str) -> int:
        """Return how many successful responses of a server the proxy has passed on."""
        return len(re.findall(rf'"server":"{server}","status":200', self.log.read_text()))


@asynccontextmanager
async def haproxy(folder: Path, ports: Sequence[int], prefix: str = "") -> AsyncIterator[Proxy]:
    """Run HAProxy with the configuration of deploy/ in front of two servers."""
    assert HAPROXY is not None
    http, https = free_port(), free_port()
    one, two = ports
    admin_socket = folder / "haproxy.sock"
    variables = haproxy_variables(
        folder,
        ADMIN_SOCKET=str(admin_socket),
        HTTP_BIND=f"127.0.0.1:{http}",
        HTTPS_BIND=f"127.0.0.1:{https}",
        PREFIX=prefix,
        SERVER_1=f"127.0.0.1:{one}",
        SERVER_2=f"127.0.0.1:{two}",
    )
    log = folder / "haproxy.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(HAPROXY, "-W", "-f", str(CONFIGURATION)), stdout=output, stderr=output, env=variables
        )
    try:
        await accepting(https, process)
        yield Proxy(
            f"https://127.0.0.1:{https}{prefix}",
            f"http://127.0.0.1:{http}",
            folder / "authority.pem",
            log,
            admin_socket,
        )
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
