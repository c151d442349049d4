"""The cell of deploy/ as a whole: its logins, pooler, migration, servers and proxy serve people under a path prefix."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from server.calendars.endpoint import RATE
from tests.deploy.cell import Cell, running_cell
from tests.support.pgbouncer import PROGRAM
from tests.support.proxies import needs_haproxy

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(240),  # seven processes start
    needs_haproxy,
    pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed (Debian: pgbouncer)"),
]

PREFIX = "/scheduling"
METRICS_TOKEN = "a-token-that-only-prometheus-knows-01"
PROTOCOL = "graphql-transport-ws"
TOTAL = "{ groupDefinitions { totalCount } }"
CREATE = """
mutation Create($name: String!) {
  createGroupDefinition(input: {name: $name, groupType: THERAPY, facilitatorId: "staff-1", maxCapacity: 2,
    durationMinutes: 60}) { userErrors { code } } }
"""


async def test_the_cell_serves_under_a_prefix_while_its_servers_are_replaced(tmp_path: Path) -> None:
    async with running_cell(tmp_path, PREFIX, GRAPHIQL="on", METRICS_TOKEN=METRICS_TOKEN) as cell:
        async with cell.client("127.0.0.2") as http, cell.client("127.0.0.3") as stranger:
            await assert_links_stay_under_the_prefix(http)
            await assert_addresses_are_secure(cell, http)
            await assert_metrics_are_not_passed_on(cell, http)
            await assert_the_client_is_known(cell, http)
            await assert_limits_are_of_each_client(http, stranger)
            await assert_sockets_are_of_the_own_origin(cell)
        async with cell.client("127.0.0.4") as http:
            await assert_no_request_fails_while_servers_are_replaced(cell, http)
            await assert_an_outage_has_the_form_of_the_api(cell, http)


async def assert_links_stay_under_the_prefix(http: httpx.AsyncClient) -> None:
    for path in ("/", "/today", "/patients/patient%3Aone"):
        page = await http.get(path)
        links = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
        addresses = [urljoin(str(page.url), link) for link in links if not link.startswith("data:")]
        assert addresses
        for address in addresses:
            assert address.startswith(f"{http.base_url}")
            assert (await http.get(address)).status_code == 200
    editor = await http.get("/graphiql/", follow_redirects=True)
    assert (editor.status_code, editor.url.path) == (200, f"{PREFIX}/graphiql")
    outside = str(http.base_url).removesuffix("/").removesuffix(PREFIX)
    bare = await http.get(f"{outside}{PREFIX}")
    assert (bare.status_code, bare.headers["Location"]) == (308, f"{PREFIX}/")
    assert (await http.get(f"{outside}/graphql")).status_code == 404


async def assert_addresses_are_secure(cell: Cell, http: httpx.AsyncClient) -> None:
    assert (await http.get("/health")).headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = await http.get(f"{cell.proxy.plain_address}{PREFIX}/today")
    assert (plain.status_code, plain.headers["Location"][:8]) == (308, "https://")


async def assert_metrics_are_not_passed_on(cell: Cell, http: httpx.AsyncClient) -> None:
    token = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    for path in ("/metrics", "/%6Detrics"):
        async with httpx.AsyncClient(headers=token) as direct:
            assert (await direct.get(f"http://127.0.0.1:{cell.ports[0]}{path}")).status_code == 200
        assert (await http.get(path, headers=token)).status_code == 404


async def assert_the_client_is_known(cell: Cell, http: httpx.AsyncClient) -> None:
    forged = {"X-Forwarded-For": "192.0.2.66", "X-Forwarded-Proto": "http", "X-Request-ID": "forged-1"}
    response = await http.post("/graphql", json={"query": TOTAL}, headers=forged)
    assert response.json()["data"] == {"groupDefinitions": {"totalCount": 0}}
    assert "Strict-Transport-Security" in response.headers
    lines: list[dict[str, Any]] = []
    while not lines:  # the server logs a request after its response
        lines = [line for line in cell.requests() if line["request_id"] == "forged-1"]
    (line,) = lines
    assert (line["client_address"], line["path"]) == ("127.0.0.2", "/graphql")


async def assert_limits_are_of_each_client(http: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    # Unknown calendar feeds are limited by address. Each of the two servers counts its own requests.
    limit = int(RATE.partition("/")[0])
    statuses = {(await http.get("/calendars/unknown.ics")).status_code for _ in range(2 * limit + 1)}
    assert statuses == {404, 429}
    assert (await stranger.get("/calendars/unknown.ics")).status_code == 404


async def assert_sockets_are_of_the_own_origin(cell: Cell) -> None:
    address = f"{cell.proxy.address}/graphql".replace("https:", "wss:")

    def socket(origin: str) -> connect:
        return connect(address, origin=Origin(origin), subprotocols=[Subprotocol(PROTOCOL)], ssl=cell.tls())

    async with socket(cell.proxy.address.removesuffix(PREFIX)) as connected:
        payload = {"Authorization": cell.authorization()}
        await connected.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        assert orjson.loads(await connected.recv()) == {"type": "connection_ack"}
    with pytest.raises(InvalidStatus, match="403"):
        async with socket("https://elsewhere.example.org"):
            pass


async def assert_no_request_fails_while_servers_are_replaced(cell: Cell, http: httpx.AsyncClient) -> None:
    one, two = cell.ports
    async with constant_load(http) as responses:
        await responses(10)
        # As in docs/operations.md: the proxy sends a draining server no more requests.
        await cell.proxy.command("set server servers/one state drain")
        await cell.stop(one)
        await responses(10)
        before = cell.proxy.responses_of("one")
        await cell.start(one)
        await cell.proxy.command("set server servers/one state ready")
        while cell.proxy.responses_of("one") == before:
            await responses(1)
        await cell.proxy.command("set server servers/two state drain")
        await cell.stop(two)
        await responses(10)


@asynccontextmanager
async def constant_load(http: httpx.AsyncClient) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Create groups during the block. Yield a function that waits for so many more responses.

    At the end each group must be there once.
    """
    stop = asyncio.Event()
    arrived: asyncio.Queue[str] = asyncio.Queue()
    created: list[str] = []

    async def create() -> None:
        while not stop.is_set():
            name = str(uuid4())
            body = {"query": CREATE, "variables": {"name": name}}
            response = await http.post("/graphql", json=body, headers={"Idempotency-Key": name})
            assert response.status_code == 200, response.text
            assert response.json()["data"] == {"createGroupDefinition": {"userErrors": []}}
            created.append(name)
            arrived.put_nowait(name)

    async def wait(number: int) -> None:
        for _ in range(number):
            await arrived.get()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(create())
        yield wait
        stop.set()
    response = await http.post("/graphql", json={"query": TOTAL})
    assert response.json()["data"] == {"groupDefinitions": {"totalCount": len(created)}}


async def assert_an_outage_has_the_form_of_the_api(cell: Cell, http: httpx.AsyncClient) -> None:
    await cell.stop(cell.ports[0])
    response = await http.post("/graphql", json={"query": TOTAL})
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/json")
    assert response.headers["Retry-After"] == "2"
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "UNAVAILABLE"}
