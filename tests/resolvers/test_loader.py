"""Loaders: fields that load at the same time share one read, and each of them gets its own value."""

import asyncio
from itertools import pairwise

import pytest

from resolvers.loader import Loader, LoadScheduler

pytestmark = pytest.mark.anyio


class Source:
    """Reads squares, and records the keys of each read."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.fails = False
        self.started = asyncio.Event()
        self.go_on: asyncio.Event | None = None
        self.is_cancelled = False

    async def read(self, keys: list[int]) -> list[int]:
        self.reads.append(keys)
        self.started.set()
        try:
            await (self.go_on.wait() if self.go_on else asyncio.sleep(0))
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        if self.fails:
            raise LookupError(keys)
        return [key * key for key in keys]


async def test_keys_loaded_at_the_same_time_share_a_read() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())

    async def field(key: int, depth: int) -> int:
        # A field may be several calls and tasks away from its list.
        return await (asyncio.create_task(field(key, depth - 1)) if depth else loader.load(key))

    squares = await asyncio.gather(field(3, 0), field(2, 1), field(3, 1), field(1, 0))
    assert list(squares) == [9, 4, 9, 1]
    assert [sorted(keys) for keys in source.reads] == [[1, 2, 3]]


async def test_a_loaded_key_is_not_read_again() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())
    assert [await loader.load(2), await loader.load(2), await loader.load(5)] == [4, 4, 25]
    assert source.reads == [[2], [5]]


async def test_an_error_is_raised_to_all_waiters_and_not_remembered() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())
    source.fails = True
    results = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
    assert [type(result) for result in results] == [LookupError, LookupError]
    source.fails = False
    assert await loader.load(1) == 1


async def test_a_cancelled_waiter_does_not_affect_others() -> None:
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
async def test_waiters_resume_a_few_at_a_time_in_the_order_of_their_keys(keys: int) -> None:
    loader = Loader(Source().read, LoadScheduler())
    resumed: list[int] = []
    counts: list[int] = []

    async def wait(number: int) -> None:
        await loader.load(number % keys)
        resumed.append(number)

    async def count() -> None:
        while len(resumed) < 500:
            counts.append(len(resumed))
            await asyncio.sleep(0)

    await asyncio.gather(count(), *(wait(number) for number in range(500)))
    assert resumed == sorted(range(500), key=lambda number: number % keys)
    assert max(after - before for before, after in pairwise([*counts, 500])) < 10


@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_the_children_of_many_parents_share_a_read(depth: int) -> None:
    parents, children = Source(), Source()
    scheduler = LoadScheduler()
    parent_loader, child_loader = Loader(parents.read, scheduler), Loader(children.read, scheduler)

    async def child(key: int, depth: int) -> int:
        return await (asyncio.create_task(child(key, depth - 1)) if depth else child_loader.load(key))

    async def parent(key: int) -> list[int]:
        square = await parent_loader.load(key)
        return await asyncio.gather(*(child(square + offset, depth) for offset in range(3)))

    results = await asyncio.gather(*(parent(1_000 * key) for key in range(200)))
    assert [len(parents.reads), len(children.reads)] == [1, 1]
    assert results[1] == [1_000_000**2, 1_000_001**2, 1_000_002**2]


async def test_too_few_values_raise_an_error_to_all_waiters() -> None:
    async def read(_keys: list[int]) -> list[int]:
        return [1]

    loader = Loader(read, LoadScheduler())
    results = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]


async def test_no_read_is_without_keys() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())

    async def load_after(iterations: int) -> int:
        for _ in range(iterations):
            await asyncio.sleep(0)
        return await loader.load(iterations)

    await asyncio.gather(*map(load_after, range(12)))
    assert all(source.reads)
    assert [key for keys in source.reads for key in keys] == list(range(12))


async def test_many_keys_and_single_keys_are_read_together() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())
    results = await asyncio.gather(
        loader.load_all([1, 2]), loader.load_all([4, 2, 3]), loader.load(3), asyncio.create_task(loader.load_all([5]))
    )
    assert list(results) == [{1: 1, 2: 4}, {4: 16, 2: 4, 3: 9}, 9, {5: 25}]
    assert [list(loaded) for loaded in results if isinstance(loaded, dict)] == [[1, 2], [4, 2, 3], [5]]
    assert [sorted(keys) for keys in source.reads] == [[1, 2, 3, 4, 5]]
    assert await loader.load_all([6, 1]) == {6: 36, 1: 1}
    assert source.reads[1] == [6]


async def test_keys_that_are_being_read_are_not_read_again() -> None:
    source = Source()
    source.go_on = asyncio.Event()
    loader = Loader(source.read, LoadScheduler())
    first = asyncio.create_task(loader.load_all([1, 2]))
    await source.started.wait()
    second = asyncio.create_task(loader.load_all([2, 3]))
    await asyncio.sleep(0)
    source.go_on.set()
    assert [await first, await second] == [{1: 1, 2: 4}, {2: 4, 3: 9}]
    assert source.reads == [[1, 2], [3]]


async def test_a_read_is_cancelled_once_all_its_waiters_are() -> None:
    source = Source()
    source.go_on = asyncio.Event()
    loader = Loader(source.read, LoadScheduler())
    first, second = (asyncio.create_task(loader.load_all([key])) for key in (1, 2))
    await source.started.wait()
    first.cancel()
    await asyncio.wait([first])
    assert not source.is_cancelled
    second.cancel()
    await asyncio.wait([second])
    await asyncio.sleep(0)
    assert source.is_cancelled
    source.go_on.set()
    assert await loader.load_all([1]) == {1: 1}


async def test_a_fault_is_raised_to_waiters_for_many_keys_and_not_remembered() -> None:
    source = Source()
    loader = Loader(source.read, LoadScheduler())
    source.fails = True
    results = await asyncio.gather(loader.load_all([1]), loader.load_all([2]), loader.load(3), return_exceptions=True)
    assert [type(result) for result in results] == [LookupError] * 3
    source.fails = False
    assert await loader.load_all([1]) == {1: 1}


async def test_keys_wait_for_a_running_load_whose_results_may_lead_to_more() -> None:
    parents, children = Source(), Source()
    scheduler = LoadScheduler()
    parent_loader, child_loader = Loader(parents.read, scheduler), Loader(children.read, scheduler)
    parents.go_on = asyncio.Event()

    async def child_of(key: int) -> dict[int, int]:
        return await child_loader.load_all(await parent_loader.load_all([key]))

    first = asyncio.create_task(child_of(1))
    await parents.started.wait()
    second = asyncio.create_task(child_loader.load_all([2]))
    for _ in range(10):
        await asyncio.sleep(0)
    parents.go_on.set()
    assert [await first, await second] == [{1: 1}, {2: 4}]
    assert [sorted(keys) for keys in children.reads] == [[1, 2]]
