"""The values of columns in an archive: what JSON has for them, the same whichever database they come from or go to."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Float, Integer, LargeBinary, String, Text, Time, Uuid
from sqlalchemy.types import TypeEngine

from db.tables import Instant


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column.

    Attributes:
        type: How the databases hold its values.
        write: Makes of a value what JSON has for it.
        read: Makes the value of that.
    """

    type: TypeEngine[Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _isoformat(value: date | time) -> str:
    return value.isoformat()


KINDS: Final = {
    "text": Kind(Text(), _same, _same),
    "integer": Kind(BigInteger(), _same, _same),
    "number": Kind(Float(), _same, _same),
    "boolean": Kind(Boolean(), _same, _same),
    "id": Kind(Uuid(as_uuid=True), str, UUID),
    "instant": Kind(Instant(), _isoformat, datetime.fromisoformat),
    "date": Kind(Date(), _isoformat, date.fromisoformat),
    "time": Kind(Time(), _isoformat, time.fromisoformat),
    "bytes": Kind(LargeBinary(), lambda value: base64.b64encode(value).decode(), base64.b64decode),
    # JSON's own null is a value; where a column may hold none, null is that it holds none.
    "json": Kind(JSON(), _same, _same),
    "json or none": Kind(JSON(none_as_null=True), _same, _same),
}
_KIND_OF_TYPE: Final[tuple[tuple[type[TypeEngine[Any]], str], ...]] = (
    (Uuid, "id"),
    (Instant, "instant"),
    (Date, "date"),
    (Time, "time"),
    (LargeBinary, "bytes"),
    (Boolean, "boolean"),
    (Float, "number"),
    (Integer, "integer"),
    (String, "text"),
)


def kind_of(column: Column[Any]) -> str:
    """Return the kind of a column. Raise TypeError where there is none for its type yet."""
    if isinstance(column.type, JSON):
        return "json or none" if column.nullable else "json"
    for kind, name in _KIND_OF_TYPE:
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"an archive has no kind of column for {column.type!r}")
