"""Prefetching: fields of a record are read together with the record, by its id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.queries.pages import record_lookup
from db.sql.listings import Listing
from db.sql.lookups import Lookup, LookupSet
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class Prefetch:
    """How a field of a record is read by the record's id.

    Attributes:
        lookups: The lookups of the field.
        value: Returns the field's value, of the context, the record, and the values of the lookups.
    """

    lookups: Sequence[Lookup[Any]]
    value: Callable[[Context, Any, Sequence[Any]], Any]


class RecordWithFields:
    """A record by its id, and fields of it, read together.

    Attributes:
        covers_request: Whether the request reads nothing else.
    """

    def __init__(self, listing: Listing[Any], fields: Sequence[Prefetch | None], *, covers_request: bool) -> None:
        """Take the listing of the record, and its fields; None for a field that is read after the record."""
        self.covers_request = covers_request
        self._listing = listing
        lookups: list[Lookup[Any]] = [record_lookup(listing)]
        self._fields: list[tuple[Prefetch, slice] | None] = []
        for field in fields:
            start = len(lookups)
            lookups += field.lookups if field else ()
            self._fields.append((field, slice(start, len(lookups))) if field else None)
        self._lookups = LookupSet(lookups)

    async def read(self, context: Context, id: object) -> tuple[Any, list[list[Any] | None]]:
        """Return the record, None if there is none, and for each field a list with its value, or None."""
        look_up = context.snapshot.look_up_once if self.covers_request else context.snapshot.look_up
        values = await look_up(self._lookups, id)
        record = values[0]
        if record is None:
            return None, [None for _ in self._fields]
        context.disclosures.add_records(self._listing, [record])
        return record, [
            None if field is None else [field[0].value(context, record, values[field[1]])] for field in self._fields
        ]
