"""What is to be read, told before it is read: several of these can be read by one statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from db.statement import Statement

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Reading(Generic[Found]):
    """A statement that selects, its parameters, and what its rows tell.

    Attributes:
        statement: The statement.
        parameters: By name; `organization_id` need not be among them.
        of_rows: Gives what was looked for, of the statement's rows.
    """

    statement: Statement
    parameters: Mapping[str, Any]
    of_rows: Callable[[Sequence[Any]], Found]
