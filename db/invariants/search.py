"""Checks the invariant of searches: search texts and their index match the current names of the records."""

from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import Table, TextClause, select, text

from db.invariants.organization_snapshot import OrganizationSnapshot
from db.invariants.violations import Invariant, Violation
from db.sql.triggers import select_endings
from db.tables import group_definitions, locations, patients, staff_members
from domain.search_text import search_text

_SEARCHED_COLUMNS: Final[tuple[tuple[Table, str, tuple[str, ...]], ...]] = (
    (staff_members, "staff", ("display_name",)),
    (locations, "location", ("site", "room")),
    (patients, "patient", ("display_name", "preferred_name", "medical_record_number")),
    (group_definitions, "group", ("name",)),
)


def _wrong_endings(*, postgresql: bool) -> TextClause:
    """Return the query for patients whose stored endings differ from those of their search text."""
    patients_of_owner = "(SELECT * FROM pm_group_patients WHERE organization_id = :owner)"
    return text(
        f"WITH expected (owner, ending, id) AS ({select_endings(patients_of_owner, postgresql=postgresql)}),"  # noqa: S608 - constants
        " stored (owner, ending, id) AS (SELECT organization_id, ending, patient_id FROM pm_group_patient_endings"
        " WHERE organization_id = :owner),"
        " missing AS (SELECT * FROM expected EXCEPT SELECT * FROM stored),"
        " surplus AS (SELECT * FROM stored EXCEPT SELECT * FROM expected)"
        " SELECT id FROM missing UNION SELECT id FROM surplus ORDER BY 1"
    )


_WRONG_ENDINGS: Final = _wrong_endings(postgresql=True)
_WRONG_ENDINGS_ON_SQLITE: Final = _wrong_endings(postgresql=False)


async def stale_searches(snapshot: OrganizationSnapshot) -> AsyncIterator[Violation]:
    """Yield the records whose search text or endings do not match their current names."""
    for table, name, columns in _SEARCHED_COLUMNS:
        query = select(table.c.id, table.c.search_text, *(table.c[column] for column in columns)).where(
            table.c.organization_id == snapshot.organization_id
        )
        async for row in snapshot.stream(query):
            record_id, stored, *names = row
            if stored != search_text(*names):
                yield snapshot.violation(Invariant.SEARCH_MATCHES_NAMES, {name: record_id}, "search_text")
    on_postgresql = snapshot.connection.dialect.name == "postgresql"
    wrong_endings = _WRONG_ENDINGS if on_postgresql else _WRONG_ENDINGS_ON_SQLITE
    parameters = {"owner": snapshot.organization_id}
    async for row in snapshot.stream(wrong_endings, parameters):
        yield snapshot.violation(Invariant.SEARCH_MATCHES_NAMES, {"patient": row.id}, "endings")
