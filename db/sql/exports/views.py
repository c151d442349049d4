"""The views of the schema `reporting` on PostgreSQL: the same columns as the exports."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from db.sql.exports.catalog import TABLE_EXPORTS
from db.sql.exports.columns import ExportColumn, TableExport

SCHEMA: Final = "reporting"
VERSION: Final = "v1"


@dataclass(frozen=True, slots=True)
class ReportingView:
    """A view.

    Attributes:
        name: Its name, with the schema.
        columns: Its columns.
        query: Its SELECT.
        identifies: Whether it has the columns that identify people.
    """

    name: str
    columns: tuple[ExportColumn, ...]
    query: str
    identifies: bool

    @property
    def comment(self) -> str:
        """The comment on the view. It changes with the query, which shows that a view is out of date."""
        digest = hashlib.sha256(self.query.encode()).hexdigest()
        return f"See docs/exports.md of group-sessions. Definition {digest[:16]}"

    @property
    def create(self) -> tuple[str, str]:
        """The statements that create or replace the view."""
        return (
            # The reader's own privileges and row-level security apply, not those of the owner.
            f"CREATE OR REPLACE VIEW {self.name} WITH (security_invoker = true) AS {self.query}",
            f"COMMENT ON VIEW {self.name} IS '{self.comment}'",
        )


def _views(export: TableExport) -> list[ReportingView]:
    name = f"{SCHEMA}.{VERSION}_{export.view}"
    anonymous = tuple(column for column in export.columns if not column.identifies)
    views = [_view(name, export, anonymous)]
    if len(anonymous) < len(export.columns):
        views.append(_view(f"{name}_identified", export, export.columns))
    return views


def _view(name: str, export: TableExport, columns: Sequence[ExportColumn]) -> ReportingView:
    values = [column.expression.label(column.name) for column in columns if column.expression is not None]
    query = select(*values).select_from(export.source).where(export.condition)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives its dialects no types
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    identifies = any(column.identifies for column in columns)
    return ReportingView(name, tuple(columns), " ".join(str(compiled).split()), identifies)


VIEWS: Final = tuple(view for export in TABLE_EXPORTS for view in _views(export))
"""The views. A new version of one gets another name, and the old one stays until its readers have moved."""
