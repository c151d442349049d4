"""Optional columns of exports: names that other tables have, each found by its id."""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Table, select

from db.sql.exports.columns import Area, ExportColumn, Kind
from db.tables import group_definitions, locations, patients, staff_members

_PATIENT: Final = "The patient's name."
_NUMBER: Final = "The patient's medical record number."


def staff_names(table: FromClause, *, with_area: Area | None = None) -> tuple[ExportColumn, ...]:
    """Return the columns with the names of the facilitators in a table."""
    return tuple(
        ExportColumn(
            f"{role}_name",
            Kind.TEXT,
            f"The name of the {role.replace('_', '-')}.",
            _found(table, staff_members, f"{role}_id", "display_name"),
            optional=True,
            identifies=True,
            area=with_area,
        )
        for role in ("facilitator", "co_facilitator")
    )


def location_names(table: FromClause) -> tuple[ExportColumn, ...]:
    """Return the columns with the site and the room of the location in a table."""
    return tuple(
        ExportColumn(
            f"location_{name}",
            Kind.TEXT,
            f"The {name} of the location.",
            _found(table, locations, "location_id", name),
            optional=True,
        )
        for name in ("site", "room")
    )


def group_name(table: FromClause) -> ExportColumn:
    """Return the column with the name of the group in a table."""
    name = _found(table, group_definitions, "group_definition_id", "name")
    return ExportColumn("group_name", Kind.TEXT, "The group's name.", name, optional=True, area=Area.GROUPS)


def patient_names(table: FromClause) -> tuple[ExportColumn, ...]:
    """Return the columns with the name and the record number of the patient in a table."""
    return tuple(
        ExportColumn(
            name,
            Kind.TEXT,
            description,
            _found(table, patients, "patient_id", column),
            optional=True,
            identifies=True,
        )
        for name, column, description in (
            ("patient_name", "display_name", _PATIENT),
            ("medical_record_number", "medical_record_number", _NUMBER),
        )
    )


def _found(table: FromClause, records: Table, reference: str, column: str) -> ColumnElement[Any]:
    """Return a column of the record that a table refers to."""
    return (
        select(records.c[column])
        .where(records.c.organization_id == table.c.organization_id, records.c.id == table.c[reference])
        .correlate(table)
        .scalar_subquery()
    )
