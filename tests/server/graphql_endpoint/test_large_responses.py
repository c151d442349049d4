"""Large answers are made a few at a time; small ones do not stand in their line."""

import asyncio

import pytest

from server.graphql_endpoint.large_responses import LARGE_COST, MAX_CONCURRENT, LargeResponseLimit

pytestmark = pytest.mark.anyio


async def test_a_few_large_answers_are_made_at_once_in_the_order_they_were_asked_for() -> None:
    limit = LargeResponseLimit()
    making: list[int] = []
    gates = [asyncio.Event() for _ in range(MAX_CONCURRENT + 2)]

    async def make(number: int) -> None:
        async with limit.slot(LARGE_COST):
            making.append(number)
            await gates[number].wait()

    tasks = [asyncio.create_task(make(number)) for number in range(len(gates))]
    for finished in range(len(gates)):
        for _ in range(10):  # more turns of the loop than handing a place on takes
            await asyncio.sleep(0)
        assert making == list(range(min(finished + MAX_CONCURRENT, len(gates))))
        gates[finished].set()
        await tasks[finished]


async def test_small_answers_do_not_wait_for_large_ones() -> None:
    limit = LargeResponseLimit()
    async with limit.slot(LARGE_COST), limit.slot(LARGE_COST), limit.slot(LARGE_COST - 1):
        pass


async def test_a_large_answer_that_fails_or_is_given_up_leaves_its_place() -> None:
    limit = LargeResponseLimit()
    for _ in range(MAX_CONCURRENT + 1):
        with pytest.raises(LookupError):
            async with limit.slot(LARGE_COST):
                raise LookupError
    async with limit.slot(LARGE_COST), limit.slot(LARGE_COST):
        given_up = asyncio.ensure_future(limit.slot(LARGE_COST).__aenter__())
        await asyncio.sleep(0)
        given_up.cancel()
    async with limit.slot(LARGE_COST), limit.slot(LARGE_COST):
        pass
