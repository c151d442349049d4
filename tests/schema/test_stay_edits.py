"""Editing the first and the last day of enrollments, over HTTP on both databases."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.tables import enrollments
from resolvers.caller import PermissionKey
from resolvers.context import Clinic
from tests.schema.test_stays import (
    DAY,
    DISENROLL,
    NOON,
    TUESDAY,
    UPDATE,
    Desk,
    assert_explained,
    desk,
    faults,
    on,
    stored,
)
from tests.support.api_client import ORGANIZATION, clients_of, make_app
from tests.support.invariants import violations

__all__ = ["desk"]

pytestmark = pytest.mark.anyio


async def test_an_update_keeps_what_it_leaves_out(desk: Desk) -> None:
    enrollment = await desk.enrolled(await desk.group(), 1, startDate=on(-5), endDate=on(5))

    async def dates(**edits: Any) -> tuple[str, str | None, int]:
        edited = (await desk.change(UPDATE, enrollment, **edits))["enrollment"]
        return edited["startDate"], edited["endDate"], edited["version"]

    assert await dates(startDate=on(-6)) == (on(-6), on(5), 2)
    assert await dates(endDate=on(8), expectedVersion=2) == (on(-6), on(8), 3)
    assert await dates() == (on(-6), on(8), 3)
    assert await dates(endDate=on(8)) == (on(-6), on(8), 3)
    assert await dates(endDate=None) == (on(-6), None, 4)
    state = await stored(desk.engine)
    assert state.actions().count("updated") == 3
    events = [event for event in state.events if event["event"] == "pm_group_enrollment_updated"]
    assert [event["envelope"]["payload"]["end_date"] for event in events] == [on(5), on(8), None]
    await assert_explained(desk.engine)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({"startDate": None}, [("REQUIRED", "input.startDate")]),
        ({"startDate": on(-91)}, [("OUT_OF_RANGE", "input.startDate")]),
        ({"startDate": on(367)}, [("OUT_OF_RANGE", "input.startDate")]),
        ({"startDate": on(6)}, [("INVALID", "input.startDate")]),
        ({"endDate": on(-6)}, [("INVALID", "input.endDate")]),
        ({"startDate": on(4), "endDate": on(3)}, [("INVALID", "input.startDate")]),
        ({"expectedVersion": 2}, [("VERSION_CONFLICT", "input.expectedVersion")]),
    ],
)
async def test_an_update_is_refused_at_the_wrong_field(
    desk: Desk, edits: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    enrollment = await desk.enrolled(await desk.group(), 1, startDate=on(-5), endDate=on(5))
    payload = await desk.change(UPDATE, enrollment, **edits)
    assert (faults(payload), payload["enrollment"]) == (expected, None)


async def test_an_old_start_that_does_not_change_is_accepted(desk: Desk) -> None:
    enrollment = await desk.enrolled(await desk.group(), 1, startDate=on(-60))
    desk.now[0] = NOON + 200 * DAY
    assert faults(await desk.change(UPDATE, enrollment, startDate=on(-60), endDate=on(300))) == []


async def test_the_dates_of_an_ended_enrollment_can_be_corrected_until_it_is_removed(desk: Desk) -> None:
    group = await desk.group()
    session = await desk.session(group, -1)
    enrollment = await desk.enrolled(group, 1, startDate=on(-5))
    await desk.change(DISENROLL, enrollment, endDate=on(-2))
    assert await desk.expected(session) == 0
    assert faults(await desk.change(UPDATE, enrollment, endDate=on(-1))) == []
    assert await desk.expected(session) == 1
    remove = "mutation ($input: RemoveEnrollmentInput!) { removeEnrollment(input: $input) { userErrors { code } } }"
    await desk.change(remove, enrollment)
    assert await desk.expected(session) == 0
    assert faults(await desk.change(UPDATE, enrollment, endDate=on(-2))) == [("NOT_ACTIVE", "input.enrollmentId")]


async def test_a_waiting_patient_can_lose_their_start(desk: Desk) -> None:
    group = await desk.group(seats=1)
    await desk.enrolled(group, 1)
    waiting = await desk.enrolled(group, 2, startDate=on(5))
    edited = (await desk.change(UPDATE, waiting, startDate=None))["enrollment"]
    assert (edited["startDate"], edited["countsFromStart"]) == (None, False)


async def test_unknown_foreign_and_deleted_are_told_apart(desk: Desk) -> None:
    group = await desk.group()
    enrollment = await desk.enrolled(group, 1)
    for id_ in (str(uuid4()), "x", str(group)):
        assert faults(await desk.change(UPDATE, id_, endDate=on(1))) == [("NOT_FOUND", "input.enrollmentId")]
    async with desk.engine.begin() as connection:
        await connection.execute(update(enrollments).values(start_date=None))
    assert faults(await desk.change(UPDATE, enrollment, startDate=on(-1))) == []
    document = "mutation ($id: ID!) { deleteGroupDefinition(input: {id: $id}) { userErrors { code } } }"
    await desk.client.execute(document, {"id": str(group)})
    assert faults(await desk.change(UPDATE, enrollment, endDate=on(9))) == [("GROUP_DELETED", "input.enrollmentId")]
    assert faults(await desk.enroll(group, 2)) == [("GROUP_DELETED", "input.groupDefinitionId")]
    assert faults(await desk.change(DISENROLL, enrollment, endDate=on(0))) == []


async def test_an_update_needs_the_edit_key(engine: Database, desk: Desk) -> None:
    enrollment = await desk.enrolled(await desk.group(), 1)
    before = await stored(engine)
    async with clients_of(make_app(Clinic(engine, lambda: NOON, uuid7, "America/Phoenix", 6))) as clients:
        client = await clients(
            permissions=[key for key in PermissionKey if key != PermissionKey.GROUP_ENROLLMENTS_EDIT]
        )
        body = await client.try_execute(UPDATE, {"input": {"enrollmentId": enrollment["id"], "endDate": on(1)}})
    assert [error["extensions"]["requiredPermission"] for error in body["errors"]] == ["pm.group_enrollments.edit"]
    assert await stored(engine) == before


async def test_the_check_finds_dates_that_history_does_not_explain(desk: Desk) -> None:
    enrollment = await desk.enrolled(await desk.group(), 1)
    await assert_explained(desk.engine)
    async with desk.engine.begin() as connection:
        await connection.execute(update(enrollments).values(end_date=TUESDAY - DAY))
    assert await violations(desk.engine, ORGANIZATION) == {
        f"history_explains_records organization=org-1 enrollment={enrollment['id']} fields=end_date",
        f"stays_end_after_their_start organization=org-1 enrollment={enrollment['id']} fields=start_date,end_date",
    }
