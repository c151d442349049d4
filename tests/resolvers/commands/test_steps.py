"""A later attempt gets exactly the result that a command had in an earlier one."""

from collections.abc import Awaitable, Callable
from datetime import date, time
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.stores.idempotency import Claim, claim_request, release
from domain.recurrence_input import RecurrenceDraft
from resolvers.commands.enrollments import (
    disenroll_patient,
    enroll_patient,
    move_waitlisted_enrollment,
    promote_enrollment,
    remove_enrollment,
)
from resolvers.commands.groups import create_group, delete_group, restore_group, update_group_definition
from resolvers.commands.series import generate_occurrences, reconcile_occurrences
from resolvers.commands.sessions import cancel_occurrence, create_occurrence, update_occurrence
from resolvers.context import Context
from tests.support.clinic import context, draft, everything, make_group, seed

pytestmark = pytest.mark.anyio

DAY, NINE = date(2026, 12, 1), time(9)
TUESDAYS = RecurrenceDraft("FREQ=WEEKLY;BYDAY=TU", DAY, NINE, (date(2026, 12, 8),))
Command = Callable[[Context, "FullGroup"], Awaitable[object]]


class FullGroup:
    """Ids of a full group, its seated and two waiting enrollments, one of its sessions, and of a deleted group."""

    group: UUID
    deleted: UUID
    seated: UUID
    waiting: UUID
    last: UUID
    session: UUID


COMMANDS: dict[str, Command] = {
    "create_group": lambda request, _: create_group(request, draft(location_id="denver", recurrence=TUESDAYS)),
    "update_group": lambda request, ids: update_group_definition(
        request, str(ids.group), {"max_capacity": 3, "name": "Neü"}
    ),
    "delete_group": lambda request, ids: delete_group(
        request, str(ids.group), cancel_sessions=True, cancellation_reason="closed"
    ),
    "restore_group": lambda request, ids: restore_group(request, str(ids.deleted)),
    "create_occurrence": lambda request, ids: create_occurrence(request, str(ids.group), DAY, time(14)),
    "generate_occurrences": lambda request, ids: generate_occurrences(request, str(ids.group), DAY, date(2027, 3, 1)),
    "reconcile_occurrences": lambda request, ids: reconcile_occurrences(
        request, str(ids.group), date(2026, 12, 1), date(2027, 3, 1)
    ),
    "update_occurrence": lambda request, ids: update_occurrence(request, str(ids.session), {"start_time": time(15)}),
    "cancel_occurrence": lambda request, ids: cancel_occurrence(request, str(ids.session), "snow"),
    "enroll": lambda request, ids: enroll_patient(request, str(ids.group), "patient-5"),
    "disenroll": lambda request, ids: disenroll_patient(request, str(ids.seated), "moved away"),
    "remove": lambda request, ids: remove_enrollment(request, str(ids.seated)),
    "promote": lambda request, ids: promote_enrollment(request, str(ids.last), allow_over_capacity=True),
    "move": lambda request, ids: move_waitlisted_enrollment(request, str(ids.last), 1),
}

FIELDS_OF_FIRST_RELEASE: dict[str, str | tuple[str, ...]] = {
    "update_group": ("group", "promoted"),
    "disenroll": ("enrollment", "promoted"),
    "remove": ("enrollment", "promoted"),
    "delete_group": "group",
    "enroll": "enrollment",
    "promote": "enrollment",
    "move": "enrollment",
}
"""The fields of the results of these commands; a single name if the result was the record itself."""


@pytest.fixture
async def ids(engine: Database) -> FullGroup:
    await seed(engine)
    ids = FullGroup()
    ids.group = (await make_group(engine, max_capacity=1, location_id="phoenix", recurrence=TUESDAYS)).id
    ids.seated, ids.waiting, ids.last = [
        (await enroll_patient(context(engine), str(ids.group), f"patient-{n}")).enrollment.id for n in (1, 2, 3)
    ]
    ids.session = (await create_occurrence(context(engine), str(ids.group), date(2026, 12, 15), time(18))).id
    ids.deleted = (await make_group(engine, max_capacity=1)).id
    seated, _ = [(await enroll_patient(context(engine), str(ids.deleted), f"patient-{n}")).enrollment for n in (1, 2)]
    await delete_group(context(engine), str(ids.deleted))
    await disenroll_patient(context(engine), str(seated.id))
    return ids


async def attempt(engine: Database) -> tuple[Context, Claim]:
    request = context(engine)
    request.root_field = "x"
    claim = await request.transact(lambda work: claim_request(work, uuid7(), "key-1", b"body", ()))
    assert isinstance(claim, Claim)
    request.claim = claim
    return request, claim


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_runs_once_and_its_result_is_the_same(engine: Database, ids: FullGroup, name: str) -> None:
    before = await everything(engine)
    first, claim = await attempt(engine)
    result = await COMMANDS[name](first, ids)
    await first.transact(lambda work: release(work, claim))
    done = await everything(engine)
    assert done != before
    again, _ = await attempt(engine)
    assert await COMMANDS[name](again, ids) == result
    assert await everything(engine) == done


async def test_a_group_stored_before_there_were_rule_sets_is_a_result(engine: Database, ids: FullGroup) -> None:
    first, claim = await attempt(engine)
    result = await COMMANDS["create_group"](first, ids)
    await first.transact(lambda work: release(work, claim))
    again, claim = await attempt(engine)
    [stored] = claim.done.values()
    for name in ("counts_toward", "compliance_rule_set_id"):
        del stored[name]
    assert await COMMANDS["create_group"](again, ids) == result


@pytest.mark.parametrize("name", FIELDS_OF_FIRST_RELEASE)
async def test_a_step_of_the_first_release_is_a_result(engine: Database, ids: FullGroup, name: str) -> None:
    first, claim = await attempt(engine)
    result = await COMMANDS[name](first, ids)
    await first.transact(lambda work: release(work, claim))
    again, claim = await attempt(engine)
    [(step, stored)] = claim.done.items()
    fields = FIELDS_OF_FIRST_RELEASE[name]
    claim.done[step] = stored[fields] if isinstance(fields, str) else {field: stored[field] for field in fields}
    repeated = await COMMANDS[name](again, ids)
    for field in [fields] if isinstance(fields, str) else fields:
        assert getattr(repeated, field) == getattr(result, field)
