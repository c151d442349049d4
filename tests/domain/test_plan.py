"""The plan of a group, and the sessions that are made from it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from domain.plan import Plan, plan_sessions
from domain.reconciliation import additions, carry_out
from domain.records import GroupDefinition, GroupType
from domain.recurrence import Recurrence
from domain.refusal import FaultCode, Refusal
from domain.session_changes import SessionChange

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)


def group_of(zone: str, start: time, minutes: int, co_facilitator_id: str | None = None) -> GroupDefinition:
    return GroupDefinition(
        id=UUID(int=7),
        name="Group",
        group_type=GroupType.IOP,
        facilitator_id="staff-1",
        co_facilitator_id=co_facilitator_id,
        location_id=None,
        time_zone=zone,
        max_capacity=8,
        min_capacity=None,
        duration_minutes=minutes,
        recurrence=Recurrence("FREQ=DAILY", FIRST, start),
        version=1,
        created_at=NOW,
        updated_at=NOW,
        deleted_at=None,
    )


def decided(group: GroupDefinition, plan: Plan, first_id: int) -> list[SessionChange]:
    """Return the decisions to schedule all sessions of a plan, together."""
    ids = (UUID(int=number) for number in range(first_id, first_id + 1000))
    changes = carry_out(additions(plan, ()), group.id, lambda: next(ids), None, NOW)
    return [change for change in changes if change is not None]


@pytest.mark.parametrize("zone", ["America/Phoenix", "America/New_York", "America/Havana", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    ("start", "minutes", "co_facilitator_id"),
    [(time(9), 90, None), (time(2, 30), 30, "staff-2"), (time(0, 0), 60, None), (time(1, 45), 20, None)],
)
def test_sessions_decided_together_equal_sessions_decided_one_by_one(
    zone: str, start: time, minutes: int, co_facilitator_id: str | None
) -> None:
    group = group_of(zone, start, minutes, co_facilitator_id)
    together = decided(group, plan_sessions(group, (), FIRST, LAST), 1000)
    days = [FIRST + timedelta(days=number) for number in range(len(together))]
    one_by_one = [
        change
        for number, day in enumerate(days, 1000)
        for change in decided(group, plan_sessions(group, (), day, day), number)
    ]
    assert together == one_by_one
    assert [list(_names(change)) for change in together] == [list(_names(change)) for change in one_by_one]


def test_sessions_past_midnight_are_refused_at_the_group() -> None:
    group = group_of("America/Phoenix", time(23), 90)
    with pytest.raises(Refusal) as caught:
        plan_sessions(group, (), FIRST, FIRST)
    assert [(fault.code, fault.field) for fault in caught.value.faults] == [
        (FaultCode.INVALID, ("input", "groupDefinitionId"))
    ]


def test_a_definition_without_recurrence_plans_nothing() -> None:
    group = replace(group_of("America/Phoenix", time(9), 90), recurrence=None)
    assert plan_sessions(group, (FIRST,), FIRST, LAST) == Plan(FIRST, LAST, {}, (), (FIRST,))


def _names(change: SessionChange) -> list[str]:
    """Return the names in the history and in the event, in their order."""
    return [item["field"] for item in change.history[0].changes] + list(change.events[0].payload)
