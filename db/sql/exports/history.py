"""The export of the history: a row for each field that a change has changed."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Text, func, literal_column, select, true

from db.sql.exports.columns import Area, ExportColumn, Kind, TableExport
from db.sql.exports.expressions import EachDatabase, changed_since, date_parameter, utc_day
from db.sql.statement import AnyOf, constant
from db.tables import audit_log, enrollments
from domain.changes import EntityType

AREA_OF: Final = {
    EntityType.GROUP_DEFINITION: Area.GROUPS,
    EntityType.OCCURRENCE: Area.SCHEDULE,
    EntityType.CLOSURE: Area.SCHEDULE,
    EntityType.ENROLLMENT: Area.ENROLLMENTS,
}
"""The area of the records of each type."""

_entries = audit_log.c
_FIELDS: Final = (
    func.jsonb_array_elements(_entries.changes)
    .table_valued("value", with_ordinality="number", name="change")
    .render_derived()
)
_SQLITE_FIELDS: Final = func.json_each(_entries.changes).table_valued("value", "key", name="change")
_NUMBER: Final = EachDatabase(_FIELDS.c.number, _SQLITE_FIELDS.c.key, Integer())


def _field(name: str) -> ColumnElement[Any]:
    of_json = _FIELDS.c.value.op("->>")(literal_column(f"'{name}'", Text()))
    of_sqlite = func.json_extract(_SQLITE_FIELDS.c.value, literal_column(f"'$.{name}'", Text()))
    return EachDatabase(of_json, of_sqlite, Text())


HISTORY: Final = TableExport(
    "history",
    "a field that a change of a record has changed. An entry without such fields has one row, with an empty `field`",
    # The rows of each type of record need the permission of its area.
    frozenset(),
    (
        ExportColumn("id", Kind.ID, "The entry. All rows of an entry have the same id.", _entries.id),
        ExportColumn("entity_id", Kind.ID, "The record that was changed.", _entries.entity_id),
        ExportColumn(
            "entity_type",
            Kind.CODE,
            "`group_definition`, `occurrence`, `enrollment` or `closure`.",
            _entries.entity_type,
        ),
        ExportColumn("actor_id", Kind.TEXT, "Who made the change: the id at the identity provider.", _entries.actor_id),
        ExportColumn(
            "correlation_id", Kind.TEXT, "The id of the request that made the change.", _entries.correlation_id
        ),
        ExportColumn("at", Kind.INSTANT, "When.", _entries.at),
        ExportColumn("action", Kind.CODE, "The action, such as `created` or `disenrolled`.", _entries.action),
        ExportColumn("field", Kind.CODE, "The field, by its name in the exports.", _field("field")),
        ExportColumn("before", Kind.TEXT, "Its value before, as text. Empty if it had none.", _field("before")),
        ExportColumn("after", Kind.TEXT, "Its value after, as text. Empty if it has none.", _field("after")),
    ),
    order="`at`, `id`, the order of the fields",
    window="the day of `at` (UTC)",
    source=audit_log.outerjoin(_FIELDS, true()),
    sqlite_source=audit_log.outerjoin(_SQLITE_FIELDS, true()),
    organization=_entries.organization_id,
    sort_key=(_entries.at, _entries.id, _NUMBER),
    permitted=AnyOf(_entries.entity_type, "entity_types"),
    since=changed_since(_entries.at),
    window_conditions=(
        utc_day(_entries.at) >= date_parameter("from_date"),
        utc_day(_entries.at) <= date_parameter("through_date"),
    ),
    patient=select(enrollments.c.patient_id)
    .where(
        enrollments.c.organization_id == _entries.organization_id,
        enrollments.c.id == _entries.entity_id,
        _entries.entity_type == constant(EntityType.ENROLLMENT),
    )
    .correlate(audit_log)
    .scalar_subquery(),
    view="history",
)
