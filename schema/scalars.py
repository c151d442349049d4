"""Dates, wall-clock times and instants, as requests and responses write them.

Errors do not quote the value, because it may contain patient data.
"""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from executor import serialized_by, serialized_by_encoder

# fromisoformat() also takes week dates and forms without separators.
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII)
_OFFSET = re.compile(r".*(Z|[+-]\d{2}(:?\d{2})?)", re.IGNORECASE | re.ASCII)


def _parse_date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise GraphQLError("This date does not exist. Expected a date such as 2026-11-23.") from None
    raise GraphQLError("Expected a date such as 2026-11-23.")


def _parse_time(value: object) -> time:
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise GraphQLError("This time does not exist. Expected a time such as 09:00:00.") from None
    if isinstance(value, str) and _OFFSET.fullmatch(value):
        raise GraphQLError("Expected a local time without an offset, such as 09:00:00.")
    raise GraphQLError("Expected a time such as 09:00:00.")


def _parse_instant(value: object) -> datetime:
    if isinstance(value, str):
        # In UTC, the first and last instants of the calendar may be beyond it.
        with suppress(ValueError, OverflowError):
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
    raise GraphQLError("Expected a time with a date and an offset, such as 2026-11-23T16:00:00+00:00.")


@serialized_by_encoder(date)
@serialized_by(date, date.isoformat)
def _write_date(value: date) -> str:
    return value.isoformat()


@serialized_by_encoder(time, microsecond=0, tzinfo=None)
def _write_time(value: time) -> str:
    return value.isoformat("seconds")


@serialized_by_encoder(datetime, tzinfo=UTC)
def _write_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _write_instant_quickly(value: datetime) -> str:
    # Instants from the database are in UTC already.
    return value.isoformat() if value.tzinfo is UTC else value.astimezone(UTC).isoformat()


serialized_by(time, _write_time)(_write_time)
serialized_by(datetime, _write_instant_quickly)(_write_instant)


SCALARS: dict[object, ScalarDefinition] = {
    date: strawberry.scalar(
        name="Date",
        description="A calendar date in ISO 8601 format, for example 2026-11-23.",
        serialize=_write_date,
        parse_value=_parse_date,
    ),
    time: strawberry.scalar(
        name="Time",
        description="A local wall-clock time in ISO 8601 format, without an offset, for example 09:00:00."
        " The timeZone field beside it has its time zone.",
        serialize=_write_time,
        parse_value=_parse_time,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in ISO 8601 format with an offset, for example 2026-11-23T16:00:00+00:00."
        " Responses always use UTC.",
        serialize=_write_instant,
        parse_value=_parse_instant,
    ),
}
