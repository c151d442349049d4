"""Connections go to the host that accepts writes. Hosts that do not respond delay only the first of them."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import make_url

from db.connections.faults import FaultKind, Unavailable
from db.connections.postgres_address import postgres_address
from db.connections.postgres_hosts import PostgresHosts

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Yield a host that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def hosts_of(postgres_url: str, first: socket.socket, parameters: str = "") -> PostgresHosts:
    """Return the hosts of a database, of which the first is not PostgreSQL."""
    port = first.getsockname()[1]
    folder = make_url(postgres_url).query["host"]
    url = f"postgresql://postgres@/postgres?host=127.0.0.1,{folder}&port={port},5432{parameters}"
    return PostgresHosts(postgres_address(url))


async def connect(hosts: PostgresHosts) -> None:
    connection = await hosts.connect()
    assert await connection.fetchval("SHOW transaction_read_only") == "off"
    await connection.close()


def attempts(listening: socket.socket) -> int:
    count = 0
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            count += 1
    return count


async def test_a_silent_host_delays_only_the_first_connection(postgres_url: str, silent: socket.socket) -> None:
    hosts = hosts_of(postgres_url, silent)
    for _ in range(3):
        await connect(hosts)
    assert attempts(silent) == 1


async def test_a_caller_that_gives_up_leaves_a_next_try_elsewhere(postgres_url: str, silent: socket.socket) -> None:
    hosts = hosts_of(postgres_url, silent)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hosts.connect(), 0.1)
    await connect(hosts)
    assert attempts(silent) == 1


async def test_a_refused_host_is_skipped(postgres_url: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        await connect(hosts_of(postgres_url, unused))


async def test_hosts_without_a_primary_are_unavailable(postgres_url: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        hosts = hosts_of(postgres_url, unused, "&target_session_attrs=standby")
        with pytest.raises(Unavailable) as refused:
            await hosts.connect()
    assert refused.value.kind is FaultKind.NO_PRIMARY
