"""Replays the statements of an enrollment from PostgreSQL's log, for other groups and patients."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from benchmarks.statement_log import LoggedStatement

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_PARSERS: dict[str, Callable[[str], Any]] = {
    "uuid": UUID,
    "uuid[]": lambda text: [UUID(item) for item in text.strip("{}").split(",") if item],
    "int4": int,
    "int8": int,
    "bool": "t".__eq__,
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
}
"""Parse the text of a logged parameter, by its type. Parameters of other types stay text."""


@dataclass(frozen=True, slots=True)
class RecordedEnrollment:
    """The statements with which this project's server enrolled a patient in a group."""

    group: str
    patient: str
    statements: Sequence[LoggedStatement]


class Replay:
    """Sends recorded statements in one transaction, with another group and patient. All other ids are new."""

    def __init__(self, enrollment: RecordedEnrollment, types: Sequence[Sequence[str]]) -> None:
        self._enrollment = enrollment
        self._steps = [
            (statement.text, list(zip(statement.parameters, type_names, strict=True)))
            for statement, type_names in zip(enrollment.statements, types, strict=True)
        ]

    @classmethod
    async def prepare(cls, connection: asyncpg.Connection, enrollment: RecordedEnrollment) -> Self:
        """Prepare the statements once, to get the types of their parameters."""
        prepared = [await connection.prepare(statement.text) for statement in enrollment.statements]
        types = [[type_.name for type_ in statement.get_parameters()] for statement in prepared]
        return cls(enrollment, types)

    async def enroll(self, connection: asyncpg.Connection, group: str, patient: str) -> str:
        """Enroll a patient in a group, and return the id of the new enrollment."""
        ids = {self._enrollment.group: group}

        def value(logged: str | None, type_name: str) -> Any:
            if logged is None:
                return None
            renewed = _ID.sub(lambda match: ids.setdefault(match[0], str(uuid7())), logged)
            return _PARSERS.get(type_name, str)(renewed.replace(self._enrollment.patient, patient))

        new_id = ""
        async with connection.transaction():
            for text, parameters in self._steps:
                values = [value(logged, type_name) for logged, type_name in parameters]
                await connection.fetch(text, *values)
                if "INTO pm_group_enrollments" in text:
                    new_id = str(values[0])
        return new_id
