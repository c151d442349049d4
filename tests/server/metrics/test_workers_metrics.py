"""GET /metrics with several worker processes: one sum, whichever worker responds, also after one was replaced."""

import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.server.workers.test_workers import serving, until
from tests.support.api_client import bearer
from tests.support.scraping import METRICS_TOKEN, Scrape, scrape

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_kind", ["sqlite"])]
REQUESTS = 20


async def test_all_workers_report_one_sum_that_outlives_them(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path, METRICS_TOKEN=METRICS_TOKEN) as server:
        await server.logged("the workers are ready")
        address = f"http://127.0.0.1:{server.port}"

        async def send(count: int) -> None:
            for _ in range(count):
                async with httpx.AsyncClient(base_url=address, timeout=60) as http:  # each time any worker
                    response = await http.post(
                        "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": bearer()}
                    )
                    assert response.status_code == 200

        async def counted() -> list[Scrape]:
            scrapes = []
            for _ in range(4):
                async with httpx.AsyncClient(base_url=address, timeout=60) as http:
                    scrapes.append(await scrape(http))
            return scrapes

        async def all_report(requests: int) -> bool:
            labels = {"operation": "query __typename", "outcome": "ok"}
            return {metrics.value("requests_total", **labels) for metrics in await counted()} == {requests}

        await send(REQUESTS)
        await until(lambda: all_report(REQUESTS))  # workers write their counters twice a second
        assert {metrics.value("workers") for metrics in await counted()} == {2}
        os.kill(server.workers()[0], signal.SIGKILL)
        await server.logged("a worker died")
        await server.until_workers(lambda workers: len(workers) == 2)
        await server.ready()
        await send(REQUESTS)
        await until(lambda: all_report(2 * REQUESTS))
        assert await server.stop() == 0
