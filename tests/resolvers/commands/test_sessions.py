"""Sessions of the calendar on a real database: state, events and history together."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from db.connections.engine import Database
from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.recurrence_input import RecurrenceDraft
from domain.refusal import FaultCode, Refusal
from resolvers.commands.groups import delete_group, update_group_definition
from resolvers.commands.series import generate_occurrences
from resolvers.commands.sessions import cancel_occurrence, create_occurrence, update_occurrence
from tests.support.clinic import THEIRS, context, everything, make_group, seed

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 1)
NINE = time(9)
MWF = RecurrenceDraft("FREQ=WEEKLY;BYDAY=MO,WE,FR", date(2026, 11, 2), NINE, (date(2026, 11, 27),))


async def session_of(engine: Database, group: GroupDefinition, **values: Any) -> Occurrence:
    return await create_occurrence(
        context(engine),
        str(group.id),
        values.pop("day", DAY),
        values.pop("start", NINE),
        values.pop("end", None),
        values,
    )


async def refusal_of(attempt: Any) -> list[tuple[FaultCode, str]]:
    with pytest.raises(Refusal) as caught:
        await attempt
    return [(fault.code, (fault.field or ("",))[-1]) for fault in caught.value.faults]


async def test_missing_values_of_a_session_are_the_group_s(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, location_id="phoenix", co_facilitator_id="staff-2", duration_minutes=90)
    session = await session_of(engine, group)
    assert (session.end_time, session.facilitator_id, session.co_facilitator_id, session.location_id) == (
        time(10, 30),
        "staff-1",
        "staff-2",
        "phoenix",
    )
    single = await session_of(engine, group, start=time(14), co_facilitator_id=None, location_id=None)
    assert (single.co_facilitator_id, single.location_id) == (None, None)
    state = await everything(engine)
    assert state.event_names() == ["pm_group_session_scheduled"] * 2
    assert state.events[0]["envelope"]["payload"]["schedule_id"] == str(session.id)
    assert state.events[0]["envelope"]["metadata"]["site_id"] == "phoenix"
    assert state.actions() == ["created", "scheduled", "scheduled"]


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        (date(2026, 3, 7), datetime(2026, 3, 7, 16, tzinfo=UTC)),
        (date(2026, 3, 9), datetime(2026, 3, 9, 15, tzinfo=UTC)),
    ],
)
async def test_instants_follow_daylight_saving_time(engine: Database, day: date, instant: datetime) -> None:
    await seed(engine)
    group = await make_group(engine, location_id="denver")
    await session_of(engine, group, day=day)
    (row,) = (await everything(engine)).sessions
    assert (row["start_time"], row["starts_at"]) == (NINE, instant)


async def test_a_session_in_the_hour_that_clocks_skip_keeps_its_length(engine: Database) -> None:
    await seed(engine)
    nightly = RecurrenceDraft("FREQ=DAILY", date(2027, 3, 1), time(2), ())
    group = await make_group(engine, time_zone="America/New_York", recurrence=nightly)
    generated = await generate_occurrences(context(engine), str(group.id), date(2027, 3, 1), date(2027, 3, 31))
    assert len(generated.sessions) == 31
    assert {session.duration_minutes for session in generated.sessions} == {60}
    skipped = next(session for session in generated.sessions if session.session_date == date(2027, 3, 14))
    assert skipped.starts_at == datetime(2027, 3, 14, 7, tzinfo=UTC)


async def test_two_live_sessions_cannot_start_at_one_time(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    first = await session_of(engine, group)
    before = await everything(engine)
    assert await refusal_of(session_of(engine, group)) == [(FaultCode.DUPLICATE_OCCURRENCE, "startTime")]
    assert await everything(engine) == before
    await cancel_occurrence(context(engine), str(first.id), "snow")
    await session_of(engine, group)


async def test_concurrent_requests_get_a_slot_once(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    results = await asyncio.gather(*(session_of(engine, group) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, Occurrence) for result in results) == 1
    assert sum(isinstance(result, Refusal) for result in results) == 3


async def test_all_faults_of_a_session_are_reported_at_once(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    invalid = session_of(
        engine,
        group,
        day=date(1999, 1, 1),
        start=time(9),
        end=time(8),
        facilitator_id="nobody",
        co_facilitator_id="no\x00one",
        location_id="nowhere",
    )
    assert set(await refusal_of(invalid)) == {
        (FaultCode.NOT_FOUND, "facilitatorId"),
        (FaultCode.NOT_FOUND, "coFacilitatorId"),
        (FaultCode.NOT_FOUND, "locationId"),
        (FaultCode.OUT_OF_RANGE, "sessionDate"),
        (FaultCode.INVALID, "endTime"),
    }


async def test_a_session_ends_on_the_day_it_starts(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    assert await refusal_of(session_of(engine, group, start=time(23, 30))) == [(FaultCode.INVALID, "startTime")]
    assert (await session_of(engine, group, start=time(23, 30), end=time(23, 59))).duration_minutes == 29


async def test_a_cancelled_session_is_cancelled_once_and_never_edited(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await session_of(engine, group)
    assert await refusal_of(cancel_occurrence(context(engine), str(session.id), " \n ")) == [
        (FaultCode.REQUIRED, "reason")
    ]
    cancelled = await cancel_occurrence(context(engine), str(session.id), " staff is ill ")
    assert (cancelled.status, cancelled.cancellation_reason) == (OccurrenceStatus.CANCELLED, "staff is ill")
    before = await everything(engine)
    assert before.event_names()[-1] == "pm_group_session_cancelled"
    for attempt in (
        cancel_occurrence(context(engine), str(session.id), "again"),
        update_occurrence(context(engine), str(session.id), {"start_time": time(11)}),
    ):
        assert await refusal_of(attempt) == [(FaultCode.OCCURRENCE_CANCELLED, "id")]
    assert await everything(engine) == before


async def test_a_moved_session_keeps_its_length_and_its_event_the_old_time(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await session_of(engine, group, end=time(9, 45))
    moved = await update_occurrence(context(engine), str(session.id), {"start_time": time(11)}, 1)
    assert (moved.end_time, moved.version) == (time(11, 45), 2)
    payload = (await everything(engine)).events[-1]["envelope"]["payload"]
    assert payload["previous_start_time"] == "09:00:00"
    assert payload["start_time"] == "11:00:00"
    assert (await everything(engine)).event_names()[-1] == "pm_group_session_rescheduled"


async def test_an_edit_without_changes_writes_nothing(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await session_of(engine, group)
    before = await everything(engine)
    same = await update_occurrence(context(engine), str(session.id), {"start_time": NINE})
    assert same.version == 1
    assert await everything(engine) == before


async def test_generating_adds_only_missing_sessions(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=MWF)
    window = (date(2026, 11, 23), date(2026, 12, 4))
    generated = await generate_occurrences(context(engine), str(group.id), *window)
    assert [session.session_date.day for session in generated.sessions] == [23, 25, 30, 2, 4]
    await cancel_occurrence(context(engine), str(generated.sessions[0].id), "holiday")
    again = await generate_occurrences(context(engine), str(group.id), *window)
    assert (again.sessions, again.skipped) == ((), 5)
    state = await everything(engine)
    assert state.event_names().count("pm_group_session_scheduled") == 5


async def test_concurrent_generation_makes_each_session_once(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=MWF)
    results = await asyncio.gather(
        *(generate_occurrences(context(engine), str(group.id), DAY, date(2027, 1, 31)) for _ in range(3))
    )
    total = len((await everything(engine)).sessions)
    assert sorted(len(result.sessions) for result in results) == [0, 0, total]


async def test_a_window_is_in_order_and_covers_at_most_24_months(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=MWF)
    for through in (date(2028, 12, 2), date(2026, 11, 30)):
        attempt = generate_occurrences(context(engine), str(group.id), DAY, through)
        assert await refusal_of(attempt) == [(FaultCode.OUT_OF_RANGE, "through")]
    generated = await generate_occurrences(context(engine), str(group.id), DAY, date(2028, 12, 1))
    assert len(generated.sessions) > 300
    # 24 months after a leap day is the last day of February.
    generated = await generate_occurrences(context(engine), str(group.id), date(2028, 2, 29), date(2030, 2, 28))
    assert generated.skipped > 0
    attempt = generate_occurrences(context(engine), str(group.id), date(2028, 2, 29), date(2030, 3, 1))
    assert await refusal_of(attempt) == [(FaultCode.OUT_OF_RANGE, "through")]


async def test_other_faults_are_reported_with_those_of_the_group(engine: Database) -> None:
    await seed(engine)
    deleted = await make_group(engine)
    await delete_group(context(engine), str(deleted.id))
    for group, code in (("nonsense", FaultCode.NOT_FOUND), (str(deleted.id), FaultCode.GROUP_DELETED)):
        attempt: Awaitable[object] = create_occurrence(
            context(engine),
            group,
            date(1999, 1, 1),
            time(9, 0, 30),
            time(8),
            {"facilitator_id": "nobody", "co_facilitator_id": None, "location_id": "nowhere"},
        )
        assert await refusal_of(attempt) == [
            (code, "groupDefinitionId"),
            (FaultCode.NOT_FOUND, "facilitatorId"),
            (FaultCode.NOT_FOUND, "locationId"),
            (FaultCode.OUT_OF_RANGE, "sessionDate"),
            (FaultCode.INVALID, "startTime"),
            (FaultCode.INVALID, "endTime"),
        ]
        attempt = create_occurrence(context(engine), group, DAY, time(23, 59))
        assert await refusal_of(attempt) == [(code, "groupDefinitionId")]
        attempt = generate_occurrences(context(engine), group, DAY, date(2026, 11, 30))
        assert await refusal_of(attempt) == [(code, "groupDefinitionId"), (FaultCode.OUT_OF_RANGE, "through")]
    assert (await everything(engine)).sessions == []


async def test_generating_needs_a_recurrence(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    attempt = generate_occurrences(context(engine), str(group.id), DAY, DAY)
    assert await refusal_of(attempt) == [(FaultCode.INVALID_RECURRENCE_RULE, "groupDefinitionId")]


async def test_a_deleted_group_s_sessions_can_only_be_cancelled(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=MWF)
    session = await session_of(engine, group)
    await delete_group(context(engine), str(group.id))
    for attempt in (
        session_of(engine, group, start=time(15)),
        generate_occurrences(context(engine), str(group.id), DAY, DAY),
    ):
        assert await refusal_of(attempt) == [(FaultCode.GROUP_DELETED, "groupDefinitionId")]
    await cancel_occurrence(context(engine), str(session.id), "group ended")


async def test_another_organization_s_sessions_do_not_exist(engine: Database) -> None:
    await seed(engine)
    await seed(engine, THEIRS)
    session = await session_of(engine, await make_group(engine))
    other_caller = context(engine, THEIRS)
    for attempt in (
        update_occurrence(other_caller, str(session.id), {"start_time": time(11)}),
        cancel_occurrence(other_caller, str(session.id), "no"),
    ):
        assert await refusal_of(attempt) == [(FaultCode.NOT_FOUND, "id")]


async def test_sessions_keep_their_zone_if_the_group_s_changes(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await session_of(engine, group)
    await update_group_definition(context(engine), str(group.id), {"time_zone": "America/New_York"})
    (row,) = (await everything(engine)).sessions
    assert (row["time_zone"], row["starts_at"]) == ("America/Phoenix", session.starts_at)
