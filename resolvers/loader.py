"""Gathers what many fields ask for one at a time, and loads it all at once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from db.reading import Reading

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Loader(Generic[Key, Value]):
    """Loads by aiodataloader, for fields that may be given up; at once, for callers who have all their keys in hand.

    It loads what is asked for at the same time together, and each key once.
    """

    __slots__ = ("_gathering", "_known", "_note", "_read", "reading")

    def __init__(
        self,
        read: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]],
        reading: Callable[[Key], Reading[Value]] | None = None,
        note: Callable[[Sequence[Value]], None] | None = None,
    ) -> None:
        """Loads nothing yet.

        Args:
            read: Loads the values of several keys, in their order.
            reading: Gives how the value of one key is read, where one statement does; the same as `read` would load.
            note: Is told what has been read.
        """
        self._read = read if note is None else _noted(read, note)
        self._note = note
        self.reading = reading
        self._known: dict[Key, Value] = {}
        # Made when it is first needed: most requests have all keys in hand.
        self._gathering: DataLoader[Key, Value] | None = None

    def learn(self, key: Key, value: Value) -> None:
        """Takes what was read for a key by its `reading`."""
        if self._note is not None:
            self._note([value])
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


def _noted(
    read: Callable[[list[Key]], Coroutine[Any, Any, list[Value]]], note: Callable[[Sequence[Value]], None]
) -> Callable[[list[Key]], Coroutine[Any, Any, list[Value]]]:
    async def read_and_note(keys: list[Key]) -> list[Value]:
        values = await read(keys)
        note(values)
        return values

    return read_and_note


def _take_notice(found: "asyncio.Future[Any]") -> None:
    """Keeps a failure that nobody waits for any more from being news to the event loop."""
    if not found.cancelled():
        found.exception()
