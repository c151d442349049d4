"""Loaders: they collect the keys that many fields load at the same time, and load them all at once."""

import asyncio
import weakref
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
    Nothing is loaded while another load runs: its results may lead to more keys, and a snapshot runs one statement at a
    time anyway.
    """

    __slots__ = ("_loading", "_quiet", "_quiet_iterations", "_running", "_scheduled", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[asyncio.Future[Any], Any]] = deque()
        self._scheduled: dict[Loader[Any, Any], None] = {}
        self._loading: set[asyncio.Task[None]] = set()
        self._running = False
        self._quiet = 0
        # Batches are loaded by sibling tasks, which all run in one iteration.
        self._quiet_iterations = 1

    def wait_for_fields(self) -> None:
        """Wait longer for new keys: fields load them one at a time."""
        self._quiet_iterations = _QUIET_ITERATIONS

    def resolve(self, results: "Iterable[tuple[asyncio.Future[Any], Any]]") -> None:
        """Resolve each future by its value or its exception, a few in each iteration."""
        self._waiting.extend(results)
        self._start()

    def schedule(self, loader: "Loader[Any, Any]") -> None:
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
        if self._quiet < self._quiet_iterations:
            asyncio.get_running_loop().call_soon(self._iterate)
            return
        self._running = False
        if self._loading:
            return  # `_end` continues
        scheduled, self._scheduled = self._scheduled, {}
        for loader in scheduled:
            loading = asyncio.create_task(loader.load_pending())
            self._loading.add(loading)  # the event loop itself holds no strong reference to tasks
            loading.add_done_callback(self._end)

    def _end(self, loading: asyncio.Task[None]) -> None:
        self._loading.discard(loading)
        if self._scheduled and not self._loading:
            self._start()


class _Load(Generic[Key, Value]):
    """Keys that are loaded together, and the futures that wait for them.

    Attributes:
        keys: The keys, in the order of their first request.
        of_one: Single keys, the future that fields share, and the futures of its waiters. Each waiter has its own:
            cancelling it affects no other waiter.
        of_many: The futures of waiters for many keys. They get the loaded values by key.
        task: The task that reads the values, once it has started.
    """

    __slots__ = ("keys", "of_many", "of_one", "task")

    def __init__(self) -> None:
        self.keys: dict[Key, None] = {}
        self.of_one: list[tuple[Key, asyncio.Future[Value], list[asyncio.Future[Value]]]] = []
        self.of_many: list[asyncio.Future[dict[Key, Value]]] = []
        self.task: asyncio.Task[Any] | None = None

    def is_abandoned(self) -> bool:
        """Return whether all waiters were cancelled."""
        waiters = (waiter for *_, waiters in self.of_one for waiter in waiters)
        return all(waiter.done() for waiter in waiters) and all(waiter.done() for waiter in self.of_many)


class _FieldLoader(DataLoader[Key, Value]):
    """The keys that fields load one at a time. aiodataloader caches a future for each key.

    When the keys are loaded is decided by the LoadScheduler, together with the keys of `Loader.load_all`.
    """

    def __init__(self, loader: "Loader[Key, Value]") -> None:
        super().__init__(loader.read)
        # A reference cycle would keep the records of a request until the garbage collector runs.
        self._loader = weakref.proxy(loader)
        self._waiters: dict[asyncio.Future[Value], list[asyncio.Future[Value]]] = {}

    def do_resolve_reject(self, key: Key, future: "asyncio.Future[Value]") -> None:
        """Add a new key, and the future of its value."""
        self._waiters[future] = []
        self._loader.add_field_key(key, future, self._waiters[future])

    def wait_for(self, key: Key) -> "asyncio.Future[Value]":
        """Return a future of the key's value for one waiter."""
        shared = self.load(key)
        if shared.done():
            return shared
        waiter = self.loop.create_future()
        waiter.add_done_callback(_retrieve_exception)
        self._waiters[shared].append(waiter)
        return waiter

    def forget(self, key: Key, future: "asyncio.Future[Value]") -> None:
        """Let the key be loaded again."""
        self.clear(key)
        del self._waiters[future]


class Loader(Generic[Key, Value]):
    """Load values by key: one key at a time for fields that may be cancelled, or many keys at once.

    Keys that are loaded at the same time are loaded together, and each key once.
    """

    __slots__ = ("__weakref__", "_fields", "_known", "_loads", "_pending", "_scheduler", "read")

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
        self.read = read
        self._scheduler = scheduler
        # Created when it is first needed: most requests load all their keys at once.
        self._fields: _FieldLoader[Key, Value] | None = None
        self._known: dict[Key, Value] = {}
        self._loads: dict[Key, _Load[Key, Value]] = {}
        self._pending: _Load[Key, Value] = _Load()

    def learn(self, key: Key, value: Value) -> None:
        """Remember a value that was read elsewhere."""
        self._known[key] = value

    def load(self, key: Key) -> "asyncio.Future[Value]":
        """Return a future of the key's value. It raises what loading it raises."""
        if self._fields is None:
            self._fields = _FieldLoader(self)
        if key in self._known:
            self._fields.prime(key, self._known[key])
        return self._fields.wait_for(key)

    def add_field_key(self, key: Key, future: "asyncio.Future[Value]", waiters: "list[asyncio.Future[Value]]") -> None:
        """Load a key for the future that fields share, and for its waiters."""
        self._scheduler.wait_for_fields()
        load = self._loads.get(key) or self._add([key])
        load.of_one.append((key, future, waiters))

    async def load_all(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Return the values of many keys, without a future for each. Raise what loading them raises."""
        distinct = dict.fromkeys(keys)
        known, loads = self._known, self._loads
        # Each lookup hashes its key again, which adds up in a long list.
        missing = [key for key in distinct if key not in known] if known else list(distinct)
        if not missing:
            return {key: known[key] for key in distinct}
        new = [key for key in missing if key not in loads] if loads else missing
        waiting = {loads[key] for key in missing if key in loads} if len(new) < len(missing) else set()
        if new:
            waiting.add(self._add(new))
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[dict[Key, Value]]] = []
        for load in waiting:
            future: asyncio.Future[dict[Key, Value]] = loop.create_future()
            future.add_done_callback(_retrieve_exception)
            load.of_many.append(future)
            futures.append(future)
        try:
            for future in futures:
                loaded = await future
        except asyncio.CancelledError:
            for load in waiting:
                self._cancel_if_abandoned(load)
            raise
        if len(futures) == 1 and list(loaded) == list(distinct):
            return loaded
        return {key: known[key] for key in distinct}

    async def load_pending(self) -> None:
        """Load the pending keys and resolve their futures. An exception is raised to all, and not remembered."""
        load, self._pending = self._pending, _Load()
        if not load.keys:
            return  # an earlier load has taken the keys
        load.task = asyncio.current_task()
        results: list[tuple[asyncio.Future[Any], Any]]
        try:
            values = await self.read(list(load.keys))
            loaded = dict(zip(load.keys, values, strict=True))
        except Exception as fault:  # whatever it is, the waiters raise it
            results = [(waiter, fault) for *_, waiters in load.of_one for waiter in waiters]
            results += [(waiter, fault) for waiter in load.of_many]
            self._forget(load)
        else:
            self._known.update(loaded)
            order = {key: number for number, key in enumerate(loaded)} if len(load.of_one) > 1 else {}
            load.of_one.sort(key=lambda waiting: order.get(waiting[0], 0))
            for key, future, _ in load.of_one:
                future.set_result(loaded[key])
            results = [(waiter, loaded[key]) for key, _, waiters in load.of_one for waiter in waiters]
            results += [(waiter, loaded) for waiter in load.of_many]
            self._finish(load)
        if len(results) == 1:
            _resolve(*results[0])
        else:
            self._scheduler.resolve(results)

    def _cancel_if_abandoned(self, load: _Load[Key, Value]) -> None:
        """Cancel the statement of a request that was cancelled."""
        if load.task is not None and not load.task.done() and load.is_abandoned():
            self._forget(load)
            load.task.cancel()

    def _forget(self, load: _Load[Key, Value]) -> None:
        """Let the keys be loaded again."""
        for key, future, _ in load.of_one:
            if self._fields is not None:
                self._fields.forget(key, future)
        self._finish(load)

    def _finish(self, load: _Load[Key, Value]) -> None:
        for key in load.keys:
            del self._loads[key]

    def _add(self, keys: list[Key]) -> _Load[Key, Value]:
        """Add new keys to the pending load."""
        self._scheduler.schedule(self)
        pending = self._pending
        new = dict.fromkeys(keys)
        pending.keys.update(new)
        self._loads.update(dict.fromkeys(new, pending))
        return pending


def _resolve(future: "asyncio.Future[Any]", result: Any) -> None:
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
