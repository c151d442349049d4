"""Tests of the context of a request."""

import pytest
from sqlalchemy.pool import QueuePool

from db.connections.engine import Database
from db.queries.references import STAFF
from resolvers.errors import RequestEnded
from tests.support.clinic import context, seed

pytestmark = pytest.mark.anyio


async def test_a_request_that_has_ended_reads_nothing(engine: Database) -> None:
    request = context(engine)
    async with request.snapshot:
        pass
    await request.end()
    with pytest.raises(RequestEnded):
        async with request.snapshot:
            pass
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 0
    await request.end()


async def test_a_load_requested_before_a_write_is_not_read_during_it(engine: Database) -> None:
    await seed(engine)
    request = context(engine)
    late = request.loaders.records(STAFF).load("staff-1")
    await request.close()  # as a write does first
    with pytest.raises(RequestEnded):
        await late
    assert not request.snapshot.is_open
    staff_member = await request.loaders.records(STAFF).load("staff-1")
    assert staff_member is not None
    assert staff_member.display_name == "Staff 1"
    await request.end()
