"""Sessions on the calendar, on a real database: state, events and history together."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from db.connections.engine import Database
from domain.groups import RecurrenceDraft
from domain.records import GroupDefinition, Occurrence, OccurrenceStatus
from domain.refusal import FaultCode, Refusal
from resolvers.commands.groups import delete_group, update_group_definition
from resolvers.commands.sessions import cancel_occurrence, create_occurrence, generate_occurrences, update_occurrence
from tests.support.clinic import THEIRS, context, everything, make_group, seed

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 1)
NINE = time(9)
MWF = RecurrenceDraft("FREQ=WEEKLY;BYDAY=MO,WE,FR", date(2026, 11, 2), NINE, (date(2026, 11, 27),))


async def session_of(engine: Database, group: GroupDefinition, **given: Any) -> Occurrence:
    return await create_occurrence(
        context(engine),
        str(group.id),
        given.pop("day", DAY),
        given.pop("start", NINE),
        given.pop("end", None),
        given,
    )


async def refusal_of(attempt: Any) -> list[tuple[FaultCode, str]]:
    with pytest.raises(Refusal) as caught:
        await attempt
    return [(fault.code, (fault.field or ("",))[-1]) for fault in caught.value.faults]


async def test_a_session_takes_from_its_group_what_is_left_out(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, location_id="phoenix", co_facilitator_id="staff-2", duration_minutes=90)
    session = await session_of(engine, group)
    assert (session.end_time, session.facilitator_id, session.co_facilitator_id, session.location_id) == (
        time(10, 30),
        "staff-1",
        "staff-2",
        "phoenix",
    )
    alone = await session_of(engine, group, start=time(14), co_facilitator_id=None, location_id=None)
    assert (alone.co_facilitator_id, alone.location_id) == (None, None)
    left = await everything(engine)
    assert left.event_names() == ["pm_group_session_scheduled"] * 2
    assert left.events[0]["envelope"]["payload"]["schedule_id"] == str(session.id)
    assert left.events[0]["envelope"]["metadata"]["site_id"] == "phoenix"
    assert left.actions() == ["created", "scheduled", "scheduled"]


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        (date(2026, 3, 7), datetime(2026, 3, 7, 16, tzinfo=UTC)),
        (date(2026, 3, 9), datetime(2026, 3, 9, 15, tzinfo=UTC)),
    ],
)
async def test_instants_are_right_on_both_sides_of_a_clock_change(
    engine: Database, day: date, instant: datetime
) -> None:
    await seed(engine)
    group = await make_group(engine, location_id="denver")
    await session_of(engine, group, day=day)
    (row,) = (await everything(engine)).sessions
    assert (row["start_time"], row["starts_at"]) == (NINE, instant)


async def test_a_session_in_the_hour_that_the_clocks_skip_keeps_its_length(engine: Database) -> None:
    await seed(engine)
    nightly = RecurrenceDraft("FREQ=DAILY", date(2027, 3, 1), time(2), ())
    group = await make_group(engine, time_zone="America/New_York", recurrence=nightly)
    made = await generate_occurrences(context(engine), str(group.id), date(2027, 3, 1), date(2027, 3, 31))
    assert len(made.sessions) == 31
    assert {session.duration_minutes for session in made.sessions} == {60}
    skipped = next(session for session in made.sessions if session.session_date == date(2027, 3, 14))
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


async def test_one_of_two_at_once_gets_the_slot(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    answers = await asyncio.gather(*(session_of(engine, group) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, Occurrence) for answer in answers) == 1
    assert sum(isinstance(answer, Refusal) for answer in answers) == 3


async def test_all_faults_of_a_session_are_told_at_once(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    wrong = session_of(
        engine,
        group,
        day=date(1999, 1, 1),
        start=time(9),
        end=time(8),
        facilitator_id="nobody",
        co_facilitator_id="no\x00one",
        location_id="nowhere",
    )
    assert set(await refusal_of(wrong)) == {
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


async def test_moving_a_session_keeps_its_length_and_tells_where_it_was(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await session_of(engine, group, end=time(9, 45))
    moved = await update_occurrence(context(engine), str(session.id), {"start_time": time(11)}, 1)
    assert (moved.end_time, moved.version) == (time(11, 45), 2)
    payload = (await everything(engine)).events[-1]["envelope"]["payload"]
    assert payload["previous_start_time"] == "09:00:00"
    assert payload["start_time"] == "11:00:00"
    assert (await everything(engine)).event_names()[-1] == "pm_group_session_rescheduled"


async def test_an_edit_that_changes_nothing_is_no_edit(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await session_of(engine, group)
    before = await everything(engine)
    same = await update_occurrence(context(engine), str(session.id), {"start_time": NINE})
    assert same.version == 1
    assert await everything(engine) == before


async def test_generating_fills_only_what_is_missing(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=MWF)
    window = (date(2026, 11, 23), date(2026, 12, 4))
    made = await generate_occurrences(context(engine), str(group.id), *window)
    assert [session.session_date.day for session in made.sessions] == [23, 25, 30, 2, 4]
    await cancel_occurrence(context(engine), str(made.sessions[0].id), "holiday")
    again = await generate_occurrences(context(engine), str(group.id), *window)
    assert (again.sessions, again.skipped) == ((), 5)
    left = await everything(engine)
    assert left.event_names().count("pm_group_session_scheduled") == 5


async def test_generating_at_once_makes_each_session_once(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=MWF)
    answers = await asyncio.gather(
        *(generate_occurrences(context(engine), str(group.id), DAY, date(2027, 1, 31)) for _ in range(3))
    )
    total = len((await everything(engine)).sessions)
    assert sorted(len(answer.sessions) for answer in answers) == [0, 0, total]


async def test_a_window_is_in_order_and_covers_at_most_24_months(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, recurrence=MWF)
    for through in (date(2028, 12, 2), date(2026, 11, 30)):
        attempt = generate_occurrences(context(engine), str(group.id), DAY, through)
        assert await refusal_of(attempt) == [(FaultCode.OUT_OF_RANGE, "through")]
    made = await generate_occurrences(context(engine), str(group.id), DAY, date(2028, 12, 1))
    assert len(made.sessions) > 300
    # From a leap day, 24 months end on the last of February.
    made = await generate_occurrences(context(engine), str(group.id), date(2028, 2, 29), date(2030, 2, 28))
    assert made.skipped > 0
    attempt = generate_occurrences(context(engine), str(group.id), date(2028, 2, 29), date(2030, 3, 1))
    assert await refusal_of(attempt) == [(FaultCode.OUT_OF_RANGE, "through")]


async def test_what_is_wrong_beside_the_group_is_told_with_it(engine: Database) -> None:
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


async def test_a_deleted_group_gets_no_new_sessions_but_its_own_can_be_cancelled(engine: Database) -> None:
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


async def test_another_organizations_sessions_do_not_exist(engine: Database) -> None:
    await seed(engine)
    await seed(engine, THEIRS)
    session = await session_of(engine, await make_group(engine))
    they = context(engine, THEIRS)
    for attempt in (
        update_occurrence(they, str(session.id), {"start_time": time(11)}),
        cancel_occurrence(they, str(session.id), "no"),
    ):
        assert await refusal_of(attempt) == [(FaultCode.NOT_FOUND, "id")]


async def test_sessions_keep_their_zone_when_the_group_changes_its_own(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    session = await session_of(engine, group)
    await update_group_definition(context(engine), str(group.id), {"time_zone": "America/New_York"})
    (row,) = (await everything(engine)).sessions
    assert (row["time_zone"], row["starts_at"]) == ("America/Phoenix", session.starts_at)
