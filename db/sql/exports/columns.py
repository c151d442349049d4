"""The parts of an export's declaration."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, true

ColumnExpression = ColumnElement[Any]
_ALWAYS: Final[ColumnElement[bool]] = true()


class Kind(StrEnum):
    """The type of a column's values, as the documentation names it."""

    ID = "UUID"
    CODE = "code"
    """A text of letters, digits and a few signs that no spreadsheet runs as a formula, such as a status."""
    TEXT = "text"
    """Any text, such as a name, a reason or an id from a registry."""
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"


class Area(StrEnum):
    """An area of the data. Each has a permission to view it."""

    GROUPS = "groups"
    SCHEDULE = "schedule"
    ENROLLMENTS = "enrollments"


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of an export.

    Attributes:
        name: Its name, which never changes.
        kind: The type of its values.
        description: What it contains, for the documentation.
        expression: Its SQL expression, in the export's source. None if the values are computed.
        optional: Whether it is exported only if it is requested by name.
        identifies: Whether it identifies a person by name or by record number.
        area: The area that a caller must also be permitted to view; None for those of the export.
    """

    name: str
    kind: Kind
    description: str
    expression: ColumnExpression | None = None
    optional: bool = False
    identifies: bool = False
    area: Area | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """A kind of export. All of its rows have the same columns.

    Attributes:
        name: Its name in the URL.
        row: What one row is, for the documentation.
        areas: The areas that a caller must be permitted to view.
        columns: The columns, in their order. Ids are first.
        order: What the rows are sorted by, for the documentation.
        window: What `from` and `through` compare, for the documentation. Empty if the export has no such parameters.
        has_updates: Whether the export has the parameter `updatedSince`.
    """

    name: str
    row: str
    areas: frozenset[Area]
    columns: tuple[ExportColumn, ...]
    order: str = "`updated_at`, `id`"
    window: str = ""
    has_updates: bool = True

    @property
    def by_name(self) -> Mapping[str, ExportColumn]:
        """The columns by name."""
        return {column.name: column for column in self.columns}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableExport(Export):
    """An export whose rows one statement reads.

    Attributes:
        source: The tables that the rows are read from.
        organization: The column with the organization of a row.
        sort_key: The expressions that the rows are sorted by.
        sqlite_source: The source on SQLite, if it differs.
        condition: What all rows satisfy.
        permitted: The condition with parameters that narrows the rows to those that the caller may view.
        since: The condition that a row has changed since the parameter `updated_since`.
        window_conditions: The conditions of the parameters `from_date` and `through_date`.
        patient: The id of the patient whose data a row contains; None if rows contain no patient's data.
        view: The name of the view in the schema `reporting`, without its version.
    """

    source: FromClause
    organization: ColumnElement[str]
    sort_key: tuple[ColumnExpression, ...] = ()
    sqlite_source: FromClause | None = None
    condition: ColumnElement[bool] = _ALWAYS
    permitted: ColumnElement[bool] = _ALWAYS
    since: ColumnElement[bool] = _ALWAYS
    window_conditions: tuple[ColumnElement[bool], ColumnElement[bool]] | None = None
    patient: ColumnElement[str] | None = None
    view: str = ""
