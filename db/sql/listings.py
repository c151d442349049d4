"""Lists of records: their table, their order, and the conditions that narrow them."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, FromClause, Table, and_, true

from db.sql.layouts import Layout
from db.sql.statement import AnyOf

Record = TypeVar("Record")
Conditions = Mapping[str, Any]
"""Conditions by name, each with the value of the parameter of that name, or with a dict of its parameters."""

IDS: Final = "among"
"""The name of the condition that a record has one of some ids, in listings that have it."""


@dataclass(frozen=True, eq=False)
class EachOf:
    """The condition that a column has one of the values of a list. A page reads the rows of each value by its index.

    Attributes:
        column: The column. It is in an index, before the columns of the list's order.
        parameter: The parameter with the values, all different.
        also: A further condition.
    """

    column: ColumnElement[Any]
    parameter: str
    also: ColumnElement[bool] = field(default_factory=true)

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition in SQL, for statements that read all rows."""
        return and_(AnyOf(self.column, self.parameter), self.also)


Alternative = ColumnElement[bool] | EachOf
Condition = Alternative | tuple[Alternative, ...]
"""A condition, or alternatives of which one must hold. Each alternative is looked up by an index of its own."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """How a search of a listing ranks its matches. Its page has one of two conditions, which narrow nothing.

    Attributes:
        rank: Returns the rank of a row of the table, or of its alias, from the rank that it has if its id is not known.
            The least number comes first.
        least: The rank of matches that are not exact, after all others.
        exact: The parameter with the ids of the exact matches.
        few: The name of the condition if there are so few matches that a page sorts them.
        many: The name of the condition if there are many: the others are read in the listing's order.
        whole: The names of conditions with `many`, which narrow nothing, and what they say of a row. Rows for which all
            hold come before those of the least rank. It is for exact matches that are too many to know their ids.
    """

    rank: Callable[[FromClause, ColumnElement[int]], ColumnElement[int]]
    least: int
    exact: str
    few: str
    many: str
    whole: Mapping[str, Callable[[FromClause], ColumnElement[bool]]]


@dataclass(frozen=True, eq=False)
class Listing(Generic[Record]):
    """A list of records in one order.

    Attributes:
        name: Distinguishes the cursors of this list and order from those of others.
        table: The table of the records.
        layout: The columns to read, and how they become a record.
        columns: The columns of the order. The last is unique.
        types: The Python types of a cursor's keys.
        key_fields: The fields of a record that determine the keys of its cursor.
        keys: Returns the keys of these fields' values (or codes): the values of `columns`, or only the id. None if the
            values are the keys.
        conditions: The conditions that can narrow the list, by name.
        descending: Whether the greatest keys come first.
        cursor_is_id: Whether cursors hold only the id, and the other keys are looked up. Use it if the columns name a
            patient: cursors end up in addresses and logs.
        patient: The field with the id of the patient whose record it is, if any. Reading it is a disclosure.
        references: The records of other tables that can be read together with long lists, by the name of the reference.
        few: The names of conditions that few records match: these are read first, by an index, and then sorted. Without
            this, a database might read all records in their order until it has found those.
        ranking: How a search ranks its matches, if it does. Only for a list whose cursors hold only the id.
    """

    name: str
    table: Table
    layout: Layout[Record]
    columns: tuple[ColumnElement[Any], ...]
    types: tuple[type, ...]
    key_fields: tuple[str, ...]
    keys: Callable[..., tuple[Any, ...]] | None
    conditions: Mapping[str, Condition]
    descending: bool = False
    cursor_is_id: bool = False
    patient: str | None = None
    references: Mapping[str, "Reference"] = field(default_factory=dict)
    few: Set[str] = frozenset()
    ranking: Ranking | None = None

    def __post_init__(self) -> None:
        for name, reference in self.references.items():
            if reference.listing.patient is not None and reference.by != self.patient:
                raise ValueError(f"reading {name} would disclose patients whom the access log does not name")


@dataclass(frozen=True, eq=False)
class Reference:
    """A record that each record of a listing refers to. A foreign key of the database ensures that it exists.

    Attributes:
        listing: The records that are referred to.
        by: The field that holds the id. It is never null.
    """

    listing: Listing[Any]
    by: str


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list: up to `limit` records from its start or its end, between two cursors' keys."""

    limit: int
    backwards: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None
