"""What an export is to contain, and whether the caller may read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from db.sql.exports.columns import Area, Export, ExportColumn
from db.sql.exports.history import AREA_OF, HISTORY
from db.sql.exports.statements import ExportFilter, ExportFormat
from resolvers.arguments import day, in_order, instant
from resolvers.caller import Caller, PermissionKey
from resolvers.errors import BadInput, PermissionDenied

KEYS: Final[Mapping[Area, PermissionKey]] = MappingProxyType(
    {
        Area.GROUPS: PermissionKey.GROUP_DEFINITIONS_VIEW,
        Area.SCHEDULE: PermissionKey.GROUP_SCHEDULE_VIEW,
        Area.ENROLLMENTS: PermissionKey.GROUP_ENROLLMENTS_VIEW,
    }
)
"""The permission that each area needs, as for the fields of the API."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A request for an export.

    Attributes:
        export: The export.
        columns: Its columns to write, in their order.
        narrowed: Narrows the rows.
        format: The format.
    """

    export: Export
    columns: tuple[ExportColumn, ...]
    narrowed: ExportFilter
    format: ExportFormat

    @property
    def operation(self) -> str:
        """The name of the operation, for the logs."""
        return f"export {self.export.name}"


def select_columns(export: Export, names: Sequence[str] | None) -> tuple[ExportColumn, ...]:
    """Return the columns by name, or those that are exported by default. Raise BadInput."""
    if names is None:
        return tuple(column for column in export.columns if not column.optional)
    by_name = export.by_name
    for name in names:
        if name not in by_name:
            known = ", ".join(by_name)
            raise BadInput(f"`columns` has an unknown column. The columns of {export.name} are: {known}.", "columns")
    if len(set(names)) < len(names):
        raise BadInput("`columns` has a column twice.", "columns")
    return tuple(by_name[name] for name in names)


def permitted(request: ExportRequest, caller: Caller) -> ExportRequest:
    """Return the request with what the caller may read. Raise PermissionDenied for what the caller may not.

    The history is narrowed to records that the caller may view. It needs one of the permissions to view.
    """
    export = request.export
    for area in Area:
        if area in export.areas or any(column.area is area for column in request.columns):
            _require(caller, KEYS[area])
    if export is not HISTORY:
        return request
    entity_types = frozenset(kind for kind, area in AREA_OF.items() if KEYS[area] in caller.permissions)
    if not entity_types:
        raise PermissionDenied(PermissionKey.GROUP_DEFINITIONS_VIEW)
    return replace(request, narrowed=replace(request.narrowed, entity_types=entity_types))


def check_filter(export: Export, narrowed: ExportFilter) -> None:
    """Raise BadInput for parameters that the export does not have, and for a window that is none."""
    if narrowed.updated_since is not None and not export.has_updates:
        raise BadInput(f"{export.name} has no `updatedSince`: its rows are computed. Use `from`.", "updatedSince")
    for name, value in (("from", narrowed.from_date), ("through", narrowed.through_date)):
        if value is not None and not export.window:
            raise BadInput(f"{export.name} has no `{name}`, because its rows have no day.", name)
        day(value, name)
    instant(narrowed.updated_since, "updatedSince")
    in_order(narrowed.from_date, narrowed.through_date)


def _require(caller: Caller, key: PermissionKey) -> None:
    if key not in caller.permissions:
        raise PermissionDenied(key)
