"""Lookups by an id, which PostgreSQL can combine into one statement."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy.engine import Dialect

from db.sql.statement import Statement

Value = TypeVar("Value")

_ORGANIZATION: Final = "organization_id"
_PLACEHOLDER: Final = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class Lookup(Generic[Value]):
    """A statement that selects rows by an id, and a function that converts the rows to a value.

    Attributes:
        statement: The statement.
        id_parameter: The name of the parameter that is the id.
        parameters: The values of the other parameters, without `organization_id`.
        of_rows: The function that converts the rows to the value.
        of_one_row: Whether the statement selects at most one row, whose first column is not null.
    """

    statement: Statement
    id_parameter: str
    parameters: Mapping[str, Any]
    of_rows: Callable[[Sequence[Any]], Value]
    of_one_row: bool


class LookupSet:
    """Several lookups by the same id.

    Attributes:
        lookups: The lookups, in the order of their results.
    """

    def __init__(self, lookups: Sequence[Lookup[Any]]) -> None:
        self.lookups = tuple(lookups)
        self._combined: CombinedLookup | None = None

    def combined(self, dialect: Dialect) -> "CombinedLookup":
        """Return the lookups as one statement for PostgreSQL."""
        if self._combined is None:
            self._combined = CombinedLookup(self.lookups, dialect)
        return self._combined


class CombinedLookup:
    """Several lookups as one statement, whose result is one row.

    A lookup of one row contributes its columns, which are null if it has no row. Any other contributes an array for
    each column.

    Attributes:
        text: The text of the statement.
    """

    def __init__(self, lookups: Sequence[Lookup[Any]], dialect: Dialect) -> None:
        # The placeholders are the organization, the id, and the parameters that do not depend on the id.
        self._constants: list[Any] = []
        self._parts: list[tuple[Lookup[Any], int, int]] = []
        sources: list[str] = []
        selected: list[str] = []
        for number, lookup in enumerate(lookups):
            text = self._renumbered(lookup, dialect)
            names = [f"c{column}" for column in range(lookup.statement.width)]
            self._parts.append((lookup, len(selected), len(selected) + len(names)))
            part = f"({text}) AS t{number} ({', '.join(names)})"
            selected += (f"t{number}.{name}" for name in names)
            if not lookup.of_one_row:
                # The rows of a subquery are aggregated in its order.
                arrays = ", ".join(f"array_agg({name})" for name in names)
                part = f"(SELECT {arrays} FROM {part}) AS t{number} ({', '.join(names)})"  # noqa: S608 - own names
            sources.append(part)
        joins = " ".join(f"LEFT JOIN {source} ON true" for source in sources)
        self.text = f"SELECT {', '.join(selected)} FROM (SELECT) AS one {joins}"  # noqa: S608 - own names

    def arguments(self, organization_id: str, id: object) -> list[Any]:
        """Return the values of the placeholders, in their order."""
        return [organization_id, id, *self._constants]

    def values(self, row: Sequence[Any]) -> list[Any]:
        """Return the value of each lookup."""
        columns = tuple(row)
        values = []
        for lookup, start, end in self._parts:
            rows: Sequence[Any] = ()
            if columns[start] is not None:
                rows = (columns[start:end],) if lookup.of_one_row else list(zip(*columns[start:end], strict=True))
            values.append(lookup.of_rows(rows))
        return values

    def _renumbered(self, lookup: Lookup[Any], dialect: Dialect) -> str:
        compiled = lookup.statement.compiled(dialect)
        numbers: list[int] = []
        for name, write, required, default in compiled.parameters:
            if name == _ORGANIZATION:
                numbers.append(1)
            elif name == lookup.id_parameter:
                numbers.append(2)
            else:
                value = lookup.parameters[name] if required else default
                self._constants.append(value if write is None else write(value))
                numbers.append(2 + len(self._constants))
        return _PLACEHOLDER.sub(lambda match: f"${numbers[int(match[1]) - 1]}", compiled.text)
