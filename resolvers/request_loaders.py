"""The loaders of a request: one statement for all parents at one level of a query.

A loader also caches: a request reads each record once.
"""

from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from db.queries.lengths import CountRequest, count_lists
from db.queries.pages import ListFilter, Slice, find_records
from db.queries.relations import Relation
from db.sql.layouts import Fields
from db.sql.listings import Listing, Window
from db.transactions.snapshots import Snapshot
from resolvers.disclosures import Disclosures
from resolvers.loader import Loader, LoadScheduler
from resolvers.request_snapshot import RequestSnapshot

Record = TypeVar("Record")
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class RequestLoaders:
    """Loaders that read from one snapshot. Each is created when it is first needed."""

    def __init__(self, snapshot: RequestSnapshot, disclosures: Disclosures) -> None:
        self._snapshot = snapshot
        self._disclosures = disclosures
        self._scheduler = LoadScheduler()
        self._loaders: dict[Hashable, Loader[Any, Any]] = {}

    def forget(self) -> None:
        """Free the loaded values. Loaders refer to themselves: values would stay until the next garbage collection."""
        self._loaders.clear()

    def records(self, listing: Listing[Record]) -> Loader[Any, Record | None]:
        """Return the loader of records by id; None for ids that the organization does not have."""

        async def read(snapshot: Snapshot, ids: list[Any]) -> list[Record | None]:
            records = await find_records(snapshot, listing, ids)
            self._disclosures.add_records(listing, records.values())
            return [records.get(key) for key in ids]

        return self._loader(listing, read)

    def pages(
        self, relation: Relation[Record], list_filter: ListFilter | None, window: Window, fields: Fields | None
    ) -> Loader[Any, Slice[Record]]:
        """Return the loader of a page of a relation by the parent's id."""

        async def read(snapshot: Snapshot, parents: list[Any]) -> list[Slice[Record]]:
            pages = await relation.read_pages(snapshot, parents, list_filter, window, fields)
            for page in pages:
                self._disclosures.add_page(relation.listing, page)
            return pages

        return self._loader((relation, list_filter, window, fields), read)

    @property
    def lengths(self) -> Loader[CountRequest, list[int]]:
        """The loader of the lengths of many parents' lists, for any relations and filters."""
        return self._loader(count_lists, count_lists)

    def values(
        self, find: Callable[..., Awaitable[Mapping[Key, Value]]], *arguments: Hashable
    ) -> Loader[Key, Value | None]:
        """Return the loader of the values that `find(snapshot, keys, *arguments)` returns by key; None for others."""

        async def read(snapshot: Snapshot, keys: list[Key]) -> list[Value | None]:
            values = await find(snapshot, keys, *arguments)
            return [values.get(key) for key in keys]

        return self._loader((find, *arguments), read)

    def _loader(
        self, key: Hashable, read: Callable[[Snapshot, list[Any]], Awaitable[Sequence[Value]]]
    ) -> Loader[Any, Value]:
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = Loader(self._reading(read), self._scheduler)
        return loader

    def _reading(
        self, read: Callable[[Snapshot, list[Any]], Awaitable[Sequence[Value]]]
    ) -> Callable[[list[Any]], Coroutine[Any, Any, list[Value]]]:
        async def load(keys: list[Any]) -> list[Value]:
            async with self._snapshot as snapshot:
                return list(await read(snapshot, keys))

        return load
