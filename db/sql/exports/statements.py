"""The statements that read an export."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal_column, select

from db.sql.exports.columns import ExportColumn, Kind, TableExport
from db.sql.exports.expressions import as_cell, as_json
from db.sql.statement import Statement, equals
from domain.changes import EntityType

_SHARED_INSTANTS: Final = ("created_at", "updated_at")


class ExportFormat(StrEnum):
    """The format of an export. The value is its extension."""

    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Narrows the rows of an export. None narrows nothing.

    Attributes:
        from_date: The first day of the window.
        through_date: The last day of the window.
        updated_since: The earliest instant of the last change.
        entity_types: For the history: the types of the records.
    """

    from_date: date | None = None
    through_date: date | None = None
    updated_since: datetime | None = None
    entity_types: frozenset[EntityType] = frozenset()

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of a statement, besides the organization."""
        return {
            "from_date": self.from_date,
            "through_date": self.through_date,
            "updated_since": self.updated_since,
            "entity_types": sorted(self.entity_types),
        }


def select_values(export: TableExport, columns: Sequence[ExportColumn], narrowed: ExportFilter) -> Statement:
    """Return the statement that reads the columns as values, in the order of the export."""
    values = [_expression(column).label(column.name) for column in columns]
    return Statement(
        _ordered(export, _where(export, narrowed, select(*values).select_from(export.source))),
        sqlite=_ordered(export, _where(export, narrowed, select(*values).select_from(_sqlite_source(export)))),
    )


def select_for_copy(
    export: TableExport, columns: Sequence[ExportColumn], narrowed: ExportFilter, export_format: ExportFormat
) -> Statement:
    """Return the statement for COPY on PostgreSQL: the cells of CSV, or one JSON object per row."""
    write = as_cell if export_format is ExportFormat.CSV else as_json
    values = [_expression(column).label(column.name) for column in columns]
    # The values are sorted before they are written, because the texts are longer.
    rows = _ordered(export, _where(export, narrowed, select(*values).select_from(export.source))).subquery("record")
    # Most instants of a record are those of its creation or of its last change, so those two are written once. OFFSET
    # prevents that PostgreSQL merges the subquery into its users, which would write them again.
    shared = [column for column in columns if column.name in _SHARED_INSTANTS]
    texts = [write(column.kind, rows.c[column.name]).label(f"{column.name}_text") for column in shared]
    written = select(rows, *texts).offset(literal_column("0")).subquery("written")

    def cell(column: ExportColumn) -> ColumnElement[Any]:
        value = written.c[column.name]
        if column in shared:
            return written.c[f"{column.name}_text"]
        if column.kind is not Kind.INSTANT or not shared:
            return write(column.kind, value)
        known = {written.c[other.name]: written.c[f"{other.name}_text"] for other in shared}
        return case(known, value=value, else_=write(column.kind, value))

    cells = select(*(cell(column).label(column.name) for column in columns)).select_from(written)
    if export_format is ExportFormat.CSV:
        return Statement(cells)
    return Statement(select(func.row_to_json(literal_column("cell"))).select_from(cells.subquery("cell")))


def select_patients(export: TableExport, narrowed: ExportFilter) -> Statement | None:
    """Return the statement that reads the patients whose data the export contains; None if it contains none."""
    if export.patient is None:
        return None
    patient = export.patient.label("patient_id")
    return Statement(
        _where(export, narrowed, select(patient).distinct().select_from(export.source)),
        sqlite=_where(export, narrowed, select(patient).distinct().select_from(_sqlite_source(export))),
    )


def _sqlite_source(export: TableExport) -> FromClause:
    return export.source if export.sqlite_source is None else export.sqlite_source


def _expression(column: ExportColumn) -> ColumnElement[Any]:
    if column.expression is None:
        raise TypeError(f"the column {column.name} is computed")
    return column.expression


def _where(export: TableExport, narrowed: ExportFilter, query: Select[Any]) -> Select[Any]:
    query = query.where(equals(export.organization, "organization_id"), export.condition, export.permitted)
    if narrowed.updated_since is not None:
        query = query.where(export.since)
    if export.window_conditions is not None:
        from_condition, through_condition = export.window_conditions
        if narrowed.from_date is not None:
            query = query.where(from_condition)
        if narrowed.through_date is not None:
            query = query.where(through_condition)
    return query


def _ordered(export: TableExport, query: Select[Any]) -> Select[Any]:
    return query.order_by(*export.sort_key)
