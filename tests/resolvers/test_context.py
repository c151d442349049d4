"""What a request's context holds, and gives back."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from resolvers.context import RequestEnded
from tests.clinic import context

pytestmark = pytest.mark.anyio


async def test_nothing_is_read_for_a_request_that_has_been_answered(engine: AsyncEngine) -> None:
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
