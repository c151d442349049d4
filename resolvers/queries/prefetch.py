"""What is asked of a record, told before the record is read: so that it can be read along with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.sql.lookups import Lookup, Lookups
from resolvers.context import Context
from resolvers.queries.by_id import ById


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a field of a record reads by the record's id.

    Attributes:
        lookups: What is to be found.
        value: Gives the field's value, of the request, the record, and what was found.
    """

    lookups: Sequence[Lookup[Any]]
    value: Callable[[Context, Any, Sequence[Any]], Any]


class RecordWithFields:
    """A record by its id, and fields of it, read together.

    Attributes:
        nothing_else: Whether whoever asks for these reads nothing else.
    """

    def __init__(self, kind: ById, fields: Sequence[Ahead | None], *, nothing_else: bool) -> None:
        """Take the kind of the record, and its fields; None for one that is read once the record is."""
        self.nothing_else = nothing_else
        self._kind = kind
        lookups: list[Lookup[Any]] = [kind.lookup]
        self._fields: list[tuple[Ahead, int, int] | None] = []
        for field in fields:
            start = len(lookups)
            lookups += field.lookups if field else ()
            self._fields.append((field, start, len(lookups)) if field else None)
        self._lookups = Lookups(lookups)

    async def read(self, context: Context, id: object) -> tuple[Any, list[list[Any] | None]]:
        """Return the record, None where there is none, and for each field a list with its value, or None."""
        read = context.snapshot.look_up_once if self.nothing_else else context.snapshot.look_up
        found = await read(self._lookups, id)
        record = found[0]
        if record is None:
            return None, [None for _ in self._fields]
        if self._kind.patient_of is not None:
            context.disclosures.add([self._kind.patient_of(record)])
        values: list[list[Any] | None] = []
        for each in self._fields:
            if each is None:
                values.append(None)
            else:
                field, start, end = each
                values.append([field.value(context, record, found[start:end])])
        return record, values
