"""Gathers what many fields ask for one at a time, and loads it all at once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Loader(Generic[Key, Value]):
    """Loads by aiodataloader, for fields that may be given up; at once, for callers who have all their keys in hand.

    It loads what is asked for at the same time together, and each key once.
    """

    __slots__ = ("_gathering", "_known", "_read")

    def __init__(
        self,
        read: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]],
    ) -> None:
        """Takes what loads the values of several keys, in their order. Loads nothing yet."""
        self._read = read
        self._known: dict[Key, Value] = {}
        # Made when it is first needed: most requests have all keys in hand.
        self._gathering: DataLoader[Key, Value] | None = None

    def learn(self, key: Key, value: Value) -> None:
        """Takes what was read for a key by somebody else."""
        self._known[key] = value

    def load(self, key: Key) -> "asyncio.Future[Value]":
        """Gives the key's value. Raises what loading it has raised."""
        if self._gathering is None:
            self._gathering = DataLoader(self._read)
        if key in self._known:
            self._gathering.prime(key, self._known[key])
        # All who ask for a key wait for one future: who is cancelled meanwhile must not end the waiting of others.
        shared = self._gathering.load(key)
        own = asyncio.shield(shared)
        for found in (shared, own):
            found.add_done_callback(_take_notice)
        return own

    async def load_all(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Gives the values of many keys, without a future for each. Raises what loading them has raised."""
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


def _take_notice(found: "asyncio.Future[Any]") -> None:
    """Keeps a failure that nobody waits for any more from being news to the event loop."""
    if not found.cancelled():
        found.exception()
