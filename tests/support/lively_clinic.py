"""A clinic with the results of every mutation of the API, and a way to break its invariants despite all constraints."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from sqlalchemy import Executable, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db.connections.engine import Database
from domain.closures import ClosureDraft
from domain.recurrence_input import RecurrenceDraft
from resolvers.commands.closures import create_closure, delete_closure, update_closure
from resolvers.commands.enrollments import (
    disenroll_patient,
    enroll_patient,
    move_waitlisted_enrollment,
    promote_enrollment,
    remove_enrollment,
)
from resolvers.commands.groups import delete_group, restore_group, update_group_definition
from resolvers.commands.series import generate_occurrences
from resolvers.commands.sessions import (
    cancel_occurrence,
    complete_occurrence,
    create_occurrence,
    update_occurrence,
)
from tests.support.clinic import THEIRS, context, make_group, seed

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Lively:
    """The ids that tests use.

    Attributes:
        full: A group of two seats, both taken, with patient-3, patient-4 and patient-5 waiting in this order.
        over: A group over its capacity by an override and by a lowered maximum, with one patient waiting.
        seated: The enrollments with a seat in the full group.
        waiting: The enrollments in its waitlist, in order.
        session: A session that was rescheduled.
        cancelled: A session that was cancelled.
        closure: A closure of a location that was edited.
        deleted: A deleted group with a free seat, in which two patients wait.
    """

    full: UUID
    over: UUID
    seated: list[UUID]
    waiting: list[UUID]
    session: UUID
    cancelled: UUID
    closure: UUID
    deleted: UUID


async def lively_clinic(engine: Database) -> Lively:
    await seed(engine)
    await seed(engine, THEIRS)
    await make_group(engine, THEIRS)
    ours = context(engine)
    full = await make_group(engine, co_facilitator_id="staff-2", location_id="phoenix")
    placed = [(await enroll_patient(ours, str(full.id), f"patient-{n}")).enrollment for n in (1, 2, 4, 3, 5, 6, 7)]
    await move_waitlisted_enrollment(ours, str(placed[3].id), 1)
    await remove_enrollment(ours, str(placed[5].id))
    await disenroll_patient(ours, str(placed[6].id), "moved away")
    await remove_enrollment(ours, str(placed[6].id))

    over = await make_group(
        engine, recurrence=RecurrenceDraft("FREQ=DAILY", date(2026, 12, 1), time(9), (date(2026, 12, 2),))
    )
    seats = [(await enroll_patient(ours, str(over.id), f"patient-{n}")).enrollment for n in (1, 2, 3, 4)]
    await promote_enrollment(ours, str(seats[2].id), allow_over_capacity=True)
    await update_group_definition(ours, str(over.id), {"max_capacity": 1, "name": "Smaller"})
    generated = await generate_occurrences(ours, str(over.id), date(2026, 12, 1), date(2026, 12, 5))
    session, cancelled, *_ = generated.sessions
    await update_occurrence(ours, str(session.id), {"start_time": time(11)})
    await update_occurrence(ours, str(session.id), {"location_id": "denver"})
    await cancel_occurrence(ours, str(cancelled.id), "snow")
    documented = await create_occurrence(ours, str(over.id), date(2026, 11, 23), time(9))
    await complete_occurrence(ours, str(documented.id))

    for is_restored in (True, False):
        deleted = await make_group(engine, max_capacity=1)
        ended = [(await enroll_patient(ours, str(deleted.id), f"patient-{n}")).enrollment for n in (6, 7, 8)]
        await create_occurrence(ours, str(deleted.id), date(2026, 12, 1), time(9))
        await delete_group(ours, str(deleted.id), cancel_sessions=True, cancellation_reason="the group has ended")
        await disenroll_patient(ours, str(ended[0].id))
        if is_restored:
            await restore_group(ours, str(deleted.id))

    flood = ClosureDraft("Flood", date(2026, 12, 3), date(2026, 12, 4), "denver")
    closure = (await create_closure(ours, flood)).closure
    await update_closure(ours, str(closure.id), {"location_id": "phoenix", "through_date": date(2026, 12, 5)})
    holiday = ClosureDraft("Holiday", date(2026, 12, 25), date(2026, 12, 25), None)
    await delete_closure(ours, str((await create_closure(ours, holiday)).closure.id))
    return Lively(
        full.id,
        over.id,
        [placed[0].id, placed[1].id],
        [placed[3].id, placed[2].id, placed[4].id],
        session.id,
        cancelled.id,
        closure.id,
        deleted.id,
    )


_UNIQUE_INDEXES = ("uq_pm_group_enrollments_active", "uq_pm_group_schedule_live_recurrence_date")


async def break_by_hand(engine: Database, *statements: Executable) -> None:
    """Run statements with all constraints and triggers disabled."""
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            await _disarm_sqlite(connection)
        else:
            await _disarm_postgresql(connection)
        for statement in statements:
            await connection.execute(statement)
        await connection.commit()
        await connection.invalidate()  # the pragma would stay in effect on the pooled connection


async def _disarm_sqlite(connection: AsyncConnection) -> None:
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    await raw.execute("PRAGMA foreign_keys = OFF")
    for index in _UNIQUE_INDEXES:
        await connection.execute(text(f"DROP INDEX {index}"))
    triggers = await connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    for trigger in triggers.all():
        await connection.execute(text(f"DROP TRIGGER {trigger}"))


async def _disarm_postgresql(connection: AsyncConnection) -> None:
    for index in _UNIQUE_INDEXES:
        await connection.execute(text(f"DROP INDEX {index}"))
    keys = await connection.execute(
        text("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND conname LIKE '%pm_%'")
    )
    for table, name in keys.all():
        await connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    for table in ("pm_group_audit_log", "pm_group_outbox"):
        await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
