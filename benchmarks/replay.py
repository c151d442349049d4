"""The statements of one change, taken from PostgreSQL's log, and sent again by hand for another group and patient."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from uuid_utils.compat import uuid7

from benchmarks.statement_log import Sent

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_READ: dict[str, Callable[[str], Any]] = {
    "uuid": UUID,
    "uuid[]": lambda text: [UUID(item) for item in text.strip("{}").split(",") if item],
    "int4": int,
    "int8": int,
    "bool": "t".__eq__,
    "timestamptz": datetime.fromisoformat,
}
"""How a parameter of a type is read from the log; what is not here stays text."""


@dataclass(frozen=True, slots=True)
class Enrollment:
    """The statements with which our server enrolled this patient in this group."""

    group: str
    patient: str
    statements: Sequence[Sent]


class Replay:
    """Sends the statements of an enrollment again, in one transaction, for others. Every other id is a new one."""

    def __init__(self, enrollment: Enrollment, types: Sequence[Sequence[str]]) -> None:
        self._enrollment = enrollment
        self._steps = [
            (sent.text, list(zip(sent.parameters, kinds, strict=True)))
            for sent, kinds in zip(enrollment.statements, types, strict=True)
        ]

    @classmethod
    async def prepare(cls, connection: asyncpg.Connection, enrollment: Enrollment) -> Self:
        """Ask the database once what type each parameter has."""
        prepared = [await connection.prepare(sent.text) for sent in enrollment.statements]
        return cls(enrollment, [[kind.name for kind in each.get_parameters()] for each in prepared])

    async def enroll(self, connection: asyncpg.Connection, group: str, patient: str) -> str:
        """Return the id of the new enrollment."""
        ids = {self._enrollment.group: group}

        def value(told: str | None, kind: str) -> Any:
            if told is None:
                return None
            renewed = _ID.sub(lambda found: ids.setdefault(found[0], str(uuid7())), told)
            return _READ.get(kind, str)(renewed.replace(self._enrollment.patient, patient))

        enrollment = ""
        async with connection.transaction():
            for text, parameters in self._steps:
                values = [value(told, kind) for told, kind in parameters]
                await connection.fetch(text, *values)
                if "INTO pm_group_enrollments" in text:
                    enrollment = str(values[0])
        return enrollment
