"""Sessions of a recurrence: deciding on many of them at once is the same as deciding on each."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from domain.generation import schedule_slot, schedule_slots
from domain.records import GroupDefinition, GroupType
from domain.references import References
from domain.refusal import FaultCode, Refusal
from domain.sessions import SessionChange

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
REFERENCES = References(frozenset({"staff-1", "staff-2"}), {})


def group_of(zone: str, minutes: int, co_facilitator_id: str | None) -> GroupDefinition:
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
        recurrence=None,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        deleted_at=None,
    )


@pytest.mark.parametrize("zone", ["America/Phoenix", "America/New_York", "America/Havana", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    ("start", "minutes", "co_facilitator_id"),
    [(time(9), 90, None), (time(2, 30), 30, "staff-2"), (time(0, 0), 60, None), (time(1, 45), 20, None)],
)
def test_sessions_decided_together_equal_sessions_decided_one_by_one(
    zone: str, start: time, minutes: int, co_facilitator_id: str | None
) -> None:
    group = group_of(zone, minutes, co_facilitator_id)
    slots = [(date(2026, 1, 1) + timedelta(days=day), start) for day in range(731)]
    ids = (UUID(int=number) for number in range(1000, 2000))
    one_by_one = [
        schedule_slot(group, slot, REFERENCES, UUID(int=1000 + number), NOW) for number, slot in enumerate(slots)
    ]
    together = list(schedule_slots(group, slots, REFERENCES, lambda: next(ids), NOW))
    assert together == one_by_one
    assert [list(_names(change)) for change in together] == [list(_names(change)) for change in one_by_one]


def test_sessions_past_midnight_are_refused_at_the_group() -> None:
    group = group_of("America/Phoenix", 90, None)
    with pytest.raises(Refusal) as caught:
        list(schedule_slots(group, [(date(2026, 1, 1), time(23))], REFERENCES, lambda: UUID(int=1), NOW))
    assert [(fault.code, fault.field) for fault in caught.value.faults] == [
        (FaultCode.INVALID, ("input", "groupDefinitionId"))
    ]


def _names(change: SessionChange) -> list[str]:
    """Return the names in the history and in the event, in their order."""
    return [item["field"] for item in change.history[0].changes] + list(change.events[0].payload)
