"""A loader asks once for all that fields beside one another want, and tells each its own."""

import asyncio
from itertools import pairwise

import pytest

from resolvers.loader import Loader, LoadScheduler

pytestmark = pytest.mark.anyio


class Source:
    """Squares, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.fails = False

    async def read(self, keys: list[int]) -> list[int]:
        self.asked.append(keys)
        await asyncio.sleep(0)
        if self.fails:
            raise LookupError(keys)
        return [key * key for key in keys]


async def test_what_is_asked_for_at_the_same_time_is_read_at_once_and_each_key_once() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())

    async def field(key: int, depth: int) -> int:
        # A field may be some calls, and tasks, away from the list that it is in.
        return await (asyncio.create_task(field(key, depth - 1)) if depth else loader.load(key))

    found = await asyncio.gather(field(3, 0), field(2, 1), field(3, 1), field(1, 0))
    assert list(found) == [9, 4, 9, 1]
    assert [sorted(keys) for keys in source.asked] == [[1, 2, 3]]


async def test_what_was_loaded_is_not_read_again() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())
    assert [await loader.load(2), await loader.load(2), await loader.load(5)] == [4, 4, 25]
    assert source.asked == [[2], [5]]


async def test_a_fault_is_told_to_all_who_wait_and_not_remembered() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())
    source.fails = True
    told = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
    assert [type(each) for each in told] == [LookupError, LookupError]
    source.fails = False
    assert await loader.load(1) == 1


async def test_who_gives_up_waiting_spoils_nothing_for_others() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())

    async def wait() -> int:
        return await loader.load(2)

    first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 4
    assert first.cancelled()


@pytest.mark.parametrize("keys", [500, 3, 1])
async def test_of_many_who_wait_a_few_go_on_at_a_time_in_the_order_of_their_keys(keys: int) -> None:
    loader = Loader(Source().read, LoadScheduler())
    told: list[int] = []
    seen: list[int] = []

    async def wait(number: int) -> None:
        await loader.load(number % keys)
        told.append(number)

    async def look() -> None:
        while len(told) < 500:
            seen.append(len(told))
            await asyncio.sleep(0)

    await asyncio.gather(look(), *(wait(key) for key in range(500)))
    assert told == sorted(range(500), key=lambda number: number % keys)
    assert max(after - before for before, after in pairwise([*seen, 500])) < 10


@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_what_they_ask_for_next_is_read_at_once_as_well(depth: int) -> None:
    parents, children = Source(), Source()
    scheduler = LoadScheduler()
    of_parents, of_children = Loader(parents.read, scheduler), Loader(children.read, scheduler)

    async def child(key: int, depth: int) -> int:
        return await (asyncio.create_task(child(key, depth - 1)) if depth else of_children.load(key))

    async def parent(key: int) -> list[int]:
        found = await of_parents.load(key)
        return await asyncio.gather(*(child(found + each, depth) for each in range(3)))

    found = await asyncio.gather(*(parent(1_000 * key) for key in range(200)))
    assert [len(parents.asked), len(children.asked)] == [1, 1]
    assert found[1] == [1_000_000**2, 1_000_001**2, 1_000_002**2]


async def test_who_reads_too_little_is_at_fault_and_nobody_waits_for_ever() -> None:
    async def read(_keys: list[int]) -> list[int]:
        return [1]

    loader = Loader(read, LoadScheduler())
    told = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
    assert [type(each) for each in told] == [ValueError, ValueError]


async def test_nothing_is_read_for_nobody() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())

    async def late(scheduler: int) -> int:
        for _ in range(scheduler):
            await asyncio.sleep(0)
        return await loader.load(scheduler)

    await asyncio.gather(*map(late, range(12)))
    assert all(source.asked)
    assert [key for keys in source.asked for key in keys] == list(range(12))
