"""The values of columns in an archive, as JSON. They are the same for SQLite and PostgreSQL."""

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
class ColumnKind:
    """A kind of column.

    Attributes:
        type: The SQL type.
        write: Converts a value to JSON.
        read: Converts JSON to a value.
    """

    type: TypeEngine[Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _isoformat(value: date | time) -> str:
    return value.isoformat()


COLUMN_KINDS: Final = {
    "text": ColumnKind(Text(), _same, _same),
    "integer": ColumnKind(BigInteger(), _same, _same),
    "number": ColumnKind(Float(), _same, _same),
    "boolean": ColumnKind(Boolean(), _same, _same),
    "id": ColumnKind(Uuid(as_uuid=True), str, UUID),
    "instant": ColumnKind(Instant(), _isoformat, datetime.fromisoformat),
    "date": ColumnKind(Date(), _isoformat, date.fromisoformat),
    "time": ColumnKind(Time(), _isoformat, time.fromisoformat),
    "bytes": ColumnKind(LargeBinary(), lambda value: base64.b64encode(value).decode(), base64.b64decode),
    # In a nullable column, null is SQL NULL. In any other, it is the JSON value null.
    "json": ColumnKind(JSON(), _same, _same),
    "json or none": ColumnKind(JSON(none_as_null=True), _same, _same),
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


def column_kind(column: Column[Any]) -> str:
    """Return the name of a column's kind. Raise TypeError if its type has none."""
    if isinstance(column.type, JSON):
        return "json or none" if column.nullable else "json"
    for kind, name in _KIND_OF_TYPE:
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"cannot archive a column of type {column.type!r}")
