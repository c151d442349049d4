"""All exports by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from db.sql.exports.columns import Export, TableExport
from db.sql.exports.compliance import COMPLIANCE_WEEKS
from db.sql.exports.declarations import ENROLLMENTS, GROUPS, OCCURRENCES, ROSTERS, WAITLIST
from db.sql.exports.history import HISTORY

TABLE_EXPORTS: Final[tuple[TableExport, ...]] = (GROUPS, OCCURRENCES, ENROLLMENTS, ROSTERS, WAITLIST, HISTORY)
"""The exports that one statement reads. Each has a view in the schema `reporting`."""

EXPORTS: Final[Mapping[str, Export]] = MappingProxyType(
    {export.name: export for export in (GROUPS, OCCURRENCES, ENROLLMENTS, ROSTERS, COMPLIANCE_WEEKS, WAITLIST, HISTORY)}
)
"""The exports by name, in the order of the documentation."""
