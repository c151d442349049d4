"""A server in its own process, and its log."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.processes import child_environment, free_port


class SignInServer:
    """A running server.

    Attributes:
        http: A client of the server.
        output: The file that receives its output.
    """

    def __init__(self, http: httpx.Client, output: Path) -> None:
        self.http = http
        self.output = output

    def send(self, authorization: str | None, query: str = "{ __typename }") -> httpx.Response:
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
def running_server(folder: Path, **variables: str) -> Iterator[SignInServer]:
    """Run a server with these settings on SQLite during the block."""
    port = free_port()
    output = folder / "output"
    with (
        output.open("wb") as output_file,
        subprocess.Popen(
            command("serve", "--port", str(port)),
            stdout=output_file,
            stderr=output_file,
            cwd=folder,
            env=environment(folder, **variables),
        ) as process,
    ):
        try:
            transport = httpx.HTTPTransport(retries=8)  # until the server listens; the backoff doubles
            with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                yield SignInServer(http, output)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
