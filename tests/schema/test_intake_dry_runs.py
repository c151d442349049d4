"""Dry runs of enrollments and transfers leave every table as it is, except the log of who read patients' records."""

from typing import Any, Final

import pytest
from sqlalchemy import select

from db import tables
from db.connections.engine import Database
from tests.schema.test_transfers import Desk, desk, groups

__all__ = ["desk"]

pytestmark = pytest.mark.anyio

DECISION: Final = "decision { status waitlistPosition }"
PAYLOADS: Final = {
    "enrollPatient": f"{DECISION} enrollment {{ status startDate }} conflicts {{ message }}",
    "enrollPatients": f"results {{ id {DECISION} enrollment {{ status startDate }} conflicts {{ message }} }}",
    "transferEnrollments": f"results {{ id {DECISION} enrollment {{ status startDate }} }} promoted {{ id }}",
}


async def contents(engine: Database) -> dict[str, list[str]]:
    """Return the rows of every table."""
    async with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, (await connection.execute(select(table))).all()))
            for table in tables.metadata.sorted_tables
        }


@pytest.mark.parametrize("name", PAYLOADS)
async def test_a_dry_run_changes_no_table_and_has_the_payload_of_the_change(
    engine: Database, desk: Desk, name: str
) -> None:
    source, target = await groups(engine, 2, 1)
    ids = await desk.fill(source, 1, 2, 3)
    inputs: dict[str, dict[str, Any]] = {
        "enrollPatient": {"groupDefinitionId": str(target), "patientId": "patient-4"},
        "enrollPatients": {"groupDefinitionId": str(target), "patientIds": ["patient-4", "unknown", "patient-5"]},
        "transferEnrollments": {"enrollmentIds": ids, "toGroupDefinitionId": str(target)},
    }
    document = f"""mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{
      {PAYLOADS[name]} userErrors {{ code }} }} }}"""
    before = await contents(engine)
    tried = await desk.client.execute(document, {"input": {**inputs[name], "dryRun": True}})
    after = await contents(engine)
    assert {table for table, rows in after.items() if rows != before[table]} == {tables.access_log.name}
    assert await desk.client.execute(document, {"input": inputs[name]}) == tried
    assert await contents(engine) != after
