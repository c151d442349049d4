"""A loader asks once for all that fields beside one another want, and tells each its own."""

import asyncio

import pytest

from resolvers.loader import Loader

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
    loader = Loader(source.read)

    async def field(key: int, depth: int) -> int:
        # A field may be some calls, and tasks, away from the list that it is in.
        return await (asyncio.create_task(field(key, depth - 1)) if depth else loader.load(key))

    found = await asyncio.gather(field(3, 0), field(2, 1), field(3, 1), field(1, 0))
    assert list(found) == [9, 4, 9, 1]
    assert [sorted(keys) for keys in source.asked] == [[1, 2, 3]]


async def test_what_was_loaded_is_not_read_again() -> None:
    source = Source()
    loader = Loader(source.read)
    assert [await loader.load(2), await loader.load(2), await loader.load(5)] == [4, 4, 25]
    assert source.asked == [[2], [5]]


async def test_a_fault_is_told_to_all_who_wait_and_not_remembered() -> None:
    source = Source()
    loader = Loader(source.read)
    source.fails = True
    told = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
    assert [type(each) for each in told] == [LookupError, LookupError]
    source.fails = False
    assert await loader.load(1) == 1


async def test_who_gives_up_waiting_spoils_nothing_for_others() -> None:
    source = Source()
    loader = Loader(source.read)

    async def wait() -> int:
        return await loader.load(2)

    first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 4
    assert first.cancelled()
