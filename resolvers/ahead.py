"""What is asked of a record, told before the record is read: so that it can be read along with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.lookups import Lookup, Lookups
from resolvers.by_id import ById
from resolvers.context import Context


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
    """A record by its id, and fields of it, read together."""

    def __init__(self, kind: ById, fields: Sequence[Ahead], *, nothing_else: bool) -> None:
        """Takes the kind of the record, the fields, and whether whoever asks for these reads nothing else."""
        lookups: list[Lookup[Any]] = [kind.lookup]
        self._kind = kind
        self._fields: list[tuple[Ahead, int, int]] = []
        for field in fields:
            self._fields.append((field, len(lookups), len(lookups) + len(field.lookups)))
            lookups += field.lookups
        self._lookups = Lookups(lookups)
        self.nothing_else = nothing_else

    async def read(self, context: Context, id: object) -> tuple[Any, list[Any]]:
        """Gives the record and the values of the fields; None and nothing where there is no such record."""
        found = await context.look_up(self._lookups, id, nothing_else=self.nothing_else)
        record = found[0]
        if record is None:
            return None, []
        if self._kind.patient_of is not None:
            context.note_patients([self._kind.patient_of(record)])
        return record, [field.value(context, record, found[start:end]) for field, start, end in self._fields]
