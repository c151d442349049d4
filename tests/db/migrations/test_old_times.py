"""Backward times from an earlier release stay, and later changes have later times than all of them."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, insert, select
from uuid_utils.compat import uuid7

from db.connections.engine import create_engine
from db.connections.roles import Role
from db.migrations.migrate import migrate
from db.tables import enrollments, group_definitions, outbox, patients, staff_members
from db.transactions.all_organizations import reading_all
from resolvers.commands.enrollments import promote_enrollment
from tests.support.clinic import NOW, OURS, context
from tests.support.invariants import violations
from tests.support.old_schema import migrate_to

pytestmark = pytest.mark.anyio


async def test_old_backward_times_stay_and_are_not_violations(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    await migrate_to(engine, "0008")
    group, waiting, ahead = uuid7(), uuid7(), NOW + timedelta(minutes=10)
    own = {"organization_id": OURS}
    dated = {**own, "version": 1, "created_at": NOW, "updated_at": NOW}
    in_group = {**dated, "group_definition_id": group}
    person = {**own, "active": True, "search_text": "a", "display_name": "A"}
    rows: list[tuple[Table, dict[str, object]]] = [
        (staff_members, {**person, "id": "staff"}),
        *((patients, {**person, "id": f"p{n}", "medical_record_number": ""}) for n in (1, 2)),
        (
            group_definitions,
            {
                **dated,
                "id": group,
                "name": "A",
                "group_type": "THERAPY",
                "facilitator_id": "staff",
                "time_zone": "America/Phoenix",
                "max_capacity": 1,
                "duration_minutes": 60,
                "search_text": "a",
            },
        ),
        # One server's clock was ahead. It set the times of waiting, and another server those of the promotion.
        (
            enrollments,
            {
                **in_group,
                "id": uuid7(),
                "patient_id": "p1",
                "status": "ENROLLED",
                "waitlisted_at": NOW + timedelta(minutes=5),
                "enrolled_at": NOW,
                "promoted_at": NOW,
            },
        ),
        (
            enrollments,
            {
                **in_group,
                "id": waiting,
                "patient_id": "p2",
                "status": "WAITLISTED",
                "waitlist_position": 1,
                "waitlisted_at": ahead,
            },
        ),
    ]
    async with engine.begin() as connection:
        for table, row in rows:
            await connection.execute(insert(table).values(row))
    await migrate(engine)
    assert not [line for line in await violations(engine) if line.startswith("times_run_forward")]
    promoted = (await promote_enrollment(context(engine), str(waiting), allow_over_capacity=True)).enrollment
    assert promoted.promoted_at is not None
    assert promoted.promoted_at > ahead
    async with reading_all(engine, Role.OPERATOR) as connection:
        times = (await connection.scalars(select(outbox.c.created_at))).all()
    assert all(time > ahead for time in times)
    assert not [line for line in await violations(engine) if line.startswith("times_run_forward")]
    await engine.dispose()
