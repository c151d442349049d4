"""A server as a process of its own, and what it wrote."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.processes import child_environment


class Server:
    """A running server.

    Attributes:
        http: A client of it.
        output: The file that it writes to.
    """

    def __init__(self, http: httpx.Client, output: Path) -> None:
        self.http = http
        self.output = output

    def ask(self, authorization: str | None, query: str = "{ __typename }") -> httpx.Response:
        headers = {"Authorization": authorization} if authorization is not None else {}
        return self.http.post("/graphql", json={"query": query}, headers=headers)

    def log(self, logger: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.output.read_text().splitlines()]
        return [line for line in lines if line["logger"] == logger]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "server", *arguments]


def environment(folder: Path, **variables: str) -> dict[str, str]:
    database = f"sqlite:///{folder / 'clinic.db'}"
    return child_environment(DATABASE_URL=database, **variables)


@contextmanager
def running_server(folder: Path, **variables: str) -> Iterator[Server]:
    """Run a server with these settings on SQLite, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    output = folder / "output"
    with (
        output.open("wb") as written,
        subprocess.Popen(
            command("serve", "--port", str(port)),
            stdout=written,
            stderr=written,
            cwd=folder,
            env=environment(folder, **variables),
        ) as process,
    ):
        try:
            transport = httpx.HTTPTransport(retries=8)  # until it listens; each waits twice as long as the one before
            with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                yield Server(http, output)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
