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

    def __init__(self, parts: Sequence[Statement]) -> None:
        """Wrap the statements. They are compiled when the union first runs."""
        self._parts = tuple(parts)
        self._compiled: dict[str, CompiledStatement] = {}

    @property
    def width(self) -> int:
        """The number of columns."""
        return self._parts[0].width + 1

    def _compile(self, dialect: Dialect) -> CompiledStatement:
        selects: list[str] = []
        parameters: list[tuple[Any, ...]] = []
        for number, part in enumerate(self._parts):
            compiled = part.compiled(dialect)
            text = _renumbered(compiled.text, len(parameters))
            selects.append(f"SELECT {number}, part.* FROM ({text}) AS part")  # noqa: S608 - compiled statements
            parameters += (
                (name if name == _ORGANIZATION else f"{name}_{number}", *rest) for name, *rest in compiled.parameters
            )
        readers = self._parts[0].compiled(dialect).readers
        return CompiledStatement(
            " UNION ALL ".join(selects), tuple(parameters), None if readers is None else (None, *readers)
        )


@lru_cache(CACHED_STATEMENTS)
def numbered_union(parts: tuple[Statement, ...]) -> NumberedUnion:
    """Return the union of statements. Its parameters are those of `union_parameters`."""
    return NumberedUnion(parts)


def union_parameters(parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the parameters of a union, by those of each statement."""
    return {f"{name}_{number}": value for number, part in enumerate(parameters) for name, value in part.items()}


def _renumbered(text: str, offset: int) -> str:
    """Return the text with PostgreSQL's placeholders after those of other statements. SQLite's have no numbers."""
    return _PLACEHOLDER.sub(lambda match: f"${int(match[1]) + offset}", text)
