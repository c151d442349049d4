"""Gathers what many fields ask for one at a time, and loads it all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Loader(Generic[Key, Value]):
    """Loads values by key: the keys that are asked for at the same time together, and each key once.

    "At the same time" is until the event loop has run what was ready when the first was asked for, and what that made
    ready: fields beside one another all have asked by then.
    """

    __slots__ = ("_asked", "_found", "_known", "_loading", "read")

    def __init__(self, read: Callable[[list[Key]], Awaitable[Sequence[Value]]]) -> None:
        """Takes what loads the values of several keys, in their order. Loads nothing yet."""
        self.read = read
        self._found: dict[Key, asyncio.Future[Value]] = {}
        self._known: dict[Key, Value] = {}
        self._asked: list[Key] = []
        self._loading: set[asyncio.Task[None]] = set()

    def load(self, key: Key) -> asyncio.Future[Value]:
        """Gives the key's value. Raises what loading it has raised."""
        found = self._found.get(key)
        if found is None:
            loop = asyncio.get_running_loop()
            found = self._found[key] = loop.create_future()
            if key in self._known:
                found.set_result(self._known[key])
                return found
            if not self._asked:
                loop.call_soon(self._start, loop)
            self._asked.append(key)
        # Who is cancelled while waiting must not end the waiting of others.
        return asyncio.shield(found)

    async def load_many(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Gives the values of many keys, without gathering first. Raises what loading them has raised."""
        wanted = dict.fromkeys(keys)
        new = [key for key in wanted if key not in self._known and key not in self._found]
        if new:
            self._known.update(zip(new, await self.read(new), strict=True))
        return {key: self._known[key] if key in self._known else await self.load(key) for key in wanted}

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        task = loop.create_task(self._load())
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)

    async def _load(self) -> None:
        keys, self._asked = self._asked, []
        try:
            values = await self.read(keys)
        except BaseException as fault:
            # Whoever asks again may have better luck.
            for waiting in [self._found.pop(key) for key in keys]:
                if waiting.done():
                    continue
                if isinstance(fault, asyncio.CancelledError):
                    waiting.cancel()
                else:
                    waiting.set_exception(fault)
                    waiting.exception()  # it is no news to the event loop where nobody waits any more
            if not isinstance(fault, Exception):
                raise
            return
        for key, value in zip(keys, values, strict=True):
            self._known[key] = value
            if not (waiting := self._found[key]).done():
                waiting.set_result(value)
