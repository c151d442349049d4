"""What is found by an id. It is told before it is looked up, so that one statement can look up several things."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy.engine import Dialect

from db.sql.statement import Statement

Found = TypeVar("Found")

_ORGANIZATION: Final = "organization_id"
_MARK: Final = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class Lookup(Generic[Found]):
    """A statement that selects by an id, and what its rows tell.

    Attributes:
        statement: The statement.
        id_parameter: Which of its parameters is the id.
        parameters: The values of the others, but for `organization_id`.
        of_rows: Gives what was looked for, of the statement's rows.
        of_one_row: Whether it selects one row at most, whose first column is not null.
    """

    statement: Statement
    id_parameter: str
    parameters: Mapping[str, Any]
    of_rows: Callable[[Sequence[Any]], Found]
    of_one_row: bool


class Lookups:
    """Several lookups by the same id, which PostgreSQL answers by one statement."""

    def __init__(self, lookups: Sequence[Lookup[Any]]) -> None:
        self.each = tuple(lookups)
        self._together: Together | None = None

    def together(self, dialect: Dialect) -> "Together":
        """Return the one statement, for PostgreSQL."""
        if self._together is None:
            self._together = Together(self.each, dialect)
        return self._together


class Together:
    """One statement for several lookups.

    It answers one row. In it stand the columns of those that select one row at most, which are null where there is
    none, and for each column of the others an array with its values.

    Attributes:
        text: The statement's text.
    """

    def __init__(self, lookups: Sequence[Lookup[Any]], dialect: Dialect) -> None:
        # The marks are for the organization, the id, and what is the same each time.
        self._constants: list[Any] = []
        self._parts: list[tuple[Lookup[Any], int, int]] = []
        sources: list[str] = []
        selected: list[str] = []
        for number, lookup in enumerate(lookups):
            text = self._text(lookup, dialect)
            names = [f"c{column}" for column in range(lookup.statement.width)]
            self._parts.append((lookup, len(selected), len(selected) + len(names)))
            part = f"({text}) AS t{number} ({', '.join(names)})"
            selected += (f"t{number}.{name}" for name in names)
            if not lookup.of_one_row:
                # Rows of a subquery are aggregated as they come, in its order.
                arrays = ", ".join(f"array_agg({name})" for name in names)
                part = f"(SELECT {arrays} FROM {part}) AS t{number} ({', '.join(names)})"  # noqa: S608 - names of ours
            sources.append(part)
        joins = " ".join(f"LEFT JOIN {source} ON true" for source in sources)
        self.text = f"SELECT {', '.join(selected)} FROM (SELECT) AS one {joins}"  # noqa: S608 - as above

    def arguments(self, organization_id: str, id: object) -> list[Any]:
        """Return the values of the marks, in their order."""
        return [organization_id, id, *self._constants]

    def found(self, row: Sequence[Any]) -> list[Any]:
        """Return what each of the lookups has found, of the statement's row."""
        values = tuple(row)
        found = []
        for lookup, start, end in self._parts:
            rows: Sequence[Any] = ()
            if values[start] is not None:
                rows = (values[start:end],) if lookup.of_one_row else list(zip(*values[start:end], strict=True))
            found.append(lookup.of_rows(rows))
        return found

    def _text(self, lookup: Lookup[Any], dialect: Dialect) -> str:
        compiled = lookup.statement.compiled(dialect)
        places: list[int] = []
        for name, write, required, constant in compiled.parameters:
            if name == _ORGANIZATION:
                places.append(1)
            elif name == lookup.id_parameter:
                places.append(2)
            else:
                value = lookup.parameters[name] if required else constant
                self._constants.append(value if write is None else write(value))
                places.append(2 + len(self._constants))
        return _MARK.sub(lambda mark: f"${places[int(mark[1]) - 1]}", compiled.text)
