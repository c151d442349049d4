"""Long waitlists: they have a limit, and changing one takes as many statements as changing a short one."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.util.concurrency import await_only

from db.connections.engine import Database
from db.stores.rosters import _RENUMBER
from db.tables import audit_log, enrollments, patients
from domain.refusal import FaultCode, Refusal
from resolvers.commands.enrollments import (
    disenroll_patient,
    enroll_patient,
    move_waitlisted_enrollment,
    promote_enrollment,
    remove_enrollment,
)
from resolvers.context import Context
from tests.support.clinic import NOW, OURS, caller, clinic, context, make_group, seed
from tests.support.clinic_rows import add_enrollments
from tests.support.invariants import assert_invariants

pytestmark = pytest.mark.anyio


def limited(engine: Database, limit: int) -> Context:
    return Context(replace(clinic(engine), waitlist_limit=limit), caller(), "request-1")


async def full_group(engine: Database, waiting: int) -> tuple[UUID, UUID, list[UUID]]:
    """Return a group with one seat, the enrollment that has it, and the waiting enrollments."""
    group = (await make_group(engine, max_capacity=1)).id
    names = [f"{group.hex[-6:]}-{number}" for number in range(waiting + 1)]
    person = {
        "organization_id": OURS,
        "active": True,
        "medical_record_number": "MR",
        "display_name": "A",
        "search_text": "",
    }
    async with engine.begin() as connection:
        await connection.execute(insert(patients), [{**person, "id": name} for name in names])
    [seated] = await add_enrollments(engine, group, names[:1])
    queue = []
    waits: dict[str, Any] = {"status": "WAITLISTED", "enrolled_at": None, "waitlisted_at": NOW}
    for position, name in enumerate(names[1:], start=1):
        queue += await add_enrollments(engine, group, [name], waitlist_position=position, **waits)
    return group, seated, queue


async def waitlist(engine: Database, group: UUID) -> list[tuple[UUID, int]]:
    query = (
        select(enrollments.c.id, enrollments.c.waitlist_position)
        .where(enrollments.c.group_definition_id == group, enrollments.c.status == "WAITLISTED")
        .order_by(enrollments.c.waitlist_position)
    )
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


@asynccontextmanager
async def statements(engine: Database) -> AsyncIterator[Callable[[], Any]]:
    """Count the statements that change enrollments and history, as the database itself sees them."""
    if engine.dialect.name == "sqlite":
        executed: list[str] = []

        @event.listens_for(engine.sync_engine, "connect")
        def _trace(connection: Any, _record: Any) -> None:
            await_only(connection.driver_connection.set_trace_callback(executed.append))

        async with engine.begin() as connection:
            # SQLite traces a statement again for each row that a trigger reads.
            triggers = await connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
            for trigger in triggers.all():
                await connection.execute(text(f"DROP TRIGGER {trigger}"))
        await engine.dispose()

        async def count() -> int:
            return sum(line.lstrip().startswith(("INSERT", "UPDATE")) for line in executed)

        yield count
        return
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SEQUENCE statement_count START 1"))
        await connection.execute(text("GRANT ALL ON SEQUENCE statement_count TO PUBLIC"))
        await connection.execute(
            text(
                "CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM nextval('statement_count'); RETURN NULL; END $$"
            )
        )
        for table in ("enrollments", "audit_log", "outbox"):
            await connection.execute(
                text(
                    f"CREATE TRIGGER count_statement AFTER INSERT OR UPDATE ON pm_group_{table}"
                    " FOR EACH STATEMENT EXECUTE FUNCTION count_statement()"
                )
            )

    async def count_on_postgresql() -> int:
        async with engine.connect() as connection:
            return int(await connection.scalar(text("SELECT nextval('statement_count')")) or 0)

    yield count_on_postgresql


async def test_nobody_waits_beyond_the_limit(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=1)
    caller = limited(engine, 2)
    for number in (1, 2, 3):
        await enroll_patient(caller, str(group.id), f"patient-{number}")
    with pytest.raises(Refusal) as refused:
        await enroll_patient(caller, str(group.id), "patient-4")
    [fault] = refused.value.faults
    assert (fault.code, fault.field) == (FaultCode.WAITLIST_FULL, ("input", "groupDefinitionId"))
    assert "At most 2 patients may wait" in fault.message
    assert len(await waitlist(engine, group.id)) == 2
    with pytest.raises(Refusal, match="ALREADY_ENROLLED"):
        await enroll_patient(caller, str(group.id), "patient-3")


async def test_a_waitlist_longer_than_the_limit_shrinks_but_does_not_grow(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=1)
    enrolled = [
        (await enroll_patient(limited(engine, 9), str(group.id), f"patient-{n}")).enrollment for n in (1, 2, 3, 4, 5)
    ]
    caller = limited(engine, 1)
    with pytest.raises(Refusal, match="WAITLIST_FULL"):
        await enroll_patient(caller, str(group.id), "patient-6")
    await move_waitlisted_enrollment(caller, str(enrolled[4].id), 1)
    assert [enrollment.id for enrollment in (await disenroll_patient(caller, str(enrolled[0].id))).promoted] == [
        enrolled[4].id
    ]
    assert await waitlist(engine, group.id) == [(enrolled[n].id, n) for n in (1, 2, 3)]
    await assert_invariants(engine)


@pytest.mark.parametrize("change", ["disenroll", "remove", "move", "promote"])
async def test_statements_do_not_grow_with_the_waitlist(engine: Database, change: str) -> None:
    await seed(engine)
    counts = []
    async with statements(engine) as count:
        for length in (3, 120):
            group, seated, queue = await full_group(engine, length)
            before = await count()
            if change == "disenroll":
                await disenroll_patient(context(engine), str(seated))
            elif change == "remove":
                await remove_enrollment(context(engine), str(seated))
            elif change == "move":
                await move_waitlisted_enrollment(context(engine), str(queue[-1]), 1)
            else:
                await promote_enrollment(context(engine), str(queue[0]), allow_over_capacity=True)
            counts.append(await count() - before)
            remaining = queue[1:] if change != "move" else [queue[-1], *queue[:-1]]
            assert await waitlist(engine, group) == [(id_, place) for place, id_ in enumerate(remaining, start=1)]
            async with engine.connect() as connection:
                query = select(func.count(audit_log.c.entity_id.distinct())).where(audit_log.c.entity_id.in_(remaining))
                assert await connection.scalar(query) == len(remaining)
    assert counts[0] == counts[1]


async def test_sqlite_finds_renumbered_enrollments_by_their_ids(engine: Database) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL joins the rows by a hash")
    renumber = _RENUMBER.compiled(engine.dialect)
    async with engine.connect() as connection:
        steps = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {renumber.text}", ("", "[]", ""))).all()
    # Any other order reads all JSON rows for each enrollment of the organization.
    assert [step.detail.partition("(")[0].split()[0] for step in steps] == ["SCAN", "SEARCH"]
    assert steps[1].detail.endswith("(id=?)")
