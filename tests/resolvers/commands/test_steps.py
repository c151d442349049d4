"""What every use case has decided is known again, exactly, to an attempt that comes after it."""

from collections.abc import Awaitable, Callable
from datetime import date, time
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from db.connections.engine import Database
from db.stores.idempotency import Claim, claim_request, release
from domain.groups import RecurrenceDraft
from resolvers.commands.enrollments import (
    disenroll_patient,
    enroll_patient,
    move_waitlisted_enrollment,
    promote_enrollment,
    remove_enrollment,
)
from resolvers.commands.groups import create_group, delete_group, update_group_definition
from resolvers.commands.sessions import cancel_occurrence, create_occurrence, generate_occurrences, update_occurrence
from resolvers.context import Context
from tests.support.clinic import context, draft, everything, make_group, seed

pytestmark = pytest.mark.anyio

DAY, NINE = date(2026, 12, 1), time(9)
TUESDAYS = RecurrenceDraft("FREQ=WEEKLY;BYDAY=TU", DAY, NINE, (date(2026, 12, 8),))
UseCase = Callable[[Context, "Clinic"], Awaitable[object]]


class Clinic:
    """Ids of what the use cases work on: a full group with two who wait, and a session of it."""

    group: UUID
    seated: UUID
    waiting: UUID
    last: UUID
    session: UUID


USE_CASES: dict[str, UseCase] = {
    "create_group": lambda asks, _: create_group(asks, draft(location_id="denver", recurrence=TUESDAYS)),
    "update_group": lambda asks, on: update_group_definition(asks, str(on.group), {"max_capacity": 3, "name": "Neü"}),
    "delete_group": lambda asks, on: delete_group(asks, str(on.group)),
    "create_occurrence": lambda asks, on: create_occurrence(asks, str(on.group), DAY, time(14)),
    "generate_occurrences": lambda asks, on: generate_occurrences(asks, str(on.group), DAY, date(2027, 3, 1)),
    "update_occurrence": lambda asks, on: update_occurrence(asks, str(on.session), {"start_time": time(15)}),
    "cancel_occurrence": lambda asks, on: cancel_occurrence(asks, str(on.session), "snow"),
    "enroll": lambda asks, on: enroll_patient(asks, str(on.group), "patient-5"),
    "disenroll": lambda asks, on: disenroll_patient(asks, str(on.seated), "moved away"),
    "remove": lambda asks, on: remove_enrollment(asks, str(on.seated)),
    "promote": lambda asks, on: promote_enrollment(asks, str(on.last), allow_over_capacity=True),
    "move": lambda asks, on: move_waitlisted_enrollment(asks, str(on.last), 1),
}


@pytest.fixture
async def on(engine: Database) -> Clinic:
    await seed(engine)
    ids = Clinic()
    ids.group = (await make_group(engine, max_capacity=1, location_id="phoenix", recurrence=TUESDAYS)).id
    ids.seated, ids.waiting, ids.last = [
        (await enroll_patient(context(engine), str(ids.group), f"patient-{n}")).id for n in (1, 2, 3)
    ]
    ids.session = (await create_occurrence(context(engine), str(ids.group), date(2026, 12, 15), time(18))).id
    return ids


async def attempt(engine: Database) -> tuple[Context, Claim]:
    asks = context(engine)
    asks.root_field = "x"
    claim = await asks.transact(lambda work: claim_request(work, uuid7(), "key-1", b"body", ()))
    assert isinstance(claim, Claim)
    asks.claim = claim
    return asks, claim


@pytest.mark.parametrize("name", USE_CASES)
async def test_it_is_done_once_and_decided_the_same(engine: Database, on: Clinic, name: str) -> None:
    before = await everything(engine)
    first, claim = await attempt(engine)
    decided = await USE_CASES[name](first, on)
    await first.transact(lambda work: release(work, claim))
    done = await everything(engine)
    assert done != before
    again, _ = await attempt(engine)
    assert await USE_CASES[name](again, on) == decided
    assert await everything(engine) == done
