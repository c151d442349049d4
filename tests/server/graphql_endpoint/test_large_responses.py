"""Only a few large responses are made at a time, and small ones do not wait for them."""

import asyncio

import pytest

from server.graphql_endpoint.large_responses import LARGE_COST, MAX_CONCURRENT, LargeResponseLimit

pytestmark = pytest.mark.anyio


async def test_a_few_large_responses_are_made_at_once_in_order_of_requests() -> None:
    limit = LargeResponseLimit()
    making: list[int] = []
    gates = [asyncio.Event() for _ in range(MAX_CONCURRENT + 2)]

    async def make(number: int) -> None:
        async with limit.slot(LARGE_COST):
            making.append(number)
            await gates[number].wait()

    tasks = [asyncio.create_task(make(number)) for number in range(len(gates))]
    for finished in range(len(gates)):
        for _ in range(10):  # more iterations of the event loop than a semaphore needs to wake the next task
            await asyncio.sleep(0)
        assert making == list(range(min(finished + MAX_CONCURRENT, len(gates))))
        gates[finished].set()
        await tasks[finished]


async def test_small_responses_do_not_wait_for_large_ones() -> None:
    limit = LargeResponseLimit()
    async with limit.slot(LARGE_COST), limit.slot(LARGE_COST), limit.slot(LARGE_COST - 1):
        pass


async def test_a_failed_or_cancelled_large_response_frees_its_slot() -> None:
    limit = LargeResponseLimit()
    for _ in range(MAX_CONCURRENT + 1):
        with pytest.raises(LookupError):
            async with limit.slot(LARGE_COST):
                raise LookupError
    async with limit.slot(LARGE_COST), limit.slot(LARGE_COST):
        cancelled = asyncio.ensure_future(limit.slot(LARGE_COST).__aenter__())
        await asyncio.sleep(0)
        cancelled.cancel()
    async with limit.slot(LARGE_COST), limit.slot(LARGE_COST):
        pass
