"""Large answers are made a few at a time; small ones do not stand in their line."""

import asyncio

import pytest

from server.graphql_endpoint.large_answers import AT_ONCE, LARGE, LargeAnswers

pytestmark = pytest.mark.anyio


async def test_a_few_large_answers_are_made_at_once_in_the_order_they_were_asked_for() -> None:
    answers = LargeAnswers()
    making: list[int] = []
    gates = [asyncio.Event() for _ in range(AT_ONCE + 2)]

    async def make(number: int) -> None:
        async with answers.turn(LARGE):
            making.append(number)
            await gates[number].wait()

    tasks = [asyncio.create_task(make(number)) for number in range(len(gates))]
    for finished in range(len(gates)):
        for _ in range(10):  # more turns of the loop than handing a place on takes
            await asyncio.sleep(0)
        assert making == list(range(min(finished + AT_ONCE, len(gates))))
        gates[finished].set()
        await tasks[finished]


async def test_small_answers_do_not_wait_for_large_ones() -> None:
    answers = LargeAnswers()
    async with answers.turn(LARGE), answers.turn(LARGE), answers.turn(LARGE - 1):
        pass


async def test_a_large_answer_that_fails_or_is_given_up_leaves_its_place() -> None:
    answers = LargeAnswers()
    for _ in range(AT_ONCE + 1):
        with pytest.raises(LookupError):
            async with answers.turn(LARGE):
                raise LookupError
    async with answers.turn(LARGE), answers.turn(LARGE):
        given_up = asyncio.ensure_future(answers.turn(LARGE).__aenter__())
        await asyncio.sleep(0)
        given_up.cancel()
    async with answers.turn(LARGE), answers.turn(LARGE):
        pass
