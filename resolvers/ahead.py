"""What will be read for a record, told by its id alone: so it can be read along with the record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from db.reading import Reading
from resolvers.context import Context
from resolvers.loader import Loader


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a field of a record will read.

    Attributes:
        readings: What is to be read.
        value: Gives the field's value, of the record and what the readings have found.
    """

    readings: Sequence[Reading[Any]]
    value: Callable[[Any, Sequence[Any]], Any]


async def read_ahead(
    context: Context, loader: Loader[Any, Any], key: Any, fields: Sequence[Ahead], *, nothing_else: bool
) -> tuple[Any, list[Any]]:
    """Gives a record and the values of fields of it, read together; where there is no such record, None and nothing.

    Args:
        context: The request.
        loader: Loads the record; from here on it knows it.
        key: The record's key.
        fields: The fields.
        nothing_else: Whether the request reads nothing but this.
    """
    assert loader.reading is not None  # noqa: S101 - every loader by id has one
    readings = [loader.reading(key)]
    for field in fields:
        readings += field.readings
    record, *found = await context.read_together(readings, nothing_else=nothing_else)
    loader.learn(key, record)
    if record is None:
        return None, []
    values = []
    start = 0
    for field in fields:
        end = start + len(field.readings)
        values.append(field.value(record, found[start:end]))
        start = end
    return record, values
