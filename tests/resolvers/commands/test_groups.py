"""Group definitions on a real database: state and history together."""

from datetime import date, time
from typing import Any

import pytest

from db.connections.engine import Database
from domain.records import GroupType
from domain.recurrence_input import RecurrenceDraft
from domain.refusal import FaultCode, Refusal
from resolvers.commands.groups import create_group, delete_group, update_group_definition
from tests.support.clinic import THEIRS, context, draft, everything, make_group, seed

pytestmark = pytest.mark.anyio


async def test_names_are_trimmed_and_zones_default_to_the_location(engine: Database) -> None:
    await seed(engine)
    assert (await make_group(engine, name="  Grief  ")).name == "Grief"
    assert (await make_group(engine)).time_zone == "America/Phoenix"
    assert (await make_group(engine, location_id="denver")).time_zone == "America/Denver"
    assert (await make_group(engine, location_id="denver", time_zone="UTC")).time_zone == "UTC"


async def test_all_faults_of_a_group_are_reported_at_once(engine: Database) -> None:
    await seed(engine)
    invalid = draft(
        name=" ",
        facilitator_id="nobody",
        co_facilitator_id="no one",
        location_id="nowhere",
        max_capacity=501,
        min_capacity=0,
        duration_minutes=4,
        time_zone="../etc/passwd",
        recurrence=RecurrenceDraft("FREQ=HOURLY", date(2026, 1, 1), time(9), ()),
    )
    with pytest.raises(Refusal) as caught:
        await create_group(context(engine), invalid)
    assert {(fault.code, ".".join(fault.field or ())) for fault in caught.value.faults} == {
        (FaultCode.REQUIRED, "input.name"),
        (FaultCode.NOT_FOUND, "input.facilitatorId"),
        (FaultCode.NOT_FOUND, "input.coFacilitatorId"),
        (FaultCode.NOT_FOUND, "input.locationId"),
        (FaultCode.OUT_OF_RANGE, "input.maxCapacity"),
        (FaultCode.OUT_OF_RANGE, "input.minCapacity"),
        (FaultCode.OUT_OF_RANGE, "input.durationMinutes"),
        (FaultCode.INVALID, "input.timeZone"),
        (FaultCode.INVALID_RECURRENCE_RULE, "input.recurrence.rule"),
    }
    state = await everything(engine)
    assert (state.groups, state.history) == ([], [])


@pytest.mark.parametrize(
    ("field", "value", "valid"),
    [
        ("name", "x" * 200, True),
        ("name", "x" * 201, False),
        ("name", "nul\x00", False),
        ("max_capacity", 1, True),
        ("max_capacity", 500, True),
        ("max_capacity", 0, False),
        ("min_capacity", 2, True),
        ("min_capacity", 3, False),
        ("duration_minutes", 5, True),
        ("duration_minutes", 720, True),
        ("duration_minutes", 721, False),
        ("co_facilitator_id", "staff-1", False),
    ],
)
async def test_a_group_s_values_have_limits(engine: Database, field: str, value: Any, valid: bool) -> None:
    await seed(engine)
    values: dict[str, Any] = {field: value}
    if valid:
        assert getattr(await make_group(engine, **values), field) == value
        return
    with pytest.raises(Refusal):
        await make_group(engine, **values)


async def test_another_organization_s_staff_do_not_exist(engine: Database) -> None:
    await seed(engine, THEIRS)
    with pytest.raises(Refusal) as caught:
        await make_group(engine, location_id="phoenix")
    assert [fault.code for fault in caught.value.faults] == [FaultCode.NOT_FOUND, FaultCode.NOT_FOUND]


async def test_an_edit_keeps_missing_fields_and_clears_null_ones(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, min_capacity=2, location_id="denver")
    edited = (
        await update_group_definition(
            context(engine), str(group.id), {"min_capacity": None, "group_type": GroupType.IOP}, expected_version=1
        )
    ).group
    assert (edited.min_capacity, edited.group_type, edited.location_id, edited.version) == (
        None,
        GroupType.IOP,
        "denver",
        2,
    )
    assert (await everything(engine)).history[-1]["changes"] == [
        {"field": "group_type", "before": "THERAPY", "after": "IOP"},
        {"field": "min_capacity", "before": "2", "after": None},
    ]
    with pytest.raises(Refusal) as caught:
        await update_group_definition(context(engine), str(group.id), {"name": None, "max_capacity": None})
    assert [fault.code for fault in caught.value.faults] == [FaultCode.REQUIRED, FaultCode.REQUIRED]


async def test_a_stale_edit_or_delete_changes_nothing(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    await update_group_definition(context(engine), str(group.id), {"name": "Renamed"})
    before = await everything(engine)
    for attempt in (
        update_group_definition(context(engine), str(group.id), {"name": "Mine"}, 1),
        delete_group(context(engine), str(group.id), 1),
    ):
        with pytest.raises(Refusal) as caught:
            await attempt
        assert caught.value.faults[0].code == FaultCode.VERSION_CONFLICT
    assert await everything(engine) == before


async def test_a_capacity_below_the_minimum_is_refused(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine, max_capacity=5, min_capacity=3)
    with pytest.raises(Refusal) as caught:
        await update_group_definition(context(engine), str(group.id), {"max_capacity": 2})
    assert caught.value.faults[0].field == ("input", "maxCapacity")


async def test_a_deleted_group_is_deleted_once_and_never_edited(engine: Database) -> None:
    await seed(engine)
    group = await make_group(engine)
    assert (await delete_group(context(engine), str(group.id))).group.deleted_at is not None
    before = await everything(engine)
    for attempt in (
        update_group_definition(context(engine), str(group.id), {"name": "Back"}),
        delete_group(context(engine), str(group.id)),
    ):
        with pytest.raises(Refusal) as caught:
            await attempt
        assert caught.value.faults[0].code == FaultCode.GROUP_DELETED
    assert await everything(engine) == before


async def test_the_history_of_a_new_group_has_its_recurrence(engine: Database) -> None:
    await seed(engine)
    await make_group(engine, recurrence=RecurrenceDraft("rrule:freq=daily", date(2026, 1, 1), time(9), ()))
    changes = {change["field"]: change["after"] for change in (await everything(engine)).history[0]["changes"]}
    assert changes["recurrence_rule"] == "FREQ=DAILY"
    assert changes["recurrence_start_time"] == "09:00:00"
