"""The check finds transfers of which one side is missing."""

import pytest
from sqlalchemy import ColumnElement, select, update

from db.connections.engine import Database
from db.tables import audit_log
from resolvers.commands.enrollments import enroll_patient
from resolvers.commands.transfers import transfer_enrollments
from tests.support.clinic import context, make_group, seed
from tests.support.invariants import violation_line, violations
from tests.support.lively_clinic import break_by_hand

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("action", ["transferred", "enrolled"])
async def test_a_transfer_with_one_side_is_found(engine: Database, action: str) -> None:
    await seed(engine)
    source, target = [str((await make_group(engine)).id) for _ in range(2)]
    old = (await enroll_patient(context(engine), source, "patient-1")).enrollment
    [new] = (await transfer_enrollments(context(engine), [str(old.id)], target)).entered
    assert await violations(engine) == set()
    entries = {"transferred": old.id, "enrolled": new.id}
    entry = (audit_log.c.entity_id == entries[action]) & (audit_log.c.action == action)
    before = await _changes(engine, entry)
    left = [change for change in before if not change["field"].startswith("transferred_")]
    await break_by_hand(engine, update(audit_log).where(entry).values(changes=left))
    names = {"transferred": (old.id, new.id), "enrolled": (old.id,)}[action]
    assert await violations(engine) == {violation_line("transfers_have_two_sides", enrollment=id_) for id_ in names}


async def _changes(engine: Database, entry: ColumnElement[bool]) -> list[dict[str, str]]:
    async with engine.connect() as connection:
        return list(await connection.scalar(select(audit_log.c.changes).where(entry)) or ())
