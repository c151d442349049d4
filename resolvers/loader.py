"""Gathers what many fields ask for one at a time, and loads it all at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, Final, Generic, TypeVar

from aiodataloader import DataLoader

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_AT_ONCE: Final = 4
"""How many are told in a turn of the event loop: each may have a list of hundreds of records to complete."""
_QUIET: Final = 3
"""How many turns it takes whoever was told to ask for more: a field may be some tasks away from the list it is in."""


class Turns:
    """Has the loaders of a request take turns with others on the event loop.

    Thousands of fields may wait for one statement. If all of them went on in one turn, other requests would wait that
    long. So a few are told in each turn, in the order in which their keys were asked for; and what they ask for next is
    loaded when all have been told and nobody asks any more, so that it is still loaded together.
    """

    __slots__ = ("_asking", "_loading", "_quiet", "_under_way", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[asyncio.Future[Any], Any]] = deque()
        self._asking: dict[_Gathering[Any, Any], None] = {}
        self._loading: set[asyncio.Task[None]] = set()
        self._under_way = False
        self._quiet = 0

    def tell(self, found: "Iterable[tuple[asyncio.Future[Value], Value | Exception]]") -> None:
        """End each of the futures by its value, or its fault, when it is its turn."""
        self._waiting.extend(found)
        self._begin()

    def ask(self, gathering: "_Gathering[Any, Any]") -> None:
        """Make the loader load what is asked of it, together with what is asked of it until then."""
        self._asking[gathering] = None
        self._begin()

    def _begin(self) -> None:
        self._quiet = 0
        if not self._under_way:
            self._under_way = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._quiet = 0 if self._waiting else self._quiet + 1
        for _ in range(min(_AT_ONCE, len(self._waiting))):
            _end(*self._waiting.popleft())
        if self._quiet < _QUIET:
            asyncio.get_running_loop().call_soon(self._go_on)
            return
        self._under_way = False
        asking, self._asking = self._asking, {}
        for gathering in asking:
            loading = asyncio.create_task(gathering.load_asked())
            self._loading.add(loading)  # the event loop itself does not hold tasks
            loading.add_done_callback(self._loading.discard)


class _Gathering(DataLoader[Key, Value]):
    """Aiodataloader's, which gathers and remembers; when it loads, and how it tells, is a matter of turns."""

    def __init__(self, read: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]], turns: Turns) -> None:
        super().__init__(read)
        self._turns = turns
        self._asked: list[tuple[Key, asyncio.Future[Value]]] = []
        self._waiting: dict[asyncio.Future[Value], list[asyncio.Future[Value]]] = {}

    def do_resolve_reject(self, key: Key, future: "asyncio.Future[Value]") -> None:
        """Take a key that was not asked for before, and what is to become of it."""
        self._asked.append((key, future))
        self._waiting[future] = []
        self._turns.ask(self)

    def wait_for(self, key: Key) -> "asyncio.Future[Value]":
        """Return the key's value, to each who asks by a future of its own: who is cancelled ends no other's waiting."""
        found = self.load(key)
        if found.done():
            return found
        waiting = self.loop.create_future()
        waiting.add_done_callback(_take_notice)
        self._waiting[found].append(waiting)
        return waiting

    async def load_asked(self) -> None:
        """Load what was asked for, and have those told who wait. A fault is told to all, and not remembered."""
        asked, self._asked = self._asked, []
        if not asked:
            return  # who asked last was in time for what was loaded before
        values: list[Value | Exception]
        try:
            loaded = await self.batch_load_fn([key for key, _ in asked])
            values = [value for _, value in zip(asked, loaded, strict=True)]
        except Exception as fault:  # whatever it is, those who wait are told
            values = [fault] * len(asked)
            for key, _ in asked:
                self.clear(key)
        told: list[tuple[asyncio.Future[Value], Value | Exception]] = []
        for (_, future), value in zip(asked, values, strict=True):
            _end(future, value)
            future.exception()  # who waits is told of it by a future of their own
            told.extend((waiting, value) for waiting in self._waiting.pop(future))
        self._turns.tell(told)


class Loader(Generic[Key, Value]):
    """Loads by aiodataloader, for fields that may be given up; at once, for callers who have all their keys in hand.

    It loads what is asked for at the same time together, and each key once.
    """

    __slots__ = ("_gathering", "_known", "_read", "_turns")

    def __init__(
        self,
        read: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]],
        turns: Turns,
    ) -> None:
        """Load nothing yet.

        Args:
            read: Loads the values of several keys, in their order.
            turns: Those of the request, which its loaders have in common.
        """
        self._read = read
        self._turns = turns
        self._known: dict[Key, Value] = {}
        # Made when it is first needed: most requests have all keys in hand.
        self._gathering: _Gathering[Key, Value] | None = None

    def learn(self, key: Key, value: Value) -> None:
        """Take what was read for a key by somebody else."""
        self._known[key] = value

    def load(self, key: Key) -> "asyncio.Future[Value]":
        """Return the key's value. Raises what loading it has raised."""
        if self._gathering is None:
            self._gathering = _Gathering(self._read, self._turns)
        if key in self._known:
            self._gathering.prime(key, self._known[key])
        return self._gathering.wait_for(key)

    async def load_all(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Return the values of many keys, without a future for each. Raises what loading them has raised."""
        wanted = dict.fromkeys(keys)
        if not self._known and self._gathering is None:
            # Nearly always. Keys are hashed anew each time that they are looked up, which adds up in a long list.
            found = dict(zip(wanted, await self._read(list(wanted)), strict=True))
            self._known.update(found)
            return found
        asked = self._gathering._cache if self._gathering is not None else ()  # noqa: SLF001 - it has no public name
        new = [key for key in wanted if key not in self._known and key not in asked]
        if new:
            self._known.update(zip(new, await self._read(new), strict=True))
        return {key: self._known[key] if key in self._known else await self.load(key) for key in wanted}


def _end(waiting: "asyncio.Future[Value]", found: Value | Exception) -> None:
    if waiting.done():
        return  # nobody waits any more
    if isinstance(found, Exception):
        waiting.set_exception(found)
    else:
        waiting.set_result(found)


def _take_notice(found: "asyncio.Future[Any]") -> None:
    """Keep a failure that nobody waits for any more from being news to the event loop."""
    if not found.cancelled():
        found.exception()
