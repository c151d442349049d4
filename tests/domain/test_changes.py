"""Changes of records, as their history names them."""

from datetime import UTC, date, datetime, time
from uuid import UUID

from domain.changes import differences, max_changes
from domain.records import GroupDefinition, GroupType, Program
from domain.recurrence import Recurrence

GROUP = GroupDefinition(
    id=UUID(int=1),
    name="Anxiety",
    group_type=GroupType.THERAPY,
    facilitator_id="staff-1",
    co_facilitator_id="staff-2",
    location_id="room-1",
    time_zone="America/New_York",
    max_capacity=8,
    min_capacity=2,
    duration_minutes=60,
    recurrence=Recurrence("FREQ=WEEKLY", date(2026, 11, 23), time(9), (date(2026, 11, 30),)),
    version=1,
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
    updated_at=datetime(2026, 11, 1, tzinfo=UTC),
    deleted_at=datetime(2026, 11, 2, tzinfo=UTC),
    counts_toward=(Program.IOP,),
    compliance_rule_set_id="ahcccs-iop",
)


def test_an_entry_has_at_most_one_change_for_each_field() -> None:
    assert len(differences(None, GROUP)) == max_changes(GroupDefinition)
