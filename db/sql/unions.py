"""Several statements as one, to save round trips."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy.engine import Dialect

from db.sql.page_statements import CACHED_STATEMENTS
from db.sql.statement import CompiledStatement, Statement

_ORGANIZATION: Final = "organization_id"
_PLACEHOLDER: Final = re.compile(r"\$(\d+)")


class NumberedUnion(Statement):
    """The rows of several statements with the same types of columns, each after the number of its statement, from 0."""

    def __init__(self, parts: Sequence[Statement], shared: frozenset[str]) -> None:
        """Wrap the statements. They are compiled when the union first runs. Each has the parameters `shared`."""
        self._parts = tuple(parts)
        self._shared = shared | {_ORGANIZATION}
        self._compiled: dict[str, CompiledStatement] = {}

    @property
    def width(self) -> int:
        """The number of columns."""
        return self._parts[0].width + 1

    def _compile(self, dialect: Dialect) -> CompiledStatement:
        is_numbered = dialect.name == "postgresql"
        selects: list[str] = []
        parameters: list[tuple[Any, ...]] = []
        positions: dict[str, int] = {}
        for number, part in enumerate(self._parts):
            compiled = part.compiled(dialect)
            numbers: list[int] = []
            for name, *rest in compiled.parameters:
                name_in_union = name if name in self._shared else f"{name}_{number}"
                if not is_numbered or name_in_union not in positions:
                    parameters.append((name_in_union, *rest))
                numbers.append(positions.setdefault(name_in_union, len(parameters)))
            text = _PLACEHOLDER.sub(lambda match: f"${numbers[int(match[1]) - 1]}", compiled.text)  # noqa: B023 - called here
            selects.append(f"SELECT {number}, part.* FROM ({text}) AS part")  # noqa: S608 - compiled statements
        readers = self._parts[0].compiled(dialect).readers
        return CompiledStatement(
            " UNION ALL ".join(selects), tuple(parameters), None if readers is None else (None, *readers)
        )


@lru_cache(CACHED_STATEMENTS)
def _numbered_union(parts: tuple[Statement, ...], shared: frozenset[str]) -> NumberedUnion:
    return NumberedUnion(parts, shared)


def numbered_union(
    parts: Sequence[Statement], parameters: Sequence[Mapping[str, Any]]
) -> tuple[NumberedUnion, dict[str, Any]]:
    """Return the union of statements, and its parameters by those of each statement.

    A parameter with the same value in all statements is sent once: encoding a long list takes longer than reading the
    rows that it selects.
    """
    first, *others = parameters
    shared = frozenset(
        name for name, value in first.items() if all(name in other and other[name] == value for other in others)
    )
    of_union = {name: first[name] for name in shared}
    for number, part in enumerate(parameters):
        of_union |= {f"{name}_{number}": value for name, value in part.items() if name not in shared}
    return _numbered_union(tuple(parts), shared), of_union
