"""What a request's context holds, and gives back."""

import pytest
from sqlalchemy.pool import QueuePool

from db.connections.engine import Database
from resolvers.errors import RequestEnded
from tests.support.clinic import context, seed

pytestmark = pytest.mark.anyio


async def test_nothing_is_read_for_a_request_that_has_been_answered(engine: Database) -> None:
    request = context(engine)
    async with request.read():
        pass
    await request.end()
    with pytest.raises(RequestEnded):
        async with request.read():
            pass
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 0
    await request.end()


async def test_what_was_asked_before_a_write_is_not_read_in_the_middle_of_it(engine: Database) -> None:
    await seed(engine)
    request = context(engine)
    late = request.loaders.staff_member.load("staff-1")
    await request.close()  # as a write does first
    with pytest.raises(RequestEnded):
        await late
    assert request.snapshot is None
    found = await request.loaders.staff_member.load("staff-1")
    assert found.display_name == "Staff 1"
    await request.end()
