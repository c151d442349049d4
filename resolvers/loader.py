"""Loaders: they collect the keys that many fields load one at a time, and load them all at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, Final, Generic, TypeVar

from aiodataloader import DataLoader

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_RESOLVED_AT_ONCE: Final = 4
"""How many futures are resolved in one iteration of the event loop: each may complete a list of hundreds of records."""
_QUIET_ITERATIONS: Final = 3
"""How many iterations without new keys to wait before loading: a field may be some tasks away from its list."""


class LoadScheduler:
    """Decides when the loaders of a request load, and spreads their results over iterations of the event loop.

    Thousands of fields may wait for one statement. If all of them went on in one iteration, other requests would wait
    that long. So a few futures are resolved in each iteration, in the order of their keys. The keys that these fields
    load next are loaded once all futures are resolved and no more keys come, so that they are still loaded together.
    """

    __slots__ = ("_loading", "_quiet", "_running", "_scheduled", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[asyncio.Future[Any], Any]] = deque()
        self._scheduled: dict[_BatchLoader[Any, Any], None] = {}
        self._loading: set[asyncio.Task[None]] = set()
        self._running = False
        self._quiet = 0

    def resolve(self, results: "Iterable[tuple[asyncio.Future[Value], Value | Exception]]") -> None:
        """Resolve each future by its value or its exception, a few in each iteration."""
        self._waiting.extend(results)
        self._start()

    def schedule(self, loader: "_BatchLoader[Any, Any]") -> None:
        """Let the loader load its pending keys, together with those that come until then."""
        self._scheduled[loader] = None
        self._start()

    def _start(self) -> None:
        self._quiet = 0
        if not self._running:
            self._running = True
            asyncio.get_running_loop().call_soon(self._iterate)

    def _iterate(self) -> None:
        self._quiet = 0 if self._waiting else self._quiet + 1
        for _ in range(min(_RESOLVED_AT_ONCE, len(self._waiting))):
            _resolve(*self._waiting.popleft())
        if self._quiet < _QUIET_ITERATIONS:
            asyncio.get_running_loop().call_soon(self._iterate)
            return
        self._running = False
        scheduled, self._scheduled = self._scheduled, {}
        for loader in scheduled:
            loading = asyncio.create_task(loader.load_pending())
            self._loading.add(loading)  # the event loop itself holds no strong reference to tasks
            loading.add_done_callback(self._loading.discard)


class _BatchLoader(DataLoader[Key, Value]):
    """A DataLoader of aiodataloader whose loading and results are scheduled by a LoadScheduler."""

    def __init__(self, read: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]], scheduler: LoadScheduler) -> None:
        super().__init__(read)
        self._scheduler = scheduler
        self._pending: list[tuple[Key, asyncio.Future[Value]]] = []
        self._waiters: dict[asyncio.Future[Value], list[asyncio.Future[Value]]] = {}

    def do_resolve_reject(self, key: Key, future: "asyncio.Future[Value]") -> None:
        """Add a new key, and the future of its value."""
        self._pending.append((key, future))
        self._waiters[future] = []
        self._scheduler.schedule(self)

    def wait_for(self, key: Key) -> "asyncio.Future[Value]":
        """Return a future of the key's value. Each caller has its own: cancelling it affects no other caller."""
        loaded = self.load(key)
        if loaded.done():
            return loaded
        waiter = self.loop.create_future()
        waiter.add_done_callback(_retrieve_exception)
        self._waiters[loaded].append(waiter)
        return waiter

    async def load_pending(self) -> None:
        """Load the pending keys and resolve their futures. An exception is raised to all, and not remembered."""
        pending, self._pending = self._pending, []
        if not pending:
            return  # an earlier load has taken the keys
        values: list[Value | Exception]
        try:
            loaded = await self.batch_load_fn([key for key, _ in pending])
            values = [value for _, value in zip(pending, loaded, strict=True)]
        except Exception as fault:  # whatever it is, the waiters raise it
            values = [fault] * len(pending)
            for key, _ in pending:
                self.clear(key)
        results: list[tuple[asyncio.Future[Value], Value | Exception]] = []
        for (_, future), value in zip(pending, values, strict=True):
            _resolve(future, value)
            future.exception()  # each waiter has a future of its own, which raises it
            results.extend((waiter, value) for waiter in self._waiters.pop(future))
        self._scheduler.resolve(results)


class Loader(Generic[Key, Value]):
    """Load values by key: one key at a time for fields that may be cancelled, or many keys at once.

    Keys that are loaded at the same time are loaded together, and each key once.
    """

    __slots__ = ("_batch_loader", "_known", "_read", "_scheduler")

    def __init__(
        self,
        read: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]],
        scheduler: LoadScheduler,
    ) -> None:
        """Load nothing yet.

        Args:
            read: Load the values of several keys, in their order.
            scheduler: The scheduler that all loaders of a request share.
        """
        self._read = read
        self._scheduler = scheduler
        self._known: dict[Key, Value] = {}
        # Created when it is first needed: most requests load all their keys at once.
        self._batch_loader: _BatchLoader[Key, Value] | None = None

    def learn(self, key: Key, value: Value) -> None:
        """Remember a value that was read elsewhere."""
        self._known[key] = value

    def load(self, key: Key) -> "asyncio.Future[Value]":
        """Return a future of the key's value. It raises what loading it raises."""
        if self._batch_loader is None:
            self._batch_loader = _BatchLoader(self._read, self._scheduler)
        if key in self._known:
            self._batch_loader.prime(key, self._known[key])
        return self._batch_loader.wait_for(key)

    async def load_all(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Return the values of many keys, without a future for each. Raise what loading them raises."""
        wanted = dict.fromkeys(keys)
        if not self._known and self._batch_loader is None:
            # Nearly always. Each lookup hashes its key again, which adds up in a long list.
            loaded = dict(zip(wanted, await self._read(list(wanted)), strict=True))
            self._known.update(loaded)
            return loaded
        loading = self._batch_loader._cache if self._batch_loader is not None else ()  # noqa: SLF001 - no public name
        new = [key for key in wanted if key not in self._known and key not in loading]
        if new:
            self._known.update(zip(new, await self._read(new), strict=True))
        return {key: self._known[key] if key in self._known else await self.load(key) for key in wanted}


def _resolve(future: "asyncio.Future[Value]", result: Value | Exception) -> None:
    if future.done():
        return  # the waiter was cancelled
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def _retrieve_exception(future: "asyncio.Future[Any]") -> None:
    """Keep the event loop from reporting an exception that no waiter retrieves."""
    if not future.cancelled():
        future.exception()
