"""The invariants of searches: what is searched in and ordered by is made of the names that the records have now."""

from collections.abc import AsyncIterator
from typing import Any, Final

from sqlalchemy import Table, TextClause, select, text

from db.invariants.rosters import STREAMED
from db.invariants.violations import Invariant, OrganizationSnapshot, Violation
from db.sql.triggers import select_endings
from db.tables import group_definitions, locations, patients, staff_members
from domain.search_text import search_text

_MADE_OF: Final[tuple[tuple[Table, str, tuple[str, ...]], ...]] = (
    (staff_members, "staff", ("display_name",)),
    (locations, "location", ("site", "room")),
    (patients, "patient", ("display_name", "medical_record_number")),
    (group_definitions, "group", ("name",)),
)


def _wrong_endings(*, postgresql: bool) -> TextClause:
    """Return the query for the patients whose stored endings are not exactly those of their text."""
    ours = "(SELECT * FROM pm_group_patients WHERE organization_id = :owner)"
    return text(
        f"WITH made (owner, ending, id) AS ({select_endings(ours, postgresql=postgresql)}),"  # noqa: S608 - constants
        " stored (owner, ending, id) AS (SELECT organization_id, ending, patient_id FROM pm_group_patient_endings"
        " WHERE organization_id = :owner),"
        " lacking AS (SELECT * FROM made EXCEPT SELECT * FROM stored),"
        " surplus AS (SELECT * FROM stored EXCEPT SELECT * FROM made)"
        " SELECT id FROM lacking UNION SELECT id FROM surplus ORDER BY 1"
    )


_WRONG_ENDINGS: Final = _wrong_endings(postgresql=True)
_WRONG_ENDINGS_ON_SQLITE: Final = _wrong_endings(postgresql=False)


async def stale_searches(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the records that searches and lists by name treat as if they had other names than they have."""
    for table, name, columns in _MADE_OF:
        made_of = [table.c[column] for column in columns]
        query = select(table.c.id, table.c.search_text, *made_of).where(
            table.c.organization_id == snapshot.organization_id
        )
        async for row in await snapshot.connection.stream(query, execution_options=STREAMED):
            record, stored, *names = row
            if stored != search_text(*names):
                yield _violation(snapshot, name, record, "search_text")
    on_postgresql = snapshot.connection.dialect.name == "postgresql"
    wrong = _WRONG_ENDINGS if on_postgresql else _WRONG_ENDINGS_ON_SQLITE
    parameters = {"owner": snapshot.organization_id}
    async for row in await snapshot.connection.stream(wrong, parameters, execution_options=STREAMED):
        yield _violation(snapshot, "patient", row.id, "endings")


def _violation(snapshot: OrganizationSnapshot, name: str, record: Any, field: str) -> Violation:
    return Violation(Invariant.SEARCH_MATCHES_NAMES, snapshot.organization_id, ((name, str(record)),), (field,))
