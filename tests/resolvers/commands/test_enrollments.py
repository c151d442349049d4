"""Seats and the waitlist on a real database: state, events and history together."""

import asyncio
from uuid import UUID

import pytest

from db.connections.engine import Database, Pooling, create_engine
from domain.records import Enrollment, EnrollmentStatus
from domain.refusal import FaultCode, Refusal
from resolvers.commands.enrollments import (
    ChangedRoster,
    disenroll_patient,
    enroll_patient,
    move_waitlisted_enrollment,
    promote_enrollment,
    remove_enrollment,
)
from resolvers.commands.groups import delete_group, update_group_definition
from tests.support.clinic import OURS, THEIRS, context, everything, make_group, seed

pytestmark = pytest.mark.anyio


async def enroll_all(engine: Database, group_id: UUID, *patients: str) -> list[Enrollment]:
    return [(await enroll_patient(context(engine), str(group_id), patient)).enrollment for patient in patients]


def codes(caught: pytest.ExceptionInfo[Refusal]) -> list[tuple[FaultCode, str]]:
    return [(fault.code, (fault.field or ("",))[-1]) for fault in caught.value.faults]


async def test_a_full_group_puts_the_next_patient_on_its_waitlist(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=1)
    seated, waiting = await enroll_all(engine, group.id, "patient-1", "patient-2")
    assert (seated.status, waiting.status) == (EnrollmentStatus.ENROLLED, EnrollmentStatus.WAITLISTED)
    state = await everything(engine)
    assert [(row["status"], row["waitlist_position"]) for row in state.enrollments] == [
        ("ENROLLED", None),
        ("WAITLISTED", 1),
    ]
    assert state.event_names() == ["pm_group_patient_enrolled", "pm_group_patient_waitlisted"]
    assert state.actions() == ["created", "enrolled", "waitlisted"]


async def test_a_freed_seat_goes_to_the_next_in_one_transaction(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=1)
    first, second, third = await enroll_all(engine, group.id, "patient-1", "patient-2", "patient-3")
    ended = await disenroll_patient(context(engine), str(first.id), "done")
    assert [enrollment.id for enrollment in ended.promoted] == [second.id]
    state = await everything(engine)
    assert {row["id"]: (row["status"], row["waitlist_position"]) for row in state.enrollments} == {
        first.id: ("DISENROLLED", None),
        second.id: ("ENROLLED", None),
        third.id: ("WAITLISTED", 1),
    }
    assert state.event_names()[-2:] == ["pm_group_patient_disenrolled", "pm_group_patient_promoted"]
    assert state.actions()[-3:] == ["disenrolled", "promoted", "waitlist_position_changed"]


async def test_an_event_has_its_actor_time_and_request(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    (enrollment,) = await enroll_all(engine, group.id, "patient-1")
    (event,) = (await everything(engine)).events
    envelope = event["envelope"]
    assert envelope == {
        "id": str(event["id"]),
        "event": "pm_group_patient_enrolled",
        "publisher": "PM",
        "subscriber": ["CL"],
        "payload": {
            "enrollment_id": str(enrollment.id),
            "group_definition_id": str(group.id),
            "patient_id": "patient-1",
            "status": "ENROLLED",
            "waitlist_position": None,
            "start_date": "2026-11-24",
            "end_date": None,
            "counts_from_start": False,
            "removed": False,
        },
        "metadata": {
            "organization_id": OURS,
            "user_id": "user-1",
            "timestamp": "2026-11-24T16:00:00+00:00",
            "correlation_id": "request-1",
        },
    }


async def test_a_refused_enrollment_writes_nothing(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    await enroll_all(engine, group.id, "patient-1")
    before = await everything(engine)
    with pytest.raises(Refusal) as caught:
        await enroll_patient(context(engine), str(group.id), "patient-1")
    assert codes(caught) == [(FaultCode.ALREADY_ENROLLED, "patientId")]
    with pytest.raises(Refusal) as caught:
        await enroll_patient(context(engine), str(group.id), "inactive")
    assert codes(caught) == [(FaultCode.NOT_ACTIVE, "patientId")]
    for unknown in ("nobody", "", "x" * 65, "nul\x00", "\ud800"):
        with pytest.raises(Refusal) as caught:
            await enroll_patient(context(engine), unknown, unknown)
        assert codes(caught) == [
            (FaultCode.NOT_FOUND, "groupDefinitionId"),
            (FaultCode.NOT_FOUND, "patientId"),
        ]
    assert await everything(engine) == before


async def test_another_organizations_rows_do_not_exist(engine: Database) -> None:
    await seed(engine)
    await seed(engine, THEIRS)
    group = await make_group(engine, max_capacity=1)
    seated, waiting = await enroll_all(engine, group.id, "patient-1", "patient-2")
    before = await everything(engine)
    other_caller = context(engine, THEIRS)
    for attempt in (
        enroll_patient(other_caller, str(group.id), "patient-1"),
        disenroll_patient(other_caller, str(seated.id)),
        promote_enrollment(other_caller, str(waiting.id), allow_over_capacity=True),
        move_waitlisted_enrollment(other_caller, str(waiting.id), 1),
        remove_enrollment(other_caller, str(seated.id)),
        update_group_definition(other_caller, str(group.id), {"max_capacity": 5}),
        delete_group(other_caller, str(group.id)),
    ):
        with pytest.raises(Refusal) as caught:
            await attempt
        assert caught.value.faults[0].code == FaultCode.NOT_FOUND
    assert await everything(engine) == before


async def test_a_stale_version_changes_nothing(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    (enrollment,) = await enroll_all(engine, group.id, "patient-1")
    before = await everything(engine)
    with pytest.raises(Refusal) as caught:
        await disenroll_patient(context(engine), str(enrollment.id), None, 7)
    assert codes(caught) == [(FaultCode.VERSION_CONFLICT, "expectedVersion")]
    assert await everything(engine) == before
    await disenroll_patient(context(engine), str(enrollment.id), None, 1)


async def test_a_deleted_group_enrolls_nobody_and_keeps_everybody(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=1)
    _, waiting = await enroll_all(engine, group.id, "patient-1", "patient-2")
    before = (await everything(engine)).enrollments
    await delete_group(context(engine), str(group.id))
    for attempt in (
        enroll_patient(context(engine), str(group.id), "patient-3"),
        promote_enrollment(context(engine), str(waiting.id), allow_over_capacity=True),
        move_waitlisted_enrollment(context(engine), str(waiting.id), 1),
    ):
        with pytest.raises(Refusal) as caught:
            await attempt
        assert caught.value.faults[0].code == FaultCode.GROUP_DELETED
    assert (await everything(engine)).enrollments == before


async def test_a_higher_capacity_seats_waiting_patients(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=1)
    _, second, third, fourth = await enroll_all(engine, group.id, *(f"patient-{n}" for n in range(1, 5)))
    edited = await update_group_definition(context(engine), str(group.id), {"max_capacity": 3})
    assert [enrollment.id for enrollment in edited.promoted] == [second.id, third.id]
    state = await everything(engine)
    assert {row["id"]: row["waitlist_position"] for row in state.enrollments}[fourth.id] == 1


async def test_a_waiting_patient_may_be_moved_and_promoted(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=1)
    _, second, third = await enroll_all(engine, group.id, "patient-1", "patient-2", "patient-3")
    moved = await move_waitlisted_enrollment(context(engine), str(third.id), 1)
    assert moved.enrollment.waitlist_position == 1
    promoted = await promote_enrollment(context(engine), str(second.id), allow_over_capacity=True)
    assert promoted.enrollment.status == EnrollmentStatus.ENROLLED
    state = await everything(engine)
    assert state.actions()[-1] == "promoted_over_capacity"
    assert {row["id"]: row["waitlist_position"] for row in state.enrollments}[third.id] == 1


async def test_the_last_seat_is_given_once_under_concurrency(engine: Database, database_url: str) -> None:
    await seed(engine, patient_count=24)
    group = await make_group(engine, max_capacity=20)
    # Each server process has an engine of its own.
    others = [create_engine(database_url, Pooling(3, 3)) for _ in range(3)]
    results = await asyncio.gather(
        *(enroll_patient(context(others[n % 3]), str(group.id), f"patient-{n}") for n in range(1, 25))
    )
    for other in others:
        await other.dispose()
    enrolled = [result.enrollment for result in results]
    assert sum(enrollment.status == EnrollmentStatus.ENROLLED for enrollment in enrolled) == 20
    assert sorted(item.waitlist_position for item in enrolled if item.waitlist_position) == [1, 2, 3, 4]
    assert len((await everything(engine)).events) == 24


async def test_concurrent_requests_enroll_a_patient_once(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    results = await asyncio.gather(
        *(enroll_patient(context(engine), str(group.id), "patient-1") for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, ChangedRoster) for result in results) == 1
    assert sum(isinstance(result, Refusal) for result in results) == 3
