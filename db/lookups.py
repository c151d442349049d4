"""What is found by an id. It is told before it is looked up, so that one statement can look up several things."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy.engine import Dialect

from db.statement import Convert, Statement, together

Found = TypeVar("Found")

_ID: Final = object()
_ORGANIZATION: Final = "organization_id"


@dataclass(frozen=True, slots=True, eq=False)
class Lookup(Generic[Found]):
    """A statement that selects by an id, and what its rows tell.

    Attributes:
        statement: The statement.
        id_parameter: Which of its parameters is the id.
        parameters: The values of the others, but for `organization_id`.
        of_rows: Gives what was looked for, of the statement's rows.
    """

    statement: Statement
    id_parameter: str
    parameters: Mapping[str, Any]
    of_rows: Callable[[Sequence[Any]], Found]


class Lookups:
    """Several lookups by the same id, which PostgreSQL answers by one statement."""

    def __init__(self, lookups: Sequence[Lookup[Any]]) -> None:
        self.each = tuple(lookups)
        self._asked: _Asked | None = None

    def asked(self, dialect: Dialect) -> "_Asked":
        """Gives the one statement, for PostgreSQL."""
        if self._asked is None:
            self._asked = _Asked(self.each, dialect)
        return self._asked

    def found(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Gives what each lookup has found, of the rows of its statement."""
        return [lookup.of_rows(its) for lookup, its in zip(self.each, rows, strict=True)]


class _Asked:
    """One statement for several lookups, with its parameters but for the id and the organization."""

    def __init__(self, lookups: Sequence[Lookup[Any]], dialect: Dialect) -> None:
        self.text = together(tuple(lookup.statement for lookup in lookups), dialect)
        self._constants: list[Any] = []
        self._ids: list[tuple[int, Convert | None]] = []
        self._organizations: list[int] = []
        for lookup in lookups:
            given = {**lookup.parameters, lookup.id_parameter: _ID}
            for name, write, required, constant in lookup.statement.as_array(dialect).parameters:
                place = len(self._constants)
                value = None
                if name == _ORGANIZATION:
                    self._organizations.append(place)
                elif given.get(name) is _ID:
                    self._ids.append((place, write))
                else:
                    value = given[name] if required else constant
                    value = value if write is None else write(value)
                self._constants.append(value)

    def arguments(self, id: object, organization_id: str) -> list[Any]:
        """Gives the values of the marks, in their order."""
        values = self._constants.copy()
        for place, write in self._ids:
            values[place] = id if write is None else write(id)
        for place in self._organizations:
            values[place] = organization_id
        return values
